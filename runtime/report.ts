/**
 * Log events as lines for the operator. Warnings and errors are shown unless a program asks for
 * quiet: a crash or a refused peer that nobody sees would be lost. Names that peers chose are
 * escaped and cut, so that they cannot forge lines.
 */
import { formatReason, isReason } from './exit.ts'
import type { LogEvent } from './trace.ts'

const valueMaxChars = 300

/** One line; the stack of an error reason, if there is one, follows it indented. */
export function formatLog(node: string, event: Omit<LogEvent, 'tag'>): string {
  const given = Object.entries(event.fields).filter(([, value]) => !saysNothing(value))
  const fields = given.map(([key, value]) => `${key}=${format(value)}`)
  const line = [`[skein ${node}] ${event.level}: ${event.message}`, ...fields].join(' ')
  const { reason } = event.fields
  const stack = isReason(reason) && typeof reason === 'object' ? reason.stack : undefined
  return typeof stack === 'string' && stack !== '' ? `${line}\n${indentStack(stack)}` : line
}

function saysNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
}

function format(value: unknown): string {
  const text = isReason(value) ? formatReason(value) : String(value)
  const safe = JSON.stringify(text.slice(0, valueMaxChars))
  return /^"[\w@.:<>/-]*"$/.test(safe) ? safe.slice(1, -1) : safe
}

function indentStack(stack: string): string {
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '))
  return frames.map((line) => `    ${line.trim()}`).join('\n')
}

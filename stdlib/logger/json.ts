/**
 * Log records as lines of JSON, for programs that collect logs: `{"time","level","node","message",
 * "fields"}`, one object per line and no line break within. Pids and references are their text,
 * byte arrays their size, maps and sets arrays; what JSON has no word for is text.
 */
import { isPid, isReference } from '../../runtime/index.ts'
import { runtimeLimits } from '../../runtime/kernel.ts'
import type { LogRecord } from './record.ts'

/** One line without its end. Fields of a line that would be too long are replaced by its length. */
export function jsonLine({ level, message, fields, node, timeMs }: LogRecord): string {
  const head = { time: new Date(timeMs).toISOString(), level, node, message }
  const line = JSON.stringify({ ...head, fields: plain(fields) })
  if (line.length <= runtimeLimits.logLineMaxChars) return line
  const cut = message.slice(0, runtimeLimits.logLineMaxChars / 2)
  return JSON.stringify({ ...head, message: cut, fields: { truncatedChars: line.length } })
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (isPid(value) || isReference(value)) return String(value)
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Set) return [...value].map(plain)
  if (value instanceof Map) return [...value].map(([key, item]) => [plain(key), plain(item)])
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

/** What a log handler gets: an event of the node with its place and time, as plain data. */
import type { LogEvent } from '../../runtime/kernel.ts'

export type LogLevel = LogEvent['level']

export type LogFields = Readonly<Record<string, unknown>>

export type LogRecord = {
  readonly level: LogLevel
  /** What happened, as a fixed text: `process crashed`, `supervisor: progress`. */
  readonly message: string
  /** What it is about: `pid`, `module`, `reason` and more. Copies: nothing in it is anyone's. */
  readonly fields: LogFields
  readonly node: string
  /** The node's wall clock, in milliseconds since 1970. */
  readonly timeMs: number
}

/** The gravest first. */
export const logLevels: readonly LogLevel[] = ['error', 'warning', 'info', 'debug']

export function isLogLevel(value: unknown): value is LogLevel {
  return logLevels.some((level) => level === value)
}

/** True when `level` is at least as grave as `least`. */
export function reaches(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(least)
}

/**
 * The log of a node (OTP `logger`): one stream of structured events. What the runtime and the
 * behaviours report (crashes, supervisors, removed hooks) and what a program logs are the same
 * kind of event, at four levels.
 *
 * Differences from OTP: four levels instead of eight; no metadata per process and no domains; a
 * handler is a function and knows its own level, so that there is no other filter before it.
 */
import { BadArgument, type Caller } from '../../runtime/index.ts'
import { callerProcess, formatLog, type System, show, systemOf } from '../../runtime/kernel.ts'
import { addLogHandler, checkHandler, checkLevel, type LogHandler } from './handler.ts'
import { jsonLine } from './json.ts'
import type { LogFields, LogLevel } from './record.ts'
import { type Redact, redactFields } from './redact.ts'

export type LoggerOptions = {
  /** How records are written to stderr. Default `text`. */
  readonly stderr?: 'text' | 'json' | false
  /** The least grave level written to stderr. Default `warning`. */
  readonly level?: LogLevel
  /** Asked about every field of every event before anyone sees it. */
  readonly redact?: Redact
  /** Handlers from the start. */
  readonly handlers?: readonly LogHandler[]
}

const known: readonly (keyof LoggerOptions)[] = ['stderr', 'level', 'redact', 'handlers']

/**
 * Logs an event. From a process, its `pid` and `module` are added. Never fails because of who
 * listens; throws `BadArgument` for a level, message or fields that are none.
 */
export function log(
  caller: Caller,
  level: LogLevel,
  message: string,
  fields: LogFields = {},
): void {
  checkLevel('level', level)
  if (typeof message !== 'string') {
    throw new BadArgument(`message: expected a string, got ${show(message)}`)
  }
  if (typeof fields !== 'object' || fields === null) {
    throw new BadArgument(`fields: expected an object, got ${show(fields)}`)
  }
  const process = callerProcess(caller)
  const about = process === null ? {} : { pid: process.pid, module: process.module }
  systemOf(caller).trace.log(level, message, { ...about, ...fields })
}

/** Asks `redact` about every field of every event from now on; null: shows them as they are. */
export function redactLogs(caller: Caller, redact: Redact | null): void {
  if (redact !== null && typeof redact !== 'function') {
    throw new BadArgument(`redact: expected a function or null, got ${show(redact)}`)
  }
  systemOf(caller).trace.rewriteLogs =
    redact === null ? null : (event) => ({ ...event, fields: redactFields(event.fields, redact) })
}

/** Throws `BadArgument` naming the field and the value. */
export function checkLoggerOptions(options: LoggerOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`logger: expected an options object, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.some((name) => name === key)) {
      throw new BadArgument(`logger: unknown option '${key}'; known are ${known.join(', ')}`)
    }
  }
  const { stderr, level, redact, handlers } = options
  if (stderr !== undefined && stderr !== 'text' && stderr !== 'json' && stderr !== false) {
    throw new BadArgument(`logger.stderr: expected text, json or false, got ${show(stderr)}`)
  }
  if (level !== undefined) checkLevel('logger.level', level)
  if (redact !== undefined && typeof redact !== 'function') {
    throw new BadArgument(`logger.redact: expected a function, got ${show(redact)}`)
  }
  if (handlers !== undefined && !Array.isArray(handlers)) {
    throw new BadArgument(`logger.handlers: expected an array, got ${show(handlers)}`)
  }
  for (const [index, handler] of (handlers ?? []).entries()) {
    checkHandler(`logger.handlers[${index}]`, handler)
  }
}

/** Sets a node's log up, once, when it starts; nothing else writes to its stderr then. */
export function startLogger(caller: Caller, options: LoggerOptions): void {
  checkLoggerOptions(options)
  const { stderr = 'text', level = 'warning', redact, handlers = [] } = options
  if (redact !== undefined) redactLogs(caller, redact)
  if (stderr !== false) addLogHandler(caller, stderrHandler(systemOf(caller), stderr, level))
  for (const handler of handlers) addLogHandler(caller, handler)
}

function stderrHandler(system: System, form: 'text' | 'json', level: LogLevel): LogHandler {
  const { node, platform } = system
  return {
    name: 'stderr',
    level,
    handle: (record) =>
      platform.report(form === 'json' ? jsonLine(record) : formatLog(node, record)),
  }
}

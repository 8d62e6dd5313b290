/**
 * Log handlers of a node: functions that get its log records, added and removed while it runs.
 * They run on the stack of whoever logs, in the order they were added. One that fails is removed,
 * which the others are told; whoever logged never notices (rule Z5). What a handler itself causes
 * to be logged does not come back to it.
 */
import { BadArgument, type Caller } from '../../runtime/index.ts'
import {
  checkName,
  type LogEvent,
  reasonOfThrown,
  type System,
  show,
  systemOf,
} from '../../runtime/kernel.ts'
import { snapshotFields } from '../sys/snapshot.ts'
import { isLogLevel, type LogLevel, type LogRecord, logLevels, reaches } from './record.ts'

export type LogHandler = {
  /** For reports about the handler. */
  readonly name: string
  /** The least grave level it gets. Default `info`. */
  readonly level?: LogLevel
  /** Whether it gets this record. Default: every one of its level. */
  readonly filter?: (record: LogRecord) => boolean
  /** If it returns a promise nobody waits for it, but a rejection removes the handler too. */
  readonly handle: (record: LogRecord) => unknown
}

/**
 * Adds a handler; returns how to remove it, which may be called more than once. Throws
 * `BadArgument` for what is no handler.
 */
export function addLogHandler(caller: Caller, handler: LogHandler): () => void {
  checkHandler('handler', handler)
  return attach(systemOf(caller), handler)
}

export function checkHandler(field: string, handler: unknown): asserts handler is LogHandler {
  if (typeof handler !== 'object' || handler === null) {
    throw new BadArgument(`${field}: expected a log handler, got ${show(handler)}`)
  }
  for (const key of Object.keys(handler)) {
    if (!['name', 'level', 'filter', 'handle'].includes(key)) {
      throw new BadArgument(`${field}: unknown option '${key}'`)
    }
  }
  const { name, level, filter, handle }: { [K in keyof LogHandler]?: unknown } = handler
  checkName(`${field}.name`, name)
  if (level !== undefined) checkLevel(`${field}.level`, level)
  if (filter !== undefined && typeof filter !== 'function') {
    throw new BadArgument(`${field}.filter: expected a function, got ${show(filter)}`)
  }
  if (typeof handle !== 'function') {
    throw new BadArgument(`${field}.handle: expected a function, got ${show(handle)}`)
  }
}

export function checkLevel(field: string, level: unknown): asserts level is LogLevel {
  if (isLogLevel(level)) return
  throw new BadArgument(`${field}: expected one of ${logLevels.join(', ')}, got ${show(level)}`)
}

function attach(system: System, { name, level, filter, handle }: LogHandler): () => void {
  const least = level ?? 'info'
  let handling = false
  let removed = false
  const remove = (): void => {
    removed = true
    unsubscribe()
  }
  const fail = (error: unknown): void => {
    if (removed) return
    remove()
    const reason = reasonOfThrown(error)
    system.trace.log('warning', 'log handler removed', { handler: name, reason })
  }
  const unsubscribe = system.trace.subscribeLog((event) => {
    if (removed || handling || !reaches(event.level, least)) return
    handling = true
    try {
      const record = recordOf(system, event)
      if (filter === undefined || filter(record) === true) {
        const pending = handle(record)
        if (pending instanceof Promise) pending.catch(fail)
      }
    } catch (error) {
      fail(error)
    } finally {
      handling = false
    }
  })
  return remove
}

function recordOf(system: System, { level, message, fields }: LogEvent): LogRecord {
  const timeMs = system.platform.clock.wallMs()
  return { level, message, fields: snapshotFields(fields), node: system.node, timeMs }
}

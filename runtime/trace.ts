/**
 * What a node does, as events for host code: operators, tests, the observer. Never for actors,
 * which have monitors. A listener that throws never reaches the process that caused the event.
 */
import { EventEmitter } from 'eventemitter3'
import type { Reason } from './exit.ts'
import type { Pid } from './identifier.ts'

export type TraceEvent =
  | {
      readonly tag: 'spawn'
      readonly pid: Pid
      readonly module: string
      readonly parent: Pid | null
    }
  | { readonly tag: 'exit'; readonly pid: Pid; readonly module: string; readonly reason: Reason }
  | { readonly tag: 'hookFailed'; readonly pid: Pid; readonly error: unknown }
  | {
      readonly tag: 'mailboxHigh'
      readonly pid: Pid
      readonly module: string
      readonly messages: number
    }
  /** The code of a process held the event loop so long (option `longTurnMs`). */
  | {
      readonly tag: 'longTurn'
      readonly pid: Pid
      readonly module: string
      /** Operation that took longest, `info` for other mail; null for the body of a process. */
      readonly handler: string | null
      readonly ms: number
    }
  /** A supervisor gives up: its children have been restarted too often. */
  | {
      readonly tag: 'restartStorm'
      readonly pid: Pid
      readonly module: string
      readonly name: string | null
    }
  /** A bounded mailbox drops: told at the first message, the second, the fourth and so on. */
  | {
      readonly tag: 'mailboxFull'
      readonly pid: Pid
      readonly module: string
      readonly dropped: number
    }
  /**
   * A message that nobody will read: receiver dead or unknown, wrong creation, undecodable bytes.
   * `node` is where it came from; `to` and `message` are there when it could be read.
   */
  | {
      readonly tag: 'deadLetter'
      readonly node: string
      readonly detail: string
      readonly to?: Pid | string
      readonly message?: unknown
    }
  | { readonly tag: 'nodeup'; readonly node: string }
  | { readonly tag: 'nodedown'; readonly node: string; readonly reason: string }
  | LogEvent

/** Something an operator should read. */
export type LogEvent = {
  readonly tag: 'log'
  readonly level: 'error' | 'warning' | 'info' | 'debug'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export class Trace {
  readonly #emitter = new EventEmitter<'event' | 'log'>()

  #active = false

  /** True when somebody listens; hot paths ask before they build an event. */
  get active(): boolean {
    return this.#active
  }

  /** Calls `listener` for every event; returns the function that stops it. */
  subscribe(listener: (event: TraceEvent) => void): () => void {
    this.#emitter.on('event', listener)
    this.#active = true
    return () => {
      this.#emitter.off('event', listener)
      this.#active = this.#emitter.listenerCount('event') > 0
    }
  }

  /** Calls `listener` for events of kind `log` only, which costs the hot paths nothing. */
  subscribeLog(listener: (event: LogEvent) => void): () => void {
    this.#emitter.on('log', listener)
    return () => {
      this.#emitter.off('log', listener)
    }
  }

  /** Rewrites log events before anyone sees them, to hide what must not be seen. Never throws. */
  rewriteLogs: ((event: LogEvent) => LogEvent) | null = null

  emit(given: TraceEvent): void {
    const rewrite = given.tag === 'log' ? this.rewriteLogs : null
    const event = rewrite === null || given.tag !== 'log' ? given : rewrite(given)
    try {
      if (event.tag === 'log') this.#emitter.emit('log', event)
      this.#emitter.emit('event', event)
    } catch (error) {
      // An observer's mistake must not become the exit reason of the observed process, nor vanish:
      // it surfaces as an unhandled rejection of the host.
      void Promise.reject(error)
    }
  }

  log(
    level: LogEvent['level'],
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.emit({ tag: 'log', level, message, fields })
  }
}

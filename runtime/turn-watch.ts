/**
 * Finds who holds the event loop (OTP `erlang:system_monitor` with `long_schedule`): a process
 * whose code ran longer than `longTurnMs` without giving others a turn is named in a `longTurn`
 * event, once it has ended, with the handler that took longest. Off by default, since it reads the
 * clock around every turn and every message of a server.
 *
 * Watched are handlers and generators from the scheduler on, and async bodies from the moment a
 * receive or call of theirs is settled up to their next await. What runs after an await of
 * something else is nobody's turn, and is not blamed on anybody.
 */
import { dispatch, serve } from './dispatch.ts'
import { limits } from './limits.ts'
import type { Clock, Turn } from './platform/platform.ts'
import { BUSY, type Process, type Receiver, RUNNING, STARTING, SUSPENDED } from './process.ts'
import { Request } from './request.ts'

export class TurnWatch {
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #longTurnMs: number

  constructor(clock: Clock, turn: Turn, longTurnMs: number) {
    this.#clock = clock
    this.#turn = turn
    this.#longTurnMs = longTurnMs
  }

  /** `dispatch`, watched. */
  readonly dispatch = (process: Process): void => {
    const startMs = this.#clock.now()
    const { flags, receiver, waiter } = process
    if ((flags & STARTING) !== 0 || receiver === null || waiter !== null) {
      dispatch(process)
      this.#ended(process, startMs, null)
      return
    }
    if ((flags & (BUSY | RUNNING | SUSPENDED)) !== 0) return
    const timed = new Timed(receiver, this.#clock)
    serve(process, timed, limits.messagesPerTurn, false)
    this.#ended(process, startMs, timed.slowest)
  }

  /**
   * `settle` of a promise that the code of `process` awaits, watched: microtasks run in order, so
   * that what lies between the two is the code which goes on.
   */
  settling<T>(process: Process, settle: (value: T) => void): (value: T) => void {
    return (value) => {
      let startMs = 0
      this.#turn.soon(() => {
        startMs = this.#clock.now()
      })
      settle(value)
      const handler = process.pause?.serving?.op ?? null
      this.#turn.soon(() => this.#ended(process, startMs, handler))
    }
  }

  /** A value that is there already, for code that awaits it as soon as it has the promise. */
  settled<T>(process: Process, value: T): Promise<T> {
    return new Promise<T>((resolve) => {
      const settle = this.settling<T>(process, resolve)
      this.#turn.soon(() => {
        if (process.alive) settle(value)
      })
    })
  }

  #ended(process: Process, startMs: number, handler: string | null): void {
    const ms = this.#clock.now() - startMs
    if (ms <= this.#longTurnMs) return
    const { pid, module, system } = process
    system.trace.emit({ tag: 'longTurn', pid, module, handler, ms })
    const fields = { pid, module, handler, ms: Math.round(ms) }
    system.trace.log('warning', 'a process held the event loop', fields)
  }
}

/** Notes which of a turn's messages took longest. */
class Timed implements Receiver {
  slowest: string | null = null
  readonly #receiver: Receiver
  readonly #clock: Clock
  #slowestMs = -1

  constructor(receiver: Receiver, clock: Clock) {
    this.#receiver = receiver
    this.#clock = clock
  }

  receive(message: unknown): void | Promise<void> {
    const startMs = this.#clock.now()
    try {
      return this.#receiver.receive(message)
    } finally {
      const ms = this.#clock.now() - startMs
      if (ms > this.#slowestMs) {
        this.#slowestMs = ms
        this.slowest = handlerOf(message)
      }
    }
  }
}

/** Calls and casts are handled by their operation, everything else by `info`. */
function handlerOf(message: unknown): string {
  if (message instanceof Request) return message.op
  const isCast =
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$cast'
  return isCast && 'op' in message ? String(message.op) : 'info'
}

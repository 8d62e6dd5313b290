/**
 * Finds who holds the event loop (OTP `erlang:system_monitor` with `long_schedule`): a process
 * whose code ran longer than `longTurnMs` without giving others a turn is named in a `longTurn`
 * event, once it has ended. Off by default, since it reads the clock around every turn.
 *
 * Watched are handlers and generators from the scheduler on, and async bodies from the moment a
 * receive or call of theirs is settled up to their next await. What runs after an await of
 * something else is nobody's turn, and is not blamed on anybody.
 */
import { dispatch } from './dispatch.ts'
import type { Clock, Turn } from './platform/platform.ts'
import type { Process } from './process.ts'

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
    dispatch(process)
    this.#ended(process, startMs)
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
      this.#turn.soon(() => this.#ended(process, startMs))
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

  #ended(process: Process, startMs: number): void {
    const ms = this.#clock.now() - startMs
    if (ms <= this.#longTurnMs) return
    const { pid, module, system } = process
    system.trace.emit({ tag: 'longTurn', pid, module, ms })
    const fields = { pid, module, ms: Math.round(ms) }
    system.trace.log('warning', 'a process held the event loop', fields)
  }
}

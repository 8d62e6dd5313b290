/**
 * The process behind an interval. It lives as long as what it ticks for, which it monitors, and
 * holds one timer of the node, which goes with it. What is to be done at a tick is done in its own
 * turn, never on the stack of the timer, so that a failure there ends the interval and no more.
 */
import { type Destination, isDown } from '../../runtime/index.ts'
import {
  deliver,
  type Process,
  type Receiver,
  type System,
  selfOf,
  type Timer,
  terminate,
} from '../../runtime/kernel.ts'
import { type Interval, tickAfter } from './tick.ts'

export class Ticker implements Receiver {
  readonly #process: Process
  readonly #interval: Interval
  readonly #act: (process: Process) => void
  #tick = 0
  #timer: Timer | undefined

  readonly #target: Destination | null

  /** For a process that has not begun: it begins by watching `target`, if it ticks for anybody. */
  constructor(
    process: Process,
    everyMs: number,
    target: Destination | null,
    act: (process: Process) => void,
  ) {
    const { system } = process
    this.#process = process
    this.#target = target
    this.#interval = { startMs: system.platform.clock.now(), everyMs }
    this.#act = act
    process.receiver = this
    process.exitHooks ??= []
    process.exitHooks.push(() => this.#timer && system.timers.cancel(this.#timer))
    this.#arm()
  }

  receive(message: unknown): void {
    if (message === null) this.#begin()
    else if (isDown()(message)) terminate(this.#process, 'normal')
    else if (message === this) {
      this.#act(this.#process)
      this.#arm()
    }
  }

  #begin(): void {
    this.#process.receiver = this
    if (this.#target !== null) selfOf(this.#process).monitor(this.#target)
  }

  /** Ends the interval; gives the milliseconds to the tick that will not come. */
  cancel(): number | false {
    const remaining = this.#timer === undefined ? false : this.#system.timers.cancel(this.#timer)
    terminate(this.#process, 'normal')
    return remaining === false ? 0 : remaining
  }

  get #system(): System {
    return this.#process.system
  }

  #arm(): void {
    const { platform, timers } = this.#system
    const nowMs = platform.clock.now()
    const { tick, dueMs } = tickAfter(this.#interval, this.#tick, nowMs)
    this.#tick = tick
    this.#timer = timers.set(dueMs - nowMs, () => deliver(this.#process, this))
    if (this.#timer === undefined) terminate(this.#process, { tag: 'systemLimit', limit: 'timers' })
  }
}

/**
 * Timeouts of calls and receives: one list per duration. Almost all of them are cancelled, so
 * arming must cost next to nothing: no clock is read. A tick of a sixty-fourth of the duration
 * stamps what was armed since the last one and fires what is due, so a timeout comes at most a
 * thirty-second late and never early. A list without members stops ticking.
 */
import type { Clock, TimerHandle } from './platform/platform.ts'

const ticksPerDuration = 64
/** Idle ticks before a list's timer rests: arming again soon costs nothing. */
const idleTicks = 4

export class Timeout {
  readonly fire: () => void
  list: DurationList | null
  before: Timeout | null = null
  after: Timeout | null = null
  /** NaN until a tick has stamped it. */
  dueMs = Number.NaN

  constructor(fire: () => void, list: DurationList) {
    this.fire = fire
    this.list = list
  }

  /** Stops it. Harmless when it has fired or was cancelled. */
  cancel(): void {
    this.list?.remove(this)
  }
}

export class DurationList {
  readonly #clock: Clock
  readonly #durationMs: number
  readonly #tickMs: number
  #first: Timeout | null = null
  #last: Timeout | null = null
  /** The oldest one without a stamp. */
  #unstamped: Timeout | null = null
  readonly #onRest: () => void
  #timer: TimerHandle | null = null
  #idle = 0

  constructor(clock: Clock, durationMs: number, onRest: () => void) {
    this.#clock = clock
    this.#durationMs = durationMs
    this.#onRest = onRest
    this.#tickMs = Math.max(1, durationMs / ticksPerDuration)
  }

  add(fire: () => void): Timeout {
    const timeout = new Timeout(fire, this)
    timeout.before = this.#last
    if (this.#last !== null) this.#last.after = timeout
    else this.#first = timeout
    this.#last = timeout
    this.#unstamped ??= timeout
    this.#timer ??= this.#clock.after(this.#tickMs, this.#tick)
    return timeout
  }

  remove(timeout: Timeout): void {
    if (this.#unstamped === timeout) this.#unstamped = timeout.after
    if (timeout.before !== null) timeout.before.after = timeout.after
    else this.#first = timeout.after
    if (timeout.after !== null) timeout.after.before = timeout.before
    else this.#last = timeout.before
    timeout.list = null
    timeout.before = null
    timeout.after = null
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer)
    this.#timer = null
  }

  readonly #tick = (): void => {
    this.#timer = null
    const nowMs = this.#clock.now()
    for (let timeout = this.#unstamped; timeout !== null; timeout = timeout.after) {
      timeout.dueMs = nowMs + this.#durationMs
    }
    this.#unstamped = null
    for (let timeout = this.#first; timeout !== null; timeout = this.#first) {
      if (!(timeout.dueMs <= nowMs)) break
      this.remove(timeout)
      timeout.fire()
    }
    this.#idle = this.#first === null ? this.#idle + 1 : 0
    if (this.#idle < idleTicks) this.#timer ??= this.#clock.after(this.#tickMs, this.#tick)
    else this.#onRest()
  }
}

/** The lists of one node. A list that rests is forgotten, so odd durations do not pile up. */
export class Timeouts {
  readonly #clock: Clock
  readonly #lists = new Map<number, DurationList>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(durationMs: number, fire: () => void): Timeout {
    let list = this.#lists.get(durationMs)
    if (list === undefined) {
      list = new DurationList(this.#clock, durationMs, () => this.#lists.delete(durationMs))
      this.#lists.set(durationMs, list)
    }
    return list.add(fire)
  }

  stop(): void {
    for (const list of this.#lists.values()) list.stop()
    this.#lists.clear()
  }
}

/**
 * Timeouts of calls and receives: one list per duration. Almost all of them are cancelled, so
 * arming and cancelling must cost next to nothing: what has a timeout is itself the link of the
 * list, nothing is allocated, and no clock is read.
 *
 * A tick, every sixty-fourth of the duration, leaves a mark behind what was armed since the last
 * one: all before a mark is due at the mark's time. So a timeout comes at most a thirty-second
 * late and never early. A list without members stops ticking.
 */
import type { Clock, TimerHandle } from './platform/platform.ts'

const ticksPerDuration = 64
/** Idle ticks before a list's timer rests: arming again soon costs nothing. */
const idleTicks = 4

/** Something that can be armed, in one list at a time. Both links are null while it is not. */
export interface Timed {
  earlier: Timed | null
  later: Timed | null
  expire(): void
}

/** Stops a timeout. Harmless when it has fired, was stopped, or was never armed. */
export function disarm(timed: Timed): void {
  const { earlier, later } = timed
  if (earlier === null || later === null) return
  earlier.later = later
  later.earlier = earlier
  timed.earlier = null
  timed.later = null
}

/** A timeout that calls a function. */
export class Timeout implements Timed {
  readonly expire: () => void
  earlier: Timed | null = null
  later: Timed | null = null

  constructor(fire: () => void) {
    this.expire = fire
  }

  /** Stops it. Harmless when it has fired or was cancelled. */
  cancel(): void {
    disarm(this)
  }
}

/** Stands between what was armed before a tick and what was armed after it. */
class Mark implements Timed {
  readonly dueMs: number
  earlier: Timed | null = null
  later: Timed | null = null

  constructor(dueMs: number) {
    this.dueMs = dueMs
  }

  expire(): void {
    // A mark leaves the ring with what it stood behind; it is never due itself.
  }
}

/** A ring, oldest first, closed by `#end`. */
class DurationList {
  readonly durationMs: number
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #end: Timed = new Mark(Number.POSITIVE_INFINITY)
  readonly #onRest: () => void
  #marks: Mark[] = []
  #timer: TimerHandle | null = null
  #idle = 0

  constructor(clock: Clock, durationMs: number, onRest: () => void) {
    this.#clock = clock
    this.durationMs = durationMs
    this.#onRest = onRest
    this.#tickMs = Math.max(1, durationMs / ticksPerDuration)
    this.#end.earlier = this.#end
    this.#end.later = this.#end
  }

  add(timed: Timed): void {
    this.#append(timed)
    if (this.#timer === null) this.#timer = this.#clock.after(this.#tickMs, this.#tick)
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.cancel(this.#timer)
    this.#timer = null
  }

  #append(timed: Timed): void {
    const end = this.#end
    const last = end.earlier!
    timed.earlier = last
    timed.later = end
    last.later = timed
    end.earlier = timed
  }

  readonly #tick = (): void => {
    this.#timer = null
    const nowMs = this.#clock.now()
    if (this.#end.earlier !== (this.#marks.at(-1) ?? this.#end)) {
      const mark = new Mark(nowMs + this.durationMs)
      this.#append(mark)
      this.#marks.push(mark)
    }
    for (let mark = this.#marks[0]; mark !== undefined; mark = this.#marks[0]) {
      if (mark.dueMs <= nowMs) this.#expireTo(mark)
      if (this.#end.later !== mark) break
      disarm(mark)
      this.#marks.shift()
    }
    // One that expired has armed the list again: it must not be forgotten now.
    if (this.#timer !== null) return
    this.#idle = this.#end.later === this.#end ? this.#idle + 1 : 0
    if (this.#idle < idleTicks) this.#timer = this.#clock.after(this.#tickMs, this.#tick)
    else this.#onRest()
  }

  #expireTo(mark: Mark): void {
    for (let timed = this.#end.later!; timed !== mark; timed = this.#end.later!) {
      disarm(timed)
      timed.expire()
    }
  }
}

/** The lists of one node. A list that rests is forgotten, so odd durations do not pile up. */
export class Timeouts {
  readonly #clock: Clock
  readonly #lists = new Map<number, DurationList>()
  /** The list used last: most of a program's calls have one duration. */
  #recent: DurationList | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `fire` once `durationMs` have passed, unless it is cancelled before. */
  add(durationMs: number, fire: () => void): Timeout {
    const timeout = new Timeout(fire)
    this.arm(durationMs, timeout)
    return timeout
  }

  /** `timed.expire` runs once `durationMs` have passed, unless it is disarmed before. */
  arm(durationMs: number, timed: Timed): void {
    let list = this.#recent
    if (list === null || list.durationMs !== durationMs) {
      list = this.#lists.get(durationMs) ?? this.#open(durationMs)
      this.#recent = list
    }
    list.add(timed)
  }

  stop(): void {
    for (const list of this.#lists.values()) list.stop()
    this.#lists.clear()
    this.#recent = null
  }

  #open(durationMs: number): DurationList {
    const list = new DurationList(this.#clock, durationMs, () => {
      this.#lists.delete(durationMs)
      if (this.#recent === list) this.#recent = null
    })
    this.#lists.set(durationMs, list)
    return list
  }
}

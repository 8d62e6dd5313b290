/**
 * Timers of `sendAfter`: exact deadlines on the monotonic clock, in a binary heap ordered by
 * deadline, with one host timer for the earliest. Never early (OTP rule T2); equal deadlines fire
 * in no promised order. A cancelled timer leaves the heap when it comes to the top, or when more
 * than half of the heap is cancelled; once none is set the host timer is given back.
 */
import { limits } from './limits.ts'
import type { Clock, TimerHandle } from './platform/platform.ts'
import { LocalReference, type RefTable } from './refs.ts'

export class Timer extends LocalReference {
  readonly dueMs: number
  /** Null once fired or cancelled. */
  fire: (() => void) | null

  constructor(refs: RefTable, dueMs: number, fire: () => void) {
    super(refs)
    this.dueMs = dueMs
    this.fire = fire
  }
}

export class Timers {
  readonly #clock: Clock
  readonly #refs: RefTable
  #heap: Timer[] = []
  #cancelled = 0
  #host: TimerHandle | null = null
  #hostDueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, refs: RefTable) {
    this.#clock = clock
    this.#refs = refs
  }

  /** Undefined when `limits.timersMax` timers are set. */
  set(ms: number, fire: () => void): Timer | undefined {
    if (this.#heap.length - this.#cancelled >= limits.timersMax) return undefined
    const timer = new Timer(this.#refs, this.#clock.now() + ms, fire)
    siftUp(this.#heap, timer)
    this.#arm()
    return timer
  }

  /** Remaining whole milliseconds, or false when it has fired or was cancelled. */
  cancel(timer: Timer): number | false {
    if (timer.fire === null) return false
    timer.fire = null
    this.#cancelled++
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact()
    // A host timer that nothing waits for would keep the program alive.
    if (this.#heap[0] === timer || this.#heap.length === 0) this.#arm()
    return Math.max(0, Math.ceil(timer.dueMs - this.#clock.now()))
  }

  stop(): void {
    if (this.#host !== null) this.#clock.cancel(this.#host)
    this.#host = null
    this.#heap = []
  }

  #compact(): void {
    const live = this.#heap.filter((timer) => timer.fire !== null)
    this.#heap = []
    this.#cancelled = 0
    for (const timer of live) siftUp(this.#heap, timer)
  }

  #arm(): void {
    const first = this.#dropCancelled()
    if (first === undefined) {
      if (this.#host !== null) this.#clock.cancel(this.#host)
      this.#host = null
      return
    }
    if (this.#host !== null) {
      if (this.#hostDueMs <= first.dueMs) return
      this.#clock.cancel(this.#host)
    }
    this.#hostDueMs = first.dueMs
    this.#host = this.#clock.after(first.dueMs - this.#clock.now(), this.#run)
  }

  readonly #run = (): void => {
    this.#host = null
    const nowMs = this.#clock.now()
    for (;;) {
      const first = this.#dropCancelled()
      if (first === undefined || first.dueMs > nowMs) break
      siftDown(this.#heap)
      const fire = first.fire
      first.fire = null
      fire?.()
    }
    this.#arm()
  }

  #dropCancelled(): Timer | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.fire !== null) return first
      siftDown(this.#heap)
      this.#cancelled--
    }
  }
}

function siftUp(heap: Timer[], timer: Timer): void {
  let at = heap.length
  heap.push(timer)
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up]!
    if (parent.dueMs <= timer.dueMs) break
    heap[at] = parent
    at = up
  }
  heap[at] = timer
}

/** Removes the first of the heap. */
function siftDown(heap: Timer[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) break
    const right = left + 1
    const least = right < heap.length && heap[right]!.dueMs < heap[left]!.dueMs ? right : left
    if (heap[least]!.dueMs >= last.dueMs) break
    heap[at] = heap[least]!
    at = least
  }
  heap[at] = last
}

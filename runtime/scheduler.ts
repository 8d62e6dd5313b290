/**
 * Who runs, and for how long. Two intrusive first-in first-out queues; high priority goes first.
 * Work begins in a microtask; after a slice (1 ms on the real platform) everything that is still
 * to do waits for one later turn of the event loop, so that timers and sockets are never starved.
 * Every path that runs a process inline charges the same budget through `charge`.
 *
 * A process is in a queue at most once (bit QUEUED): queueing it twice would corrupt the list and
 * lose processes silently.
 */
import { limits } from './limits.ts'
import type { Turn } from './platform/platform.ts'
import { DEAD, HIGH, type Process, QUEUED } from './process.ts'

/** How deep into a queue the turn port may reach when it draws who runs next. */
const pickWindow = 8

class RunQueue {
  #first: Process | null = null
  #last: Process | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  push(process: Process): void {
    process.next = null
    if (this.#last === null) this.#first = process
    else this.#last.next = process
    this.#last = process
    this.#size++
  }

  /** Removes and returns the process at `index`, which is below `size`. */
  takeAt(index: number): Process | null {
    let before: Process | null = null
    let process = this.#first
    for (let i = 0; i < index && process !== null; i++) {
      before = process
      process = process.next
    }
    if (process === null) return null
    if (before === null) this.#first = process.next
    else before.next = process.next
    if (this.#last === process) this.#last = before
    process.next = null
    this.#size--
    return process
  }
}

export class Scheduler {
  readonly #turn: Turn
  readonly #dispatch: (process: Process) => void
  readonly #high = new RunQueue()
  readonly #normal = new RunQueue()
  /** A run has been asked for and has not begun. */
  #armed = false
  #running = false
  /** The slice is used up: nothing runs before the later turn that resets it. */
  #overdue = false
  #untilCheck: number
  /** Processes that run on the stack of another one now. */
  #depth = 0

  constructor(turn: Turn, dispatch: (process: Process) => void) {
    this.#turn = turn
    this.#dispatch = dispatch
    this.#untilCheck = turn.checkEvery
    turn.sliceStart()
  }

  /** True while something is queued. */
  get busy(): boolean {
    return this.#high.size + this.#normal.size > 0
  }

  /** Queues a process that has something to do. */
  wake(process: Process): void {
    if ((process.flags & (QUEUED | DEAD)) !== 0) return
    process.flags |= QUEUED
    const queue = (process.flags & HIGH) !== 0 ? this.#high : this.#normal
    queue.push(process)
    this.#arm()
  }

  /** Accounts for one unit of work. False when the slice is over and the work must be queued. */
  charge(): boolean {
    if (this.#overdue) return false
    if (--this.#untilCheck > 0) return true
    this.#untilCheck = this.#turn.checkEvery
    if (!this.#turn.sliceOver()) return true
    this.#overdue = true
    this.#turn.later(this.#freshSlice)
    return false
  }

  /** Claims the stack of whoever runs for one process more; `leave` must follow. */
  enter(): boolean {
    if (this.#depth >= limits.inlineDepthMax) return false
    this.#depth++
    return true
  }

  leave(): void {
    this.#depth--
  }

  #arm(): void {
    if (this.#armed || this.#running || this.#overdue) return
    this.#armed = true
    this.#turn.soon(this.#run)
  }

  readonly #freshSlice = (): void => {
    this.#overdue = false
    this.#turn.sliceStart()
    this.#run()
  }

  readonly #run = (): void => {
    this.#armed = false
    if (this.#overdue || this.#running) return
    this.#running = true
    try {
      for (;;) {
        const queue = this.#high.size > 0 ? this.#high : this.#normal
        if (queue.size === 0 || !this.charge()) break
        const process = queue.takeAt(this.#turn.pick(Math.min(queue.size, pickWindow)))
        if (process === null) break
        process.flags &= ~QUEUED
        if ((process.flags & DEAD) === 0) this.#dispatch(process)
      }
    } finally {
      this.#running = false
      // Left over only when something threw, which must not stop the others for good.
      if (this.busy) this.#arm()
    }
  }
}

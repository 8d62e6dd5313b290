/**
 * Drives virtual time. A step lets all promise continuations run (microtasks, then one turn of the
 * host's event loop, in which it reports rejections nobody handled), then fires one timer.
 *
 * Every run is bounded, in virtual time and in steps, and says what it was waiting for. One run at
 * a time: two drivers of one clock would each find the other's work done.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import type { World } from '../../runtime/platform/sim.ts'

export type DriverLimits = { readonly deadlineMs: number; readonly stepsMax: number }

/** The simulation cannot go on, or went on for too long. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
}

export class Driver {
  readonly #world: World
  readonly #limits: DriverLimits
  /** Processes that wait for the outside world. */
  readonly #waits: () => readonly string[]
  readonly #turn = nodePlatform().turn
  #steps = 0
  #driving = false

  constructor(world: World, limits: DriverLimits, waits: () => readonly string[]) {
    this.#world = world
    this.#limits = limits
    this.#waits = waits
  }

  async run(ms: number): Promise<void> {
    const endMs = this.#world.nowMs + ms
    await this.#drive(`${ms} ms`, () => false, endMs)
  }

  async until(
    what: string,
    condition: () => boolean,
    withinMs = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    if (await this.#drive(what, condition, this.#world.nowMs + withinMs)) return
    throw new SimulationError(`in vain for ${withinMs} ms: ${what}${this.#waiting()}`)
  }

  async settle<T>(what: string, promise: Promise<T>, withinMs?: number): Promise<T> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    await this.until(what, () => settled, withinMs)
    return promise
  }

  /** True once `done` holds, false when virtual time has come to `endMs`. */
  async #drive(what: string, done: () => boolean, endMs: number): Promise<boolean> {
    if (this.#driving) throw new SimulationError(`driven twice at once: ${what}`)
    this.#driving = true
    try {
      return await this.#advance(what, done, endMs)
    } finally {
      this.#driving = false
    }
  }

  async #advance(what: string, done: () => boolean, endMs: number): Promise<boolean> {
    const { deadlineMs, stepsMax } = this.#limits
    for (;;) {
      await new Promise<void>((resolve) => this.#turn.later(resolve))
      if (done()) return true
      if (++this.#steps > stepsMax) {
        throw new SimulationError(`more than ${stepsMax} steps: ${what}${this.#waiting()}`)
      }
      if (this.#world.advance(Math.min(endMs, deadlineMs))) continue
      if (this.#world.pendingTimers === 0) this.#stuck(what, endMs)
      if (endMs > deadlineMs) {
        throw new SimulationError(`the deadline of ${deadlineMs} ms: ${what}${this.#waiting()}`)
      }
      return false
    }
  }

  /** Nothing will ever run again. Waiting for time to pass is all that may be left. */
  #stuck(what: string, endMs: number): void {
    const waits = this.#waits()
    if (waits.length > 0) {
      throw new SimulationError(`nothing can run: ${what}${this.#waiting()}`)
    }
    if (!Number.isFinite(endMs)) throw new SimulationError(`nothing can run: ${what}`)
  }

  #waiting(): string {
    const waits = this.#waits()
    if (waits.length === 0) return ''
    return `; in self.wait, which nothing simulated will answer: ${waits.join(', ')}`
  }
}

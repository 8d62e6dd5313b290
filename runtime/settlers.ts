/**
 * Makes promises whose `resolve` is kept elsewhere, for what every message may need one of. One
 * executor serves them all: a function of its own for each would keep its surroundings on the heap.
 *
 * Invariant: who makes a promise with `capture` takes its `resolve` before anything else runs, and
 * nothing of it is kept here.
 */
type Resolve = (value: unknown) => void

export class Settlers {
  #resolve: Resolve | null = null

  /** The executor: `new Promise(settlers.capture)`. */
  readonly capture = (resolve: Resolve): void => {
    this.#resolve = resolve
  }

  /** The `resolve` of the promise that was made last. Throws if it has been taken. */
  take(): Resolve {
    const resolve = this.#resolve
    if (resolve === null) throw new Error('no promise has been made')
    this.#resolve = null
    return resolve
  }
}

/**
 * So many per second, and no more than a second's worth at once (a token bucket). Time is an
 * argument: monotonic milliseconds.
 */
export class Budget {
  readonly #perSecond: number
  #left: number
  #atMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
  }

  /** True while something is left. */
  has(nowMs: number): boolean {
    const earned = ((nowMs - this.#atMs) * this.#perSecond) / 1000
    this.#left = Math.min(this.#left + earned, this.#perSecond)
    this.#atMs = nowMs
    return this.#left >= 1
  }

  /** Takes one if there is one, and says whether there was. */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false
    this.#left -= 1
    return true
  }
}

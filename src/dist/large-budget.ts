/**
 * Large messages under way to one peer, over all streams of its channel. The peer ends a channel on
 * which more is unfinished than `distMaxMessageBytes` and `distUnfinishedMessagesMax` allow, so the
 * sender counts: half of each, since what has been sent may not have arrived yet. A message larger
 * than that goes alone.
 */
import { limits } from '../limits.ts'

export class LargeBudget {
  readonly #bytesMax: number
  readonly #countMax: number
  readonly #waiting = new Set<() => void>()
  #bytes = 0
  #count = 0

  constructor(
    bytesMax = limits.distMaxMessageBytes / 2,
    countMax = limits.distUnfinishedMessagesMax / 2,
  ) {
    this.#bytesMax = bytesMax
    this.#countMax = countMax
  }

  /** True when the message may begin; otherwise `retry` is called when another one has ended. */
  begin(bytes: number, retry: () => void): boolean {
    const fits = this.#bytes + bytes <= this.#bytesMax && this.#count < this.#countMax
    if (this.#count > 0 && !fits) {
      this.#waiting.add(retry)
      return false
    }
    this.#bytes += bytes
    this.#count++
    return true
  }

  end(bytes: number): void {
    this.#bytes -= bytes
    this.#count--
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const retry of waiting) retry()
  }
}

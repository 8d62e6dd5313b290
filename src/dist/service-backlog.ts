/**
 * What one service has been sent and has not read, in messages and in bytes. A mailbox counts its
 * messages; their sizes are remembered here, and forgotten as it gets shorter.
 *
 * Invariant: `bytes` is never less than what waits, as a mailbox is read in order. (A receiver that
 * takes a later message first makes it more for a while, never less by more than that message.)
 */
import { limits } from '../limits.ts'

export class ServiceBacklog {
  /** Sizes of the newest messages, oldest first; those before `#head` were read. */
  #sizes: number[] = []
  #head = 0
  #bytes = 0

  /**
   * Takes a message of so many bytes, when `waiting` messages are in the mailbox; false when that
   * would be too much. One message fits in an empty mailbox, however large.
   */
  take(waiting: number, bytes: number): boolean {
    this.#forget(waiting)
    const fits =
      waiting < limits.distServiceBacklogMax &&
      (this.#bytes === 0 || this.#bytes + bytes <= limits.distServiceBacklogMaxBytes)
    if (!fits) return false
    this.#sizes.push(bytes)
    this.#bytes += bytes
    return true
  }

  #forget(waiting: number): void {
    while (this.#sizes.length - this.#head > waiting) {
      this.#bytes -= this.#sizes[this.#head] ?? 0
      this.#head += 1
    }
    if (this.#head * 2 > this.#sizes.length) {
      this.#sizes = this.#sizes.slice(this.#head)
      this.#head = 0
    }
  }
}

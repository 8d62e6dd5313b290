/**
 * What one service has been sent and has not read, in messages and in bytes. A mailbox counts its
 * messages; their sizes are remembered here, and forgotten as it gets shorter.
 *
 * No node may have more there than is left free for all, so that one that floods fills half of it
 * and two of them two thirds: who says little is heard (after Choudhury and Hahne, "Dynamic Queue
 * Length Thresholds for Shared-Memory Packet Switches", 1998).
 *
 * Invariant: `bytes` is never less than what waits, as a mailbox is read in order. (A receiver that
 * takes a later message first makes it more for a while, never less by more than that message.)
 */
import { limits } from '../limits.ts'

type Share = { messages: number; bytes: number }
type Waiting = { readonly share: Share; readonly bytes: number }

export class ServiceBacklog {
  /** The newest messages, oldest first; those before `#head` were read. */
  #waiting: Waiting[] = []
  #head = 0
  #bytes = 0
  /** By node, of those that have anything there. */
  readonly #shares = new Map<string, Share>()

  /**
   * Takes a message of so many bytes from `node`, when `waiting` messages are in the mailbox; false
   * when that would be too much. One message fits in an empty mailbox, however large.
   */
  take(node: string, waiting: number, bytes: number): boolean {
    this.#forget(waiting)
    const share = this.#shares.get(node) ?? { messages: 0, bytes: 0 }
    const free = limits.distServiceBacklogMax - waiting
    const freeBytes = limits.distServiceBacklogMaxBytes - this.#bytes
    const fits = share.messages < free && (this.#bytes === 0 || share.bytes + bytes <= freeBytes)
    if (!fits) return false
    share.messages += 1
    share.bytes += bytes
    this.#shares.set(node, share)
    this.#waiting.push({ share, bytes })
    this.#bytes += bytes
    return true
  }

  #forget(waiting: number): void {
    while (this.#waiting.length - this.#head > waiting) {
      const { share, bytes } = this.#waiting[this.#head]!
      share.messages -= 1
      share.bytes -= bytes
      this.#bytes -= bytes
      this.#head += 1
    }
    if (this.#head * 2 <= this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
    for (const [node, { messages }] of this.#shares) if (messages === 0) this.#shares.delete(node)
  }
}

/** Peers to which nothing can be sent because too much waits for them, and since when. */
import { limits } from '../limits.ts'

export class BusyPeers {
  readonly #since = new Map<string, number>()

  /** Notes how a send went. True when the peer has been busy for too long: it counts as failed. */
  note(node: string, told: 'sent' | 'busy' | 'noChannel', nowMs: number): boolean {
    if (told !== 'busy') {
      this.#since.delete(node)
      return false
    }
    const sinceMs = this.#since.get(node) ?? nowMs
    this.#since.set(node, sinceMs)
    if (nowMs - sinceMs < limits.membershipBusyFailedMs) return false
    this.#since.delete(node)
    return true
  }

  forget(node: string): void {
    this.#since.delete(node)
  }
}

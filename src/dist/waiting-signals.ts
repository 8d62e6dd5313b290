/**
 * The queue to a node that has no channel yet. How much it may hold is its owner's to decide; what
 * it holds is handed to the channel in the order in which it came, or dropped with the queue.
 */
import type { Channel, SenderKey } from './channel.ts'

type Waiting = { readonly sender: SenderKey; readonly type: number; readonly bytes: Uint8Array }

export class WaitingSignals {
  readonly #signals: Waiting[] = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#signals.length === 0
  }

  holdsMoreThan(bytes: number): boolean {
    return this.#bytes > bytes
  }

  /** Keeps a copy of `bytes`. */
  send(sender: SenderKey, type: number, bytes: Uint8Array): void {
    this.#signals.push({ sender, type, bytes: bytes.slice() })
    this.#bytes += bytes.length
  }

  handTo(channel: Channel): void {
    for (const { sender, type, bytes } of this.#signals) channel.send(sender, type, bytes)
  }
}

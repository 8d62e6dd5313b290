/**
 * The queue to a node that has no channel yet. How much it may hold is its owner's to decide; what
 * it holds is handed to the channel in the order in which it came, or dropped with the queue.
 */
import { limits } from '../limits.ts'
import type { Body } from '../wire/index.ts'
import type { Channel, SenderKey } from './channel.ts'
import type { Waiting } from './pressure.ts'

type WaitingSignal = { readonly sender: SenderKey; readonly type: number; readonly body: Body }

export class WaitingSignals {
  readonly #signals: WaitingSignal[] = []
  #smallBytes = 0
  #largeBytes = 0

  get isEmpty(): boolean {
    return this.#signals.length === 0
  }

  get isLight(): boolean {
    return this.#smallBytes + this.#largeBytes <= limits.distSenderQueueMaxBytes
  }

  /** Nothing leaves yet, so that everything concerns everybody. */
  waiting(): Waiting {
    const smallBytes = this.#smallBytes
    const largeBytes = this.#largeBytes
    return { ownBytes: smallBytes + largeBytes, behindBytes: smallBytes, smallBytes, largeBytes }
  }

  /** Keeps the signal; what is borrowed of `body` is copied. */
  send(sender: SenderKey, type: number, body: Body): void {
    this.#signals.push({ sender, type, body: body.keep() })
    if (body.length > limits.distFragmentBytes) this.#largeBytes += body.length
    else this.#smallBytes += body.length
  }

  handTo(channel: Channel): void {
    for (const { sender, type, body } of this.#signals) channel.send(sender, type, body)
  }
}

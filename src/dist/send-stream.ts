/**
 * One outgoing data stream: frames of a turn leave in one write; large messages leave as fragments
 * that take turns with everything else.
 *
 * Invariant: frames of one sender leave in the order in which they were given. While a large
 * message of a sender is on its way, that sender's later frames wait behind it; other senders'
 * frames do not.
 */
import type { CarrierStream, StreamHandler } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { FrameWriter, fragments } from '../wire/index.ts'
import type { LargeBudget } from './large-budget.ts'
import { fragmentFrame, streamKind } from './protocol.ts'

type Frame = { readonly type: number; readonly body: Uint8Array }

/** A sender whose large message is being cut: its fragments, and what waits behind them. */
type Large = {
  readonly sender: number
  readonly pieces: ReturnType<typeof fragments>
  readonly bytes: number
  bytesLeft: number
  begun: boolean
  readonly behind: Frame[]
}

export type SendStreamEvents = {
  /** The peer refuses the stream. */
  readonly onReset: (code: number) => void
  /** Some of what waited has left. */
  readonly onShrunk: () => void
}

export class SendStream implements StreamHandler {
  readonly #stream: CarrierStream
  readonly #nextId: () => number
  readonly #budget: LargeBudget
  readonly #events: SendStreamEvents
  readonly #writer = new FrameWriter()
  readonly #large: Large[] = []
  #blocked = false
  #ending = false
  #waitingBytes = 0

  /** `nextId` numbers fragmented messages, uniquely within the channel, as `budget` is. */
  constructor(
    stream: CarrierStream,
    nextId: () => number,
    budget: LargeBudget,
    events: SendStreamEvents,
  ) {
    this.#stream = stream
    this.#nextId = nextId
    this.#budget = budget
    this.#events = events
    stream.handler = this
    stream.write(Uint8Array.of(streamKind.data))
  }

  /** Bytes given and not yet taken by the transport. */
  get queuedBytes(): number {
    return this.#writer.length + this.#waitingBytes + this.#stream.queuedBytes
  }

  /** Queues a frame; `body` is copied. `flush` sends it. */
  append(sender: number, type: number, body: Uint8Array): void {
    const ahead = this.#large.find((large) => large.sender === sender)
    if (ahead !== undefined) {
      ahead.behind.push({ type, body: body.slice() })
      this.#waitingBytes += body.length
    } else if (body.length > limits.distFragmentBytes) this.#begin(sender, type, body.slice())
    else this.#writer.append(type, body)
  }

  /** Writes what the transport takes now: whole frames first, then one fragment of each in turn. */
  readonly flush = (): void => {
    while (!this.#blocked) {
      if (this.#writer.length === 0 && !this.#cutNext()) break
      if (this.#writer.length > 0) this.#blocked = !this.#stream.write(this.#writer.take())
    }
    if (this.#ending && this.#writer.length === 0 && this.#large.length === 0) this.#stream.end()
  }

  /** Nothing is appended any more: the stream ends behind what waits. */
  finish(): void {
    this.#ending = true
    this.flush()
  }

  onDrain(): void {
    this.#blocked = false
    this.flush()
    this.#events.onShrunk()
  }

  onData(): void {
    // A unidirectional stream of ours brings nothing.
  }

  onEnd(): void {
    // The same.
  }

  onReset(code: number): void {
    this.#events.onReset(code)
  }

  #begin(sender: number, type: number, body: Uint8Array): void {
    const pieces = fragments(this.#nextId(), type, body)
    const bytes = body.length
    this.#large.push({ sender, pieces, bytes, bytesLeft: bytes, begun: false, behind: [] })
    this.#waitingBytes += body.length
  }

  /** Cuts the message whose turn it is; false when there is none that may be cut now. */
  #cutNext(): boolean {
    const at = this.#large.findIndex(
      (large) => large.begun || this.#budget.begin(large.bytes, this.flush),
    )
    const [large] = at < 0 ? [] : this.#large.splice(at, 1)
    if (large === undefined) return false
    large.begun = true
    this.#cut(large)
    if (large.bytesLeft === 0) this.#budget.end(large.bytes)
    return true
  }

  /** Puts one fragment into the writer; the sender's later frames follow the last one. */
  #cut(large: Large): void {
    const piece = large.pieces.next()
    if (!piece.done) {
      this.#waitingBytes -= piece.value.bytes.length
      large.bytesLeft -= piece.value.bytes.length
      this.#writer.append(fragmentFrame, piece.value.bytes, piece.value.head)
    }
    if (large.bytesLeft > 0) {
      this.#large.push(large)
      return
    }
    for (let frame = large.behind.shift(); frame !== undefined; frame = large.behind.shift()) {
      this.#waitingBytes -= frame.body.length
      if (frame.body.length > limits.distFragmentBytes) {
        this.#begin(large.sender, frame.type, frame.body)
        const begun = this.#large.at(-1)
        begun?.behind.push(...large.behind)
        return
      }
      this.#writer.append(frame.type, frame.body)
    }
  }
}

/**
 * One outgoing data stream. What a turn gives it leaves in one write; when more waits than the
 * transport takes at once, every sender has a queue of its own and they are served in turn, a batch
 * of small frames or one fragment of a large message each.
 *
 * Invariant: frames of one sender leave in the order in which they were given; those of another one
 * wait for one turn of each sender at most, however much these have sent.
 */
import type { CarrierStream, StreamHandler } from '../carrier/carrier.ts'
import { type Body, FrameWriter, framed } from '../wire/index.ts'
import type { LargeBudget } from './large-budget.ts'
import { streamKind } from './protocol.ts'
import { SenderQueue } from './sender-queue.ts'

/** What leaves ahead of all senders that are served in turn. */
const aheadBytes = 64 * 1024

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
  /** What leaves next. */
  readonly #writer = new FrameWriter()
  /** Senders of which something waits, the next to be served first. */
  readonly #queues = new Map<number, SenderQueue>()
  /** Those that wait until their large message may begin. */
  readonly #waiting = new Map<number, SenderQueue>()
  #queuesBytes = 0
  #queuesLargeBytes = 0
  /** Who was asked for last. */
  #lastSender = -1
  #lastQueue: SenderQueue | undefined
  #blocked = false
  #ending = false

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
    return this.#writer.length + this.#queuesBytes + this.#stream.queuedBytes
  }

  /** Of those, what is in large messages. */
  get largeBytes(): number {
    return this.#queuesLargeBytes
  }

  /** What `sender` waits for of its own. */
  queueOf(sender: number): SenderQueue | undefined {
    if (this.#queuesBytes === 0) return undefined
    // Whoever sends much sends many in a row.
    if (this.#lastQueue === undefined || this.#lastSender !== sender) {
      this.#lastQueue = this.#queues.get(sender) ?? this.#waiting.get(sender)
      this.#lastSender = sender
    }
    return this.#lastQueue
  }

  /** Queues a frame; what is borrowed of `body` is copied. `flush` sends it. */
  append(sender: number, type: number, body: Body): void {
    const queue = this.queueOf(sender)
    if (queue === undefined && this.#leavesAtOnce(body)) {
      const { whole } = body
      if (whole !== undefined) this.#writer.append(type, whole)
      else this.#write([...this.#writer.take(), ...framed(type, body)])
      return
    }
    const queued = queue ?? this.#newQueue(sender)
    const { bytes, largeBytes } = queued
    queued.add(type, body)
    this.#queuesBytes += queued.bytes - bytes
    this.#queuesLargeBytes += queued.largeBytes - largeBytes
  }

  /** Writes what the transport takes now: what was ahead first, then each sender in turn. */
  readonly flush = (): void => {
    while (!this.#blocked) {
      if (this.#writer.length > 0) this.#write(this.#writer.take())
      else if (!this.#serveNext()) break
    }
    if (this.#ending && this.#writer.length === 0 && this.#queuesBytes === 0) this.#stream.end()
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

  #leavesAtOnce(body: Body): boolean {
    if (this.#blocked || this.#queues.size > 0) return false
    return this.#writer.length + body.length <= aheadBytes
  }

  #newQueue(sender: number): SenderQueue {
    const queue = new SenderQueue(this.#nextId)
    this.#queues.set(sender, queue)
    this.#lastSender = sender
    this.#lastQueue = queue
    return queue
  }

  /** One turn of the sender that is next; false when none may be served now. */
  #serveNext(): boolean {
    for (const [sender, queue] of this.#queues) {
      this.#queues.delete(sender)
      const beginsBytes = queue.beginsBytes
      if (beginsBytes !== undefined && !this.#budget.begin(beginsBytes, this.#retry)) {
        this.#waiting.set(sender, queue)
        continue
      }
      this.#serve(sender, queue)
      return true
    }
    return false
  }

  #serve(sender: number, queue: SenderQueue): void {
    const { bytes, largeBytes } = queue
    const { pieces, endedBytes } = queue.take()
    this.#queuesBytes += queue.bytes - bytes
    this.#queuesLargeBytes += queue.largeBytes - largeBytes
    if (queue.bytes > 0) this.#queues.set(sender, queue)
    else if (this.#lastQueue === queue) this.#lastQueue = undefined
    this.#write(pieces)
    if (endedBytes > 0) this.#budget.end(endedBytes)
  }

  readonly #retry = (): void => {
    for (const [sender, queue] of this.#waiting) this.#queues.set(sender, queue)
    this.#waiting.clear()
    this.flush()
  }

  #write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#blocked = !this.#stream.write(piece)
  }
}

/**
 * One side of a stream of the worker carrier: a write queue held by the reader's window, and the
 * bytes that came before somebody took them.
 *
 * Invariants: those of the port, in the way QUIC keeps them (a reset by either side ends both
 * directions, nothing follows `onReset`). The window is what a sender may have unread at the
 * reader, in flight included; a peer that sends more is caught by `onBytes`. What is dropped counts
 * as read for the connection, whose window must not leak.
 */
import { limits } from '../../limits.ts'
import type { CarrierStream, StreamHandler } from '../carrier.ts'
import type { StreamKind } from '../stream-ids.ts'
import { WriteQueue } from '../write-queue.ts'
import type { ControlRecord, OutgoingData } from './batch.ts'
import { HeldBytes } from './held-bytes.ts'

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly streamWindowBytes: number
  /** The stream may have something to send: `send` is asked when the batch is made. */
  wants(stream: WorkerStream): void
  control(record: ControlRecord): void
  /** Payload of the stream is read or dropped. */
  consumed(bytes: number): void
  /** Calls `step` in a later turn, unless the connection is over by then. */
  later(step: () => void): void
  /** Nothing more will happen to the stream. */
  over(stream: WorkerStream): void
}

export class WorkerStream implements CarrierStream {
  readonly id: number
  readonly kind: StreamKind
  readonly opener: 'us' | 'peer'
  readonly #owner: StreamOwner
  readonly #queue = new WriteQueue()
  readonly #held = new HeldBytes()
  #handler: StreamHandler | undefined
  #canSend: boolean
  #canReceive: boolean
  /** Our end is asked for, and goes out when the queue is empty. */
  #ending = false
  /** The peer's end has come, and is told when all before it is. */
  #endHeld = false
  #starved = false
  #paused = false
  #dead = false
  /** Bytes the peer takes now. */
  #window: number
  /** Bytes of the queue that are in the batch being made. */
  #leaving = 0
  /** Bytes the peer may send us now. */
  #allowed: number
  /** Bytes read since the last credit was given. */
  #read = 0

  constructor(owner: StreamOwner, id: number, kind: StreamKind, opener: 'us' | 'peer') {
    this.id = id
    this.kind = kind
    this.opener = opener
    this.#owner = owner
    this.#window = owner.streamWindowBytes
    this.#allowed = owner.streamWindowBytes
    this.#canSend = kind === 'bidi' || opener === 'us'
    this.#canReceive = kind === 'bidi' || opener === 'peer'
  }

  get handler(): StreamHandler | undefined {
    return this.#handler
  }

  set handler(handler: StreamHandler | undefined) {
    this.#handler = handler
    if (this.#hasHeld()) this.#owner.later(() => this.#deliver())
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#canSend || this.#ending) return false
    this.#queue.push(bytes)
    this.#owner.wants(this)
    if (this.#queue.bytes <= limits.carrierStreamHighBytes) return true
    this.#starved = true
    return false
  }

  end(): void {
    if (!this.#canSend || this.#ending) return
    this.#ending = true
    this.#owner.wants(this)
  }

  reset(code: number): void {
    if (this.#dead) return
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new RangeError(`reset: code must be an integer of 0 or more, got ${code}`)
    }
    this.abandon()
    this.#owner.control({ tag: 'reset', stream: this.id, code })
    this.#owner.over(this)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#hasHeld()) this.#owner.later(() => this.#deliver())
  }

  /** The next piece to go, of at most `room` bytes; undefined when nothing may go. */
  nextPiece(room: number): OutgoingData | undefined {
    const length = Math.min(room, this.#window, this.#queue.bytes - this.#leaving)
    if (!this.#canSend || length <= 0) return undefined
    this.#window -= length
    this.#leaving += length
    return { tag: 'data', stream: this.id, length, fill: (target) => this.#fill(target) }
  }

  /** True once, when our side ends after the pieces given so far. */
  endsNow(): boolean {
    if (!this.#canSend || !this.#ending || this.#queue.bytes > this.#leaving) return false
    this.#canSend = false
    this.#checkOver()
    return true
  }

  /** The batch has left: wakes a writer that waits for room. */
  afterBatch(): void {
    if (!this.#canSend || !this.#starved) return
    if (this.#queue.bytes > limits.carrierStreamLowBytes) return
    this.#starved = false
    this.#handler?.onDrain()
  }

  /** Borrowed bytes arrived. False: the peer may not send them. */
  onBytes(bytes: Uint8Array): boolean {
    if (this.kind === 'uni' && this.opener === 'us') return false
    if (this.#endHeld || bytes.length > this.#allowed) return false
    this.#allowed -= bytes.length
    if (!this.#canReceive) this.#owner.consumed(bytes.length)
    else if (this.#paused || this.#handler === undefined || this.#hasHeld()) {
      this.#held.append(bytes)
    } else {
      this.#handler.onData(bytes)
      this.#taken(bytes.length)
    }
    return true
  }

  /** The peer ended its side. False: it had no side to end, or did so before. */
  onPeerEnd(): boolean {
    if (this.kind === 'uni' && this.opener === 'us') return false
    if (this.#endHeld) return false
    this.#endHeld = true
    this.#deliver()
    return true
  }

  onPeerReset(code: number): void {
    if (this.#dead) return
    this.abandon()
    this.#owner.over(this)
    this.#handler?.onReset(code)
  }

  /** False: more than was ever taken from us. */
  onCredit(bytes: number): boolean {
    if (this.#window + bytes > this.#owner.streamWindowBytes) return false
    this.#window += bytes
    if (this.#canSend && this.#queue.bytes > 0) this.#owner.wants(this)
    return true
  }

  /** Everything becomes a no-op, without a callback. */
  abandon(): void {
    this.#dead = true
    this.#canSend = false
    this.#canReceive = false
    this.#queue.clear()
    const dropped = this.#held.bytes
    this.#held.clear()
    if (dropped > 0) this.#owner.consumed(dropped)
  }

  #fill(target: Uint8Array): void {
    let filled = 0
    while (filled < target.length) {
      const room = target.subarray(filled)
      const piece = this.#queue.head(room)
      // The queue has gathered small chunks into `room` itself, or shows us a large one.
      if (piece.buffer !== room.buffer) room.set(piece)
      this.#queue.consume(piece.length)
      filled += piece.length
    }
    this.#leaving -= filled
  }

  #hasHeld(): boolean {
    return this.#held.bytes > 0 || (this.#endHeld && this.#canReceive)
  }

  #deliver(): void {
    while (!this.#paused && this.#handler !== undefined) {
      const bytes = this.#held.take()
      if (bytes === undefined) break
      this.#handler.onData(bytes)
      this.#taken(bytes.length)
    }
    if (this.#paused || this.#handler === undefined) return
    if (!this.#endHeld || !this.#canReceive) return
    this.#canReceive = false
    this.#handler.onEnd()
    this.#checkOver()
  }

  /** Half a window at a time: small messages make no traffic back. */
  #taken(bytes: number): void {
    this.#owner.consumed(bytes)
    this.#read += bytes
    if (!this.#canReceive || this.#read < this.#owner.streamWindowBytes / 2) return
    this.#allowed += this.#read
    this.#owner.control({ tag: 'credit', stream: this.id, bytes: this.#read })
    this.#read = 0
  }

  #checkOver(): void {
    if (this.#dead || this.#canSend || this.#canReceive) return
    this.#dead = true
    this.#owner.over(this)
  }
}

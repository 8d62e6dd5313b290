/**
 * One side of a stream of the memory carrier: a write queue held by the reader's window, and an
 * inbox in sequence order that follows the handler's pace.
 *
 * Invariants: those of the port, in the way QUIC keeps them (a reset by either side ends both
 * directions, nothing follows `onReset`). The window is what the sender may have unread at the
 * reader, in flight included. Bytes are copied when they are sent, and the copy is overwritten
 * after `onData`, so that a handler which keeps borrowed bytes is found out here already.
 */
import { limits } from '../../limits.ts'
import type { CarrierStream, StreamHandler } from '../carrier.ts'
import type { StreamKind } from '../stream-ids.ts'
import { WriteQueue } from '../write-queue.ts'
import type { Packet } from './packet.ts'

const packetMaxBytes = 16_384
/** What borrowed bytes turn into once they are no longer valid. */
const staleByte = 0xdb

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly windowBytes: number
  send(packet: Packet): void
  /** Calls `step` in a later turn, unless the connection is over by then. */
  later(step: () => void): void
  /** Nothing more will happen to the stream. */
  over(stream: MemoryStream): void
}

export class MemoryStream implements CarrierStream {
  readonly id: number
  readonly kind: StreamKind
  readonly opener: 'us' | 'peer'
  readonly #owner: StreamOwner
  readonly #queue = new WriteQueue()
  /** Packets that came before one that is still missing. */
  readonly #early = new Map<number, Packet & { tag: 'data' }>()
  #inbox: (Packet & { tag: 'data' })[] = []
  #handler: StreamHandler | undefined
  #canSend: boolean
  #canReceive: boolean
  #ending = false
  #starved = false
  #paused = false
  #dead = false
  /** Code of a reset that came during a pause. */
  #resetHeld: number | undefined
  #window: number
  #sequence = 0
  #expected = 0
  /** Bytes read since the last credit was sent. */
  #read = 0

  constructor(owner: StreamOwner, id: number, kind: StreamKind, opener: 'us' | 'peer') {
    this.id = id
    this.kind = kind
    this.opener = opener
    this.#owner = owner
    this.#window = owner.windowBytes
    this.#canSend = kind === 'bidi' || opener === 'us'
    this.#canReceive = kind === 'bidi' || opener === 'peer'
  }

  get handler(): StreamHandler | undefined {
    return this.#handler
  }

  set handler(handler: StreamHandler | undefined) {
    this.#handler = handler
    if (this.#inbox.length > 0) this.#owner.later(() => this.#deliver())
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#canSend || this.#ending) return false
    this.#queue.push(bytes)
    this.#pump()
    if (this.#queue.bytes <= limits.carrierStreamHighBytes) return true
    this.#starved = true
    return false
  }

  end(): void {
    if (!this.#canSend || this.#ending) return
    this.#ending = true
    this.#pump()
  }

  reset(code: number): void {
    if (this.#dead) return
    this.abandon()
    this.#owner.send({ tag: 'reset', stream: this.id, code })
    this.#owner.over(this)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const code = this.#resetHeld
    this.#resetHeld = undefined
    if (code !== undefined) this.#owner.later(() => this.#handler?.onReset(code))
    if (this.#inbox.length > 0) this.#owner.later(() => this.#deliver())
  }

  /** A data packet arrived; packets may come in any order. */
  onPacket(packet: Packet & { tag: 'data' }): void {
    if (!this.#canReceive) return
    this.#early.set(packet.sequence, packet)
    for (;;) {
      const next = this.#early.get(this.#expected)
      if (next === undefined) break
      this.#early.delete(this.#expected)
      this.#expected += 1
      this.#inbox.push(next)
    }
    this.#deliver()
  }

  /** A pause delays the news, as it does in QUIC, where resets are seen when reading. */
  onPeerReset(code: number): void {
    if (this.#dead) return
    this.abandon()
    this.#owner.over(this)
    if (this.#paused) this.#resetHeld = code
    else this.#handler?.onReset(code)
  }

  onCredit(bytes: number): void {
    this.#window += bytes
    this.#pump()
    if (!this.#starved || this.#queue.bytes > limits.carrierStreamLowBytes) return
    this.#starved = false
    if (this.#canSend) this.#handler?.onDrain()
  }

  /** Everything becomes a no-op, without a callback. */
  abandon(): void {
    this.#dead = true
    this.#canSend = false
    this.#canReceive = false
    this.#queue.clear()
    this.#inbox = []
    this.#early.clear()
  }

  #pump(): void {
    while (this.#canSend) {
      const room = Math.min(this.#window, packetMaxBytes)
      if (this.#queue.bytes === 0 ? !this.#ending : room === 0) return
      // Copied: what `head` gives is the writer's, or the scratch the next piece is gathered in.
      const scratch = new Uint8Array(Math.min(room, this.#queue.bytes))
      const bytes = new Uint8Array(this.#queue.head(scratch))
      this.#queue.consume(bytes.length)
      this.#window -= bytes.length
      const fin = this.#ending && this.#queue.bytes === 0
      const sequence = this.#sequence++
      this.#owner.send({ tag: 'data', stream: this.id, sequence, bytes, fin })
      if (!fin) continue
      this.#canSend = false
      this.#checkOver()
    }
  }

  #deliver(): void {
    while (!this.#paused && this.#handler !== undefined) {
      const packet = this.#inbox.shift()
      if (packet === undefined) return
      const { bytes, fin } = packet
      if (fin) this.#canReceive = false
      if (bytes.length > 0) {
        this.#handler.onData(bytes)
        if (this.#handler?.kept?.() !== true) bytes.fill(staleByte)
        this.#giveCredit(bytes.length)
      }
      if (fin && !this.#dead) {
        if (this.#paused) this.#inbox.unshift({ ...packet, bytes: bytes.subarray(0, 0) })
        else {
          this.#handler.onEnd()
          this.#checkOver()
        }
      }
    }
  }

  /** Half a window at a time: small messages make no traffic back. */
  #giveCredit(bytes: number): void {
    this.#read += bytes
    if (!this.#canReceive || this.#read < this.#owner.windowBytes / 2) return
    this.#owner.send({ tag: 'credit', stream: this.id, bytes: this.#read })
    this.#read = 0
  }

  #checkOver(): void {
    if (this.#dead || this.#canSend || this.#canReceive || this.#inbox.length > 0) return
    this.#dead = true
    this.#owner.over(this)
  }
}

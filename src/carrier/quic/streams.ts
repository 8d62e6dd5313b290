/**
 * The streams of one connection: opening ours, meeting the peer's, and sharing what quiche accepts
 * among the streams that have bytes waiting.
 *
 * Invariants: a stream is in the table from its opening until nothing more can happen to it; a
 * stream that was just served goes behind the others, so that one bulk stream holds up another by
 * one piece at most; a stream is opened in quiche at once (an empty send), so that its credit is
 * taken when `open` says so.
 */
import type { CarrierStream } from '../carrier.ts'
import {
  kindOf,
  MetStreams,
  openerOf,
  type Role,
  type StreamKind,
  streamId,
} from '../stream-ids.ts'
import type { NativeConnection } from './binding.ts'
import type { ReadArea } from './read-area.ts'
import { QuicStream, type StreamOwner } from './stream.ts'

const nothing = new Uint8Array(0)

export class Streams {
  readonly #native: NativeConnection
  readonly #owner: StreamOwner
  readonly #role: Role
  readonly #table = new Map<number, QuicStream>()
  /** Streams with bytes or an end to give to quiche, the next to be served first. */
  readonly #writing = new Set<QuicStream>()
  /** Streams to read although quiche may not list them: resumed ones, new handlers. */
  readonly #reading = new Set<QuicStream>()
  /** Streams that only send: their being stopped by the peer must be asked for. */
  readonly #sendOnly = new Set<QuicStream>()
  #lastRead: QuicStream | undefined
  #abandoned = false
  readonly #met = new MetStreams()
  readonly #opened = { bidi: 0, uni: 0 }

  constructor(owner: StreamOwner, role: Role) {
    this.#native = owner.native
    this.#owner = owner
    this.#role = role
  }

  /** Opens a stream; undefined when the peer's limit is reached. */
  open(kind: StreamKind): CarrierStream | undefined {
    const left =
      kind === 'bidi' ? this.#native.peerStreamsLeftBidi() : this.#native.peerStreamsLeftUni()
    if (left < 1) return undefined
    const id = streamId(kind, this.#role, this.#opened[kind])
    try {
      this.#native.streamSend(id, nothing, false)
    } catch {
      return undefined
    }
    this.#opened[kind] += 1
    return this.#add(id, kind, 'us')
  }

  toWrite(stream: QuicStream): void {
    this.#writing.add(stream)
  }

  toRead(stream: QuicStream): void {
    this.#reading.add(stream)
  }

  changed(stream: QuicStream): void {
    if (stream.over) {
      this.#table.delete(stream.id)
      this.#sendOnly.delete(stream)
      this.#reading.delete(stream)
    } else if (!stream.canReceive) this.#sendOnly.add(stream)
    if (!stream.canSend) {
      this.#writing.delete(stream)
      this.#sendOnly.delete(stream)
    }
  }

  /** Reads everything there is to read. `onStream` is told of streams of the peer. */
  read(area: ReadArea, onStream: (stream: CarrierStream) => void): void {
    if (this.#reading.size > 0) {
      const resumed = [...this.#reading]
      this.#reading.clear()
      for (const stream of resumed) stream.read(area)
    }
    // The binding's iterator costs more than a packet: the stream that was read last is tried
    // before it is asked for, and it is not asked for when nothing else is there.
    if (!this.#native.isReadable()) return
    this.#lastRead?.read(area)
    if (this.#abandoned || !this.#native.isReadable()) return
    for (const id of this.#native.readable()) {
      if (this.#abandoned) return
      const known = this.#table.get(id)
      if (known !== undefined) {
        this.#lastRead = known
        known.read(area)
      } else if (openerOf(id) !== this.#role && this.#met.meet(id)) {
        const stream = this.#add(id, kindOf(id), 'peer')
        onStream(stream)
        stream.read(area)
      }
    }
  }

  /** Learns which streams the peer stopped; to be asked after datagrams were received. */
  checkStopped(): void {
    for (const stream of this.#sendOnly) stream.checkStopped()
  }

  /** Gives quiche as much as it takes. */
  pump(scratch: Uint8Array): void {
    for (const stream of this.#writing) {
      const before = stream.queuedBytes
      const outcome = stream.pump(scratch)
      // Re-adding moves a stream behind the others; this loop comes to it again.
      if (outcome !== 'blocked') this.#writing.delete(stream)
      if (outcome === 'more') this.#writing.add(stream)
      if (before !== stream.queuedBytes) stream.tellDrained()
    }
  }

  /** No stream has a handler any more. */
  mute(): void {
    for (const stream of this.#table.values()) stream.mute()
  }

  /** Ends every stream without a callback. */
  abandon(): void {
    this.#abandoned = true
    this.#lastRead = undefined
    for (const stream of this.#table.values()) stream.abandon()
    for (const set of [this.#table, this.#writing, this.#reading, this.#sendOnly]) set.clear()
  }

  #add(id: number, kind: StreamKind, opener: 'us' | 'peer'): QuicStream {
    const stream = new QuicStream(this.#owner, id, kind, opener)
    this.#table.set(id, stream)
    this.changed(stream)
    return stream
  }
}

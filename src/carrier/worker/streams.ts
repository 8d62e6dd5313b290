/**
 * The streams of one connection. Each side may hold open as many of a kind as the other one
 * granted when the connection was made; a stream that is over at the peer makes room for another.
 *
 * Invariant: a peer can open no stream it was not granted and reopen none that is over, so what it
 * makes us keep is bounded by the grant.
 */
import { limits } from '../../limits.ts'
import type { CarrierStream } from '../carrier.ts'
import {
  countOf,
  kindOf,
  MetStreams,
  openerOf,
  type Role,
  type StreamKind,
  streamId,
} from '../stream-ids.ts'
import type { BatchRecord, ControlRecord } from './batch.ts'
import type { Outbox } from './outbox.ts'
import { type StreamOwner, WorkerStream } from './stream.ts'

/** Records about a stream, or about the room for streams. */
export type StreamRecord = Extract<
  BatchRecord,
  { readonly tag: 'data' | 'end' | 'reset' | 'credit' | 'streamCredit' }
>

export type StreamsOptions = {
  readonly role: Role
  /** Streams of each kind the peer may hold open. */
  readonly granted: number
  readonly outbox: Outbox
  /** Calls `step` in a later turn, unless the connection is over by then. */
  readonly later: (step: () => void) => void
  /** Payload was read or dropped. */
  readonly consumed: (bytes: number) => void
  readonly onStream: (stream: CarrierStream) => void
}

/** Ids are 32 bits, two of which tell the kind. */
const countMax = 2 ** 30

export class Streams implements StreamOwner {
  readonly streamWindowBytes = limits.carrierStreamWindowBytes
  readonly #options: StreamsOptions
  readonly #streams = new Map<number, WorkerStream>()
  readonly #met = new MetStreams()
  readonly #opened = { bidi: 0, uni: 0 }
  /** Of these, streams that are over at the peer. */
  readonly #returned = { bidi: 0, uni: 0 }
  /** Streams the peer may have opened from the beginning until now. */
  readonly #granted: { bidi: number; uni: number }
  /** Streams we may have opened from the beginning until now. */
  #allowed = { bidi: 0, uni: 0 }

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#granted = { bidi: options.granted, uni: options.granted }
  }

  /** What the peer granted us, once we know. */
  allow(count: number): void {
    this.#allowed = { bidi: count, uni: count }
  }

  open(kind: StreamKind): CarrierStream | undefined {
    const count = this.#opened[kind]
    if (count >= Math.min(this.#allowed[kind], countMax)) return undefined
    this.#opened[kind] += 1
    const stream = new WorkerStream(this, streamId(kind, this.#options.role, count), kind, 'us')
    this.#streams.set(stream.id, stream)
    return stream
  }

  /** Applies a record of the peer; what is wrong about it, if anything is. */
  take(record: StreamRecord): string | undefined {
    switch (record.tag) {
      case 'streamCredit':
        if (this.#returned[record.kind] === this.#opened[record.kind]) return 'credit for nothing'
        this.#returned[record.kind] += 1
        this.#allowed[record.kind] += 1
        return undefined
      case 'credit':
        if (this.#streams.get(record.stream)?.onCredit(record.bytes) === false) {
          return 'credit for nothing'
        }
        return undefined
      default:
        return this.#takeOf(record)
    }
  }

  /** The connection is over. */
  abandon(): void {
    for (const stream of this.#streams.values()) stream.abandon()
    this.#streams.clear()
  }

  wants(stream: WorkerStream): void {
    this.#options.outbox.wants(stream)
  }

  control(record: ControlRecord): void {
    this.#options.outbox.control(record)
  }

  consumed(bytes: number): void {
    this.#options.consumed(bytes)
  }

  later(step: () => void): void {
    this.#options.later(step)
  }

  over(stream: WorkerStream): void {
    if (!this.#streams.delete(stream.id) || stream.opener === 'us') return
    this.#granted[stream.kind] += 1
    this.control({ tag: 'streamCredit', kind: stream.kind })
  }

  #takeOf(record: Extract<StreamRecord, { readonly tag: 'data' | 'end' | 'reset' }>) {
    const stream = this.#streamOf(record.stream)
    if (stream === 'forbidden') return 'a stream that is not the peer’s to use'
    if (stream === 'over') {
      // On its way when we gave the stream up.
      if (record.tag === 'data') this.consumed(record.bytes.length)
      return undefined
    }
    if (record.tag === 'data') {
      return stream.onBytes(record.bytes) ? undefined : 'data beyond the stream’s credit or end'
    }
    if (record.tag === 'end') return stream.onPeerEnd() ? undefined : 'a second end of a stream'
    stream.onPeerReset(record.code)
    return undefined
  }

  /** The stream a record is for; one of the peer is met here for the first time. */
  #streamOf(id: number): WorkerStream | 'over' | 'forbidden' {
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    const kind = kindOf(id)
    if (openerOf(id) === this.#options.role) {
      return countOf(id) < this.#opened[kind] ? 'over' : 'forbidden'
    }
    if (countOf(id) >= this.#granted[kind]) return 'forbidden'
    if (!this.#met.meet(id)) return 'over'
    const stream = new WorkerStream(this, id, kind, 'peer')
    this.#streams.set(id, stream)
    this.#options.onStream(stream)
    return stream
  }
}

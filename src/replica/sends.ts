/**
 * A node's own table on its way to those who asked for it: in parts, so many at a time, the next
 * one when the last was acknowledged. Whoever has a version that the table remembers gets the
 * changes since; others get the entries, and then what has changed meanwhile.
 *
 * No effects: the caller sends what `next` gives. Invariant: one answer to one node at a time; what
 * it has when all parts are acknowledged was the table at one moment after it asked.
 */
import type { Head, Table, TableOp } from '../crdt/table.ts'
import { limits } from '../limits.ts'
import type { Chunk, WireOp } from './table-message.ts'

type Send<Value> = {
  readonly id: number
  seq: number
  /** Sequence numbers up to here were acknowledged. */
  heard: number
  /** The entries at this version are being sent; undefined: changes are. */
  entriesAt: number | undefined
  source: Iterator<TableOp<Value>> | undefined
  /** Taken from the source, and too long for the part before. */
  held: TableOp<Value> | undefined
  /** Changes up to here are told. */
  at: number
  /** No more before all is acknowledged. */
  waits: boolean
  ended: boolean
}

export class Sends<Value> {
  readonly #table: Table<Value>
  readonly #encode: (op: TableOp<Value>) => WireOp
  readonly #sends = new Map<string, Send<Value>>()

  constructor(table: Table<Value>, encode: (op: TableOp<Value>) => WireOp) {
    this.#table = table
    this.#encode = encode
  }

  get size(): number {
    return this.#sends.size
  }

  /** `peer` asks; what it was being sent is given up. False when too many are being served. */
  begin(peer: string, id: number, head: Head | undefined): boolean {
    if (!this.#sends.has(peer) && this.#sends.size >= limits.replicaSendsMax) return false
    const knows =
      head !== undefined && this.#table.hasHad(head.epoch) && this.#table.remembers(head.version)
    this.#sends.set(peer, {
      id,
      seq: 0,
      heard: 0,
      entriesAt: knows ? undefined : this.#table.version,
      source: undefined,
      held: undefined,
      at: knows ? head.version : 0,
      waits: false,
      ended: false,
    })
    return true
  }

  /** The next part for `peer`, if it may have one. */
  next(peer: string): Chunk | undefined {
    const send = this.#sends.get(peer)
    if (send === undefined || send.ended) return undefined
    const unheard = send.seq - send.heard
    if (unheard >= limits.replicaChunksUnheardMax || (send.waits && unheard > 0)) return undefined
    send.waits = false
    if (send.entriesAt === undefined && !this.#table.remembers(send.at)) {
      send.entriesAt = this.#table.version
    }
    const chunk =
      send.entriesAt === undefined ? this.#changes(send) : this.#entries(send, send.entriesAt)
    send.ended = chunk.end
    if (chunk.end) this.#sends.delete(peer)
    return chunk
  }

  /** False when that is no part which `peer` has been sent. */
  heard(peer: string, id: number, seq: number): boolean {
    const send = this.#sends.get(peer)
    if (send === undefined || send.id !== id || seq <= send.heard || seq > send.seq) return false
    send.heard = seq
    return true
  }

  /** True while `peer` has not been sent all. */
  has(peer: string): boolean {
    return this.#sends.has(peer)
  }

  drop(peer: string): void {
    this.#sends.delete(peer)
  }

  #entries(send: Send<Value>, version: number): Chunk {
    const first = send.source === undefined
    send.source ??= this.#table.entriesOf(version)
    const batch = new Batch(this.#encode)
    let last = false
    for (;;) {
      const op = send.held ?? send.source.next().value
      send.held = undefined
      if (op === undefined) {
        last = true
        break
      }
      if (batch.add(op)) continue
      send.held = op
      break
    }
    if (last) {
      Object.assign(send, { entriesAt: undefined, source: undefined, at: version, waits: true })
    }
    const end = last && this.#table.version === version
    return this.#chunk(send, { kind: 'entries', from: 0, to: version, first, last, end }, batch)
  }

  #changes(send: Send<Value>): Chunk {
    const from = send.at
    const batch = new Batch(this.#encode)
    for (const [version, op] of this.#table.since(from)) {
      if (op !== undefined && !batch.add(op)) break
      send.at = version
    }
    const last = send.at === this.#table.version
    const to = send.at
    return this.#chunk(send, { kind: 'changes', from, to, first: false, last, end: last }, batch)
  }

  #chunk(
    send: Send<Value>,
    part: Pick<Chunk, 'kind' | 'from' | 'first' | 'last' | 'end'> & { readonly to: number },
    { ops }: Batch<Value>,
  ): Chunk {
    const { to, ...rest } = part
    send.seq += 1
    const head = { epoch: this.#table.head.epoch, version: to }
    return { tag: 'chunk', id: send.id, seq: send.seq, head, ...rest, ops }
  }
}

/** Ops of one message; at least one, however long. */
export class Batch<Value> {
  readonly ops: WireOp[] = []
  readonly #encode: (op: TableOp<Value>) => WireOp
  readonly #maxBytes: number
  #bytes = 0

  constructor(encode: (op: TableOp<Value>) => WireOp, maxBytes = limits.replicaChunkMaxBytes) {
    this.#encode = encode
    this.#maxBytes = maxBytes
  }

  /** False when there is no room for it. */
  add(op: TableOp<Value>): boolean {
    const bytes = op.tag === 'put' ? op.bytes : op.key.length
    if (this.ops.length >= limits.replicaChunkOpsMax) return false
    if (this.ops.length > 0 && this.#bytes + bytes > this.#maxBytes) return false
    this.#bytes += bytes
    this.ops.push(this.#encode(op))
    return true
  }
}

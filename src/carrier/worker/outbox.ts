/**
 * What a connection has to say, gathered into batches: everything of one turn leaves together when
 * the turn is over. Control records go first; then streams in turn, a piece of each, so that a long
 * one cannot hold the others, as far as the windows of the streams and of the connection allow.
 *
 * Invariant: what was posted and is not known to be read never exceeds the connection's window, and
 * control records answer something of the peer's or of our own API: nothing here grows by itself.
 */
import type { Platform } from '../../../runtime/platform/platform.ts'
import { limits } from '../../limits.ts'
import {
  batchCostBytes,
  type ControlRecord,
  dataHeaderBytes,
  type OutgoingData,
  writeBatch,
} from './batch.ts'
import type { WorkerStream } from './stream.ts'

/** One stream's share of a batch before the next one's turn. */
const pieceMaxBytes = 64 * 1024

export class Outbox {
  readonly #platform: Platform
  readonly #post: (batch: Uint8Array<ArrayBuffer>) => void
  readonly #windowMaxBytes: number
  #control: ControlRecord[] = []
  /** Streams that may have something to send, the next one first. */
  readonly #wanting = new Set<WorkerStream>()
  #window: number
  #sentBytes = 0
  #pongDue = false
  #armed = false
  #over = false

  /** `post` takes a batch, whose buffer is its own. */
  constructor(
    platform: Platform,
    windowBytes: number,
    post: (batch: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.#platform = platform
    this.#windowMaxBytes = windowBytes
    this.#window = windowBytes
    this.#post = post
  }

  /** Payload that was posted. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  control(record: ControlRecord): void {
    if (this.#over) return
    this.#control.push(record)
    this.#arm()
  }

  /** Questions that wait for the same batch get one answer. */
  answerPing(): void {
    if (this.#pongDue) return
    this.#pongDue = true
    this.control({ tag: 'pong' })
  }

  wants(stream: WorkerStream): void {
    this.#wanting.add(stream)
    this.#arm()
  }

  /** The peer read so many bytes. False: more than was ever sent. */
  credit(bytes: number): boolean {
    if (this.#window + bytes > this.#windowMaxBytes) return false
    this.#window += bytes
    if (this.#wanting.size > 0) this.#arm()
    return true
  }

  /** Sends what may be sent now, with `last` after it, and nothing ever again. No callback runs. */
  finish(last: ControlRecord | undefined): void {
    if (this.#over) return
    if (last !== undefined) {
      for (let records = this.#gather(); records.length > 0; records = this.#gather()) {
        this.#post(writeBatch(records))
      }
      this.#post(writeBatch([last]))
    }
    this.#over = true
    this.#control = []
    this.#wanting.clear()
  }

  #arm(): void {
    if (this.#armed || this.#over) return
    this.#armed = true
    this.#platform.turn.soon(() => {
      this.#armed = false
      this.#flush()
    })
  }

  #flush(): void {
    const asked = new Set<WorkerStream>()
    while (!this.#over) {
      const records = this.#gather(asked)
      if (records.length === 0) break
      this.#post(writeBatch(records))
    }
    for (const stream of asked) stream.afterBatch()
  }

  /** The records of the next batch; notes in `asked` the streams that were looked at. */
  #gather(asked?: Set<WorkerStream>): (ControlRecord | OutgoingData)[] {
    const records: (ControlRecord | OutgoingData)[] = this.#control
    this.#control = []
    this.#pongDue = false
    let room = limits.carrierWorkerBatchBytes
    let cost = batchCostBytes
    for (const stream of this.#wanting) {
      asked?.add(stream)
      const most = Math.min(pieceMaxBytes, room, this.#window - cost - dataHeaderBytes)
      if (most <= 0) break
      this.#wanting.delete(stream)
      const piece = stream.nextPiece(most)
      if (piece !== undefined) {
        records.push(piece)
        room -= piece.length
        this.#sentBytes += piece.length
        this.#window -= piece.length + dataHeaderBytes + cost
        cost = 0
        // At the end of the line; a stream that has no more says so when it is asked again.
        this.#wanting.add(stream)
      }
      if (stream.endsNow()) {
        records.push({ tag: 'end', stream: stream.id })
        this.#wanting.delete(stream)
      }
    }
    return records
  }
}

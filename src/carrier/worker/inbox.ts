/**
 * Batches that have arrived. They are read at once, but not for longer than a share of a turn: a
 * port of Node's hands over a thousand messages in one turn of the event loop, during which no
 * timer fires. The rest waits for the turns that follow, as does everything that comes before
 * somebody listens.
 *
 * Invariant: batches are read in the order in which they came, and an end of the port after them.
 * What waits is bounded by `maxBytes`; a peer that exceeds it broke its credit.
 */
import type { Platform } from '../../../runtime/platform/platform.ts'
import { limits } from '../../limits.ts'
import { batchCostBytes } from './batch.ts'

export type InboxReader = {
  /** Somebody listens. */
  ready(): boolean
  read(batch: Uint8Array): void
  /** The port has closed, and everything before that was read. */
  closed(): void
}

export class Inbox {
  readonly #platform: Platform
  readonly #reader: InboxReader
  readonly #maxBytes: number
  #waiting: Uint8Array[] = []
  /** Index of the first batch not read. */
  #next = 0
  #waitingBytes = 0
  /** Bytes read in this turn of the event loop. */
  #readBytes = 0
  #armed = false
  #portClosed = false
  #over = false

  constructor(platform: Platform, maxBytes: number, reader: InboxReader) {
    this.#platform = platform
    this.#maxBytes = maxBytes
    this.#reader = reader
  }

  /** A batch came. False: more waits than may. */
  push(batch: Uint8Array): boolean {
    if (this.#over) return true
    this.#waiting.push(batch)
    this.#waitingBytes += batch.length + batchCostBytes
    if (this.#waitingBytes > this.#maxBytes) return false
    this.#drain()
    return true
  }

  /** The port closed: nothing comes any more. */
  close(): void {
    this.#portClosed = true
    this.#drain()
  }

  /** Somebody may listen now: in a later turn. */
  wake(): void {
    this.#arm()
  }

  /** Nothing of it matters any more. */
  stop(): void {
    this.#over = true
    this.#waiting = []
    this.#next = 0
    this.#waitingBytes = 0
  }

  #drain(): void {
    while (!this.#over && this.#reader.ready()) {
      if (this.#readBytes >= limits.carrierWorkerTurnBytes) break
      const batch = this.#take()
      if (batch !== undefined) this.#reader.read(batch)
      else if (this.#portClosed) {
        this.stop()
        this.#reader.closed()
      } else break
    }
    if (this.#readBytes > 0) this.#arm()
  }

  #take(): Uint8Array | undefined {
    const batch = this.#waiting[this.#next]
    if (batch === undefined) return undefined
    this.#next += 1
    // All at once, or when half is read: no removal is linear in what waits.
    if (this.#next * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    const bytes = batch.length + batchCostBytes
    this.#waitingBytes -= bytes
    this.#readBytes += bytes
    return batch
  }

  /** In a later turn of the event loop there is a new share. */
  #arm(): void {
    if (this.#armed || this.#over) return
    this.#armed = true
    this.#platform.turn.later(() => {
      this.#armed = false
      this.#readBytes = 0
      this.#drain()
    })
  }
}

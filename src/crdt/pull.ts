/**
 * Merging somebody's whole map, in one piece or in many with other things in between. What a piece
 * holds is merged at once. What the map lacks is known only at the end, and only if nothing of it
 * was refused here: until then nothing is concluded from it.
 *
 * What is written or learned here meanwhile is not lost: it is later than the floor of the map, or
 * the map lacks it rightly.
 */
import { maxHlc } from '../hlc/index.ts'
import { absorbClock, accept, type Ingest } from './ingest.ts'
import type { MapChange, OrMap } from './or-map.ts'
import type { Seen } from './seen.ts'
import { headerFromTerm, type WholeHeader } from './whole.ts'

export type Pulled<Value> = {
  readonly tag: 'ok'
  readonly changes: readonly MapChange<Value>[]
  /** Entries that were not taken; with any, the map does not count as seen. */
  readonly refused: number
}

export type PullOptions<Value> = {
  readonly map: OrMap<Value>
  readonly seen: Seen
  readonly header: WholeHeader
  readonly using: Ingest<Value>
  /** All of it was taken. */
  readonly onWhole: () => void
}

export class Pull<Value> {
  readonly #options: PullOptions<Value>
  readonly #held = new Set<string>()
  #refused = 0
  #ended = false

  constructor(options: PullOptions<Value>) {
    this.#options = options
  }

  /** Merges a piece, as `mapDelta` made it. One that is no map counts as refused. */
  take(piece: unknown): Pulled<Value> {
    const { map, using } = this.#options
    const accepted = accept(piece, using)
    if (accepted === undefined) return this.#answer([], 1)
    absorbClock(accepted.entries, using.clock)
    for (const key of accepted.entries.keys()) this.#held.add(key)
    const { changes, refused } = map.merge(accepted.entries)
    return this.#answer(changes, accepted.refused + refused)
  }

  /**
   * That was all. `last` is the header again, made with the last piece: what was settled in between
   * is in no piece. `refused` is of all pieces together. Does nothing a second time.
   */
  end(last?: unknown): Pulled<Value> {
    const { map, seen, header, using, onWhole } = this.#options
    const settled = headerFromTerm(last)?.floor ?? header.floor
    if (!using.clock.accepts(settled)) this.#refused += 1
    if (this.#ended || this.#refused > 0) return { tag: 'ok', changes: [], refused: this.#refused }
    this.#ended = true
    using.clock.absorb(settled)
    const changes = map.adopt(this.#held, maxHlc(header.floor, settled))
    seen.merge(header.seen)
    onWhole()
    return { tag: 'ok', changes, refused: 0 }
  }

  #answer(changes: readonly MapChange<Value>[], refused: number): Pulled<Value> {
    this.#refused += refused
    return { tag: 'ok', changes, refused }
  }
}

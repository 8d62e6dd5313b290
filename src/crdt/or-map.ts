/**
 * A multi-writer map whose last write wins: every node may write every key, and nodes that hold the
 * same writes hold the same map, in whatever order the writes came. A mutable structure without
 * effects: dots are given to it, clocks and messages are the caller's.
 *
 * Invariant: a removal that has been seen here is never undone by an older write. Its tombstone is
 * kept until everybody is known to have seen all writes up to it; `collect` then drops it and
 * raises the *floor* to there. What is not in the map and not later than the floor was removed, so
 * an older write that turns up afterwards, from a queue or a node that was away, is refused; and a
 * peer that has a higher floor and lacks a key knows of a removal that was forgotten (`lacks`).
 * The seeds drop tombstones by age, and whoever was away for longer brings the dead back.
 *
 * A full map takes no new keys. It refuses tombstones then too, and remembers the latest one it
 * refused, below which it takes no unknown keys any more.
 */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { compareHlc, type Hlc, maxHlc, zeroHlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'
import {
  type Dot,
  exceeds,
  type MapEntry,
  type Tombstone,
  type ValueEntry,
  type ValueRank,
} from './entry.ts'

/** How an entry of the map was replaced; without `after` a removal is forgotten. */
export type MapChange<Value> = {
  readonly key: string
  readonly before: MapEntry<Value> | undefined
  readonly after: MapEntry<Value> | undefined
}

export type MapWritten<Kind> =
  | { readonly tag: 'ok'; readonly entry: Kind }
  /** `older`: the key holds a later write. `full`: there is no room for another key. */
  | { readonly tag: 'error'; readonly reason: 'older' | 'full' }

export type MapMerged<Value> = {
  /** What is different now, tombstones included. */
  readonly changes: readonly MapChange<Value>[]
  /** Entries for which there was no room. */
  readonly refused: number
}

export type OrMapOptions<Value> = {
  /** Orders two values that one dot carries, as the canonical text of each. */
  readonly rank: ValueRank<Value>
  /** Keys, removed ones included. Default `limits.crdtKeysMax`. */
  readonly keysMax?: number
}

type Outcome = 'taken' | 'older' | 'full'

export class OrMap<Value> {
  readonly #entries = new Map<string, MapEntry<Value>>()
  readonly #removed = new Set<string>()
  readonly #rank: ValueRank<Value>
  readonly #keysMax: number
  #floor = zeroHlc
  /** The latest tombstone that found no room. */
  #refusedUpTo = zeroHlc

  /** Throws `BadArgument` for a number of keys that is none. */
  constructor({ rank, keysMax = limits.crdtKeysMax }: OrMapOptions<Value>) {
    if (!Number.isSafeInteger(keysMax) || keysMax < 1) {
      throw new BadArgument(`keysMax: expected a whole number of at least 1, got ${show(keysMax)}`)
    }
    this.#rank = rank
    this.#keysMax = keysMax
  }

  /** Live keys. */
  get size(): number {
    return this.#entries.size - this.#removed.size
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  get tombstones(): number {
    return this.#removed.size
  }

  /** Everything up to this is settled: what is absent and not later was removed. */
  get floor(): Hlc {
    return this.#floor
  }

  has(key: string): boolean {
    return this.#entries.get(key)?.tag === 'value'
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    return entry?.tag === 'value' ? entry.value : undefined
  }

  /** The entry under `key`, be it a tombstone. */
  getEntry(key: string): MapEntry<Value> | undefined {
    return this.#entries.get(key)
  }

  *keys(): Generator<string> {
    for (const [key] of this.toList()) yield key
  }

  /** Live keys and their values. */
  *toList(): Generator<readonly [key: string, value: Value]> {
    for (const [key, entry] of this.#entries) {
      if (entry.tag === 'value') yield [key, entry.value]
    }
  }

  /** All entries, tombstones included. A view: it changes with the map. */
  entries(): ReadonlyMap<string, MapEntry<Value>> {
    return this.#entries
  }

  /** `dot` is fresh: minted for this write, after everything the map has been shown. */
  add(key: string, value: Value, dot: Dot): MapWritten<ValueEntry<Value>> {
    return this.#write(key, { tag: 'value', dot, value })
  }

  /** Removes `key`, whether or not it is known here. */
  remove(key: string, dot: Dot): MapWritten<Tombstone> {
    return this.#write(key, { tag: 'tombstone', dot })
  }

  /** Takes the greater write for every key. Commutative, associative and idempotent. */
  merge(entries: Iterable<readonly [key: string, entry: MapEntry<Value>]>): MapMerged<Value> {
    const changes: MapChange<Value>[] = []
    let refused = 0
    for (const [key, entry] of entries) {
      const before = this.#entries.get(key)
      const outcome = this.#take(key, entry)
      if (outcome === 'taken') changes.push({ key, before, after: entry })
      else if (outcome === 'full') refused += 1
    }
    return { changes, refused }
  }

  /**
   * Somebody who has settled everything up to `floor` has none of these keys: what they hold here
   * and is not later was removed. Entries that are later stay.
   */
  lacks(keys: Iterable<string>, floor: Hlc): readonly MapChange<Value>[] {
    const changes: MapChange<Value>[] = []
    for (const key of keys) {
      const before = this.#entries.get(key)
      if (before === undefined || compareHlc(before.dot.hlc, floor) > 0) continue
      this.#forget(key)
      changes.push({ key, before, after: undefined })
    }
    return changes
  }

  /**
   * Takes over what somebody's whole map, merged before, proves by what it lacks: `held` has its
   * keys, `floor` is its floor.
   */
  adopt(held: { readonly has: (key: string) => boolean }, floor: Hlc): readonly MapChange<Value>[] {
    const dropped = this.lacks(this.#besides(held), floor)
    this.#floor = maxHlc(this.#floor, floor)
    return dropped
  }

  /**
   * Forgets removals that all `members` have seen: `confirmedBy` says up to when each has seen
   * every write of everybody. Members are this node and all that may come back with a map of their
   * own; one that has confirmed nothing keeps everything. Returns how many were forgotten.
   */
  collect(confirmedBy: ReadonlyMap<string, Hlc>, members: Iterable<string>): number {
    let settled: Hlc | undefined
    for (const member of members) {
      const confirmed = confirmedBy.get(member) ?? zeroHlc
      if (settled === undefined || compareHlc(confirmed, settled) < 0) settled = confirmed
    }
    if (settled === undefined || compareHlc(settled, this.#floor) <= 0) return 0
    this.#floor = settled
    return this.lacks(this.#removed, settled).length
  }

  #write<Kind extends MapEntry<Value>>(key: string, entry: Kind): MapWritten<Kind> {
    const outcome = this.#take(key, entry)
    return outcome === 'taken' ? { tag: 'ok', entry } : { tag: 'error', reason: outcome }
  }

  #take(key: string, entry: MapEntry<Value>): Outcome {
    const { hlc } = entry.dot
    const known = this.#entries.get(key)
    if (known === undefined) {
      if (compareHlc(hlc, this.#floor) <= 0) return 'older'
      if (compareHlc(hlc, this.#refusedUpTo) <= 0) return 'full'
      if (this.#entries.size >= this.#keysMax) {
        if (entry.tag === 'tombstone') this.#refusedUpTo = hlc
        return 'full'
      }
    } else if (!exceeds(entry, known, this.#rank)) {
      return 'older'
    }
    this.#entries.set(key, entry)
    if (entry.tag === 'tombstone') this.#removed.add(key)
    else this.#removed.delete(key)
    return 'taken'
  }

  *#besides(held: { readonly has: (key: string) => boolean }): Generator<string> {
    for (const key of this.#entries.keys()) if (!held.has(key)) yield key
  }

  #forget(key: string): void {
    this.#entries.delete(key)
    this.#removed.delete(key)
  }
}

/**
 * One node's copy of a multi-writer map, with what must go together for removals to hold: the map,
 * the clock that stamps its writes, and what it includes of others (`Seen`). No effects: whoever
 * drives it sends deltas and whole maps around, logs them, and says who the members are.
 *
 * Pull first: a copy begins *joining*. Until it has merged the whole map of somebody, or was told
 * that there is nobody (`standAlone`), it takes neither deltas nor writes: an old delta still on
 * its way could bring back what the others have forgotten they removed, and a write could be older
 * than what they have settled. Merging a whole map brings the clock past all of that.
 *
 * One write mints one entry, which serves the map, the delta and the log alike.
 */
import { compareHlc, type Hlc, type HlcClock, maxHlc } from '../hlc/index.ts'
import type { Dot, MapEntry, ValueRank } from './entry.ts'
import { type Ingest, type Ingested, ingest, mapDelta } from './ingest.ts'
import { OrMap } from './or-map.ts'
import { Pull, type Pulled } from './pull.ts'
import { Seen } from './seen.ts'
import { headerFromTerm, headerToTerm, type WholeHeaderTerm, type WholeTerm } from './whole.ts'

export type MapStoreOptions<Value> = {
  /** The name of this node. */
  readonly node: string
  readonly clock: HlcClock
  readonly isValue: (value: unknown) => value is Value
  readonly rank: ValueRank<Value>
  /** See `OrMapOptions`. */
  readonly keysMax?: number
}

export type MapStoreWritten<Value> =
  | { readonly tag: 'ok'; readonly entry: MapEntry<Value> }
  | { readonly tag: 'error'; readonly reason: 'joining' | 'older' | 'full' }

/** Not a whole map, or its times are too far ahead. The map is as it was. */
export type PullError = { readonly tag: 'error'; readonly reason: 'malformed' | 'future' }

export type MapPulled<Value> = Pulled<Value> | PullError

export class MapStore<Value> {
  readonly map: OrMap<Value>
  readonly seen = new Seen()
  readonly #node: string
  readonly #clock: HlcClock
  readonly #ingest: Ingest<Value>
  #joining = true

  constructor({ node, clock, isValue, rank, keysMax }: MapStoreOptions<Value>) {
    this.#node = node
    this.#clock = clock
    this.#ingest = { isValue, clock }
    this.map = new OrMap(keysMax === undefined ? { rank } : { rank, keysMax })
  }

  get joining(): boolean {
    return this.#joining
  }

  /** There is nobody to pull from. */
  standAlone(): void {
    this.#joining = false
  }

  put(key: string, value: Value): MapStoreWritten<Value> {
    if (this.#joining) return { tag: 'error', reason: 'joining' }
    return this.map.add(key, value, this.#dot())
  }

  remove(key: string): MapStoreWritten<Value> {
    if (this.#joining) return { tag: 'error', reason: 'joining' }
    return this.map.remove(key, this.#dot())
  }

  /** Entries of others, as `mapDelta` made them. Changes nothing while joining. */
  receive(delta: unknown): Ingested<Value> {
    if (this.#joining) return { entries: new Map(), refused: 0, changes: [] }
    return ingest(this.map, delta, this.#ingest)
  }

  /** The whole map as it is now, for a node that pulls and for the disk. */
  whole(): WholeTerm {
    return { ...this.header(), entries: mapDelta(this.map.entries()) }
  }

  /**
   * The same without the entries, for those who send or store them in pieces: all that are in the
   * map from now on must follow, each as it is when its piece is made. To a node that pulls it goes
   * once more with the last piece (`Pull.end`), if anything was collected in between.
   */
  header(): WholeHeaderTerm {
    this.seen.merge([[this.#node, this.#clock.now()]])
    return headerToTerm(this.map.floor, this.seen)
  }

  /**
   * Merges what another node's `whole` gave. Ends joining when all of it was taken: what a joining
   * node merges must be the answer to a question it asked after it started, since one that was on
   * its way before may be older than what this node itself confirmed.
   */
  pull(whole: unknown): MapPulled<Value> {
    return this.#mergeWhole(whole, this.beginPull(whole))
  }

  /**
   * The same in pieces: `header` of the other node first, then pieces of its entries, and at the
   * end its `header` as it is then.
   */
  beginPull(header: unknown): Pull<Value> | PullError {
    return this.#begin(header, this.#ingest, () => {
      this.#joining = false
    })
  }

  /**
   * What `whole` of this node gave before it was restarted. Its times are believed however far
   * ahead they are. Does not end joining: others may have forgotten removals meanwhile.
   */
  restore(whole: unknown): MapPulled<Value> {
    return this.#mergeWhole(
      whole,
      this.#begin(whole, this.#own(), () => undefined),
    )
  }

  /** A delta that this node logged after that. */
  restoreDelta(delta: unknown): Ingested<Value> {
    return ingest(this.map, delta, this.#own())
  }

  /**
   * Up to here this node has seen every write, by whichever of `members`. To be told to them once
   * the map is on disk, where it is kept on disk at all.
   */
  confirmed(members: Iterable<string>): Hlc {
    let lowest = this.#clock.now()
    for (const member of members) {
      const upTo = this.seen.upTo(member)
      if (member !== this.#node && compareHlc(upTo, lowest) < 0) lowest = upTo
    }
    return lowest
  }

  #dot(): Dot {
    return { hlc: this.#clock.now(), node: this.#node }
  }

  #own(): Ingest<Value> {
    const { isValue } = this.#ingest
    return { isValue, clock: { accepts: () => true, absorb: (own) => this.#clock.recover(own) } }
  }

  #begin(term: unknown, using: Ingest<Value>, onWhole: () => void): Pull<Value> | PullError {
    const header = headerFromTerm(term)
    if (header === undefined) return { tag: 'error', reason: 'malformed' }
    const latest = [...header.seen.values()].reduce(maxHlc, header.floor)
    if (!using.clock.accepts(latest)) return { tag: 'error', reason: 'future' }
    using.clock.absorb(latest)
    return new Pull({ map: this.map, seen: this.seen, header, using, onWhole })
  }

  #mergeWhole(whole: unknown, pull: Pull<Value> | PullError): MapPulled<Value> {
    if (!(pull instanceof Pull)) return pull
    const entries = entriesOf(whole)
    if (!(entries instanceof Map)) return { tag: 'error', reason: 'malformed' }
    const { changes, refused } = pull.take(entries)
    return { tag: 'ok', changes: [...changes, ...pull.end().changes], refused }
  }
}

function entriesOf(whole: unknown): unknown {
  return typeof whole === 'object' && whole !== null && 'entries' in whole
    ? whole.entries
    : undefined
}

/**
 * What others say a map holds, before it is believed: the entries of a payload that are entries,
 * carry values the map's owner accepts and timestamps the clock accepts. One bad entry costs that
 * entry only, a payload that is no map is an empty one, and nothing here throws.
 *
 * Order matters: the clock absorbs what is accepted before it is merged, so that whatever this node
 * writes next is later than everything it has been shown.
 */
import type { Hlc } from '../hlc/index.ts'
import { type EntryTerm, entryFromTerm, entryToTerm, isKey, type MapEntry } from './entry.ts'
import type { MapChange, OrMap } from './or-map.ts'

/** What reading needs of a clock. */
export type ReadClock = {
  accepts(hlc: Hlc): boolean
  absorb(hlc: Hlc): void
}

export type Ingest<Value> = {
  readonly clock: ReadClock
  /** True for what may be a value of this map. One that throws says no. */
  readonly isValue: (value: unknown) => value is Value
}

export type Accepted<Value> = {
  readonly entries: ReadonlyMap<string, MapEntry<Value>>
  /** Entries of the payload that were not accepted. */
  readonly refused: number
}

export type Ingested<Value> = Accepted<Value> & { readonly changes: readonly MapChange<Value>[] }

/** A delta in a term: a fragment of a map, or the whole. */
export type DeltaTerm = ReadonlyMap<string, EntryTerm>

/** Undefined when it is no map. */
export function accept<Value>(
  payload: unknown,
  { clock, isValue }: Ingest<Value>,
): Accepted<Value> | undefined {
  if (!(payload instanceof Map)) return undefined
  const entries = new Map<string, MapEntry<Value>>()
  let refused = 0
  for (const [key, term] of payload) {
    const entry = isKey(key) ? entryFromTerm(term, isValue) : undefined
    if (entry !== undefined && clock.accepts(entry.dot.hlc)) entries.set(key, entry)
    else refused += 1
  }
  return { entries, refused }
}

/** Accepts, absorbs and merges a delta. A payload that is no map changes nothing. */
export function ingest<Value>(
  map: OrMap<Value>,
  payload: unknown,
  using: Ingest<Value>,
): Ingested<Value> {
  const accepted = accept(payload, using)
  if (accepted === undefined) return { entries: new Map(), refused: 0, changes: [] }
  absorbClock(accepted.entries, using.clock)
  const { changes, refused } = map.merge(accepted.entries)
  return { entries: accepted.entries, refused: accepted.refused + refused, changes }
}

/** Brings the clock past every entry. */
export function absorbClock(
  entries: ReadonlyMap<string, MapEntry<unknown>>,
  clock: ReadClock,
): void {
  for (const { dot } of entries.values()) clock.absorb(dot.hlc)
}

export function mapDelta<Value>(entries: Iterable<readonly [string, MapEntry<Value>]>): DeltaTerm {
  const term = new Map<string, EntryTerm>()
  for (const [key, entry] of entries) term.set(key, entryToTerm(entry))
  return term
}

/**
 * A multi-writer map on disk. Its log holds deltas, the entries as they were minted or learned:
 * replaying mints nothing. Its snapshot is the whole map in pieces, first what it includes
 * (`floor`, `seen`) and then its entries.
 *
 * Invariant: a map is never believed to lack what only its file lacks. Where anything of the
 * snapshot is missing, its floor and what it has seen are left out: the entries that are there are
 * merged, and what the others hold comes back when the map pulls.
 */
import {
  type DeltaTerm,
  type MapEntry,
  type MapStore,
  mapDelta,
  type WholeHeaderTerm,
} from '../crdt/index.ts'
import { hlcToTerm, zeroHlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'
import type { OpenedLog } from './open.ts'

export type MapRecovery = {
  /** Entries that are no entries of this map any more, as after a change of what its values are. */
  readonly refused: number
  /** The snapshot was whole; otherwise the map knows less than it did. */
  readonly complete: boolean
}

/** Puts what a log held into a map that is new. Its clock is past all of it afterwards. */
export function recoverMap<Value>(store: MapStore<Value>, opened: OpenedLog): MapRecovery {
  const [head] = opened.snapshot
  const entries = new Map<unknown, unknown>()
  for (const piece of opened.snapshot) {
    if (piece instanceof Map) for (const [key, entry] of piece) entries.set(key, entry)
  }
  const nothing = { floor: hlcToTerm(zeroHlc), seen: new Map() }
  const trusted = opened.complete && typeof head === 'object' ? head : nothing
  const restored = store.restore({ ...nothing, ...trusted, entries })
  const whole = restored.tag === 'ok' && restored.refused === 0
  let refused = restored.tag === 'ok' ? restored.refused : entries.size
  for (const delta of opened.records) refused += store.restoreDelta(delta).refused
  return { refused, complete: opened.complete && whole }
}

/** The terms of a snapshot of `store`, to be taken one at a time while the map may change. */
export function* mapSnapshot<Value>(
  store: MapStore<Value>,
  entriesPerTerm: number = limits.logEntriesPerTerm,
): Generator<WholeHeaderTerm | DeltaTerm> {
  yield store.header()
  let piece: (readonly [string, MapEntry<Value>])[] = []
  for (const pair of store.map.entries()) {
    piece.push(pair)
    if (piece.length < entriesPerTerm) continue
    yield mapDelta(piece)
    piece = []
  }
  if (piece.length > 0) yield mapDelta(piece)
}

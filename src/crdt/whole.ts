/**
 * A whole map in a term, with what it includes: the one message that shows what is *not* in a map.
 * Read with a check; never throws.
 */
import { type Hlc, type HlcTerm, hlcFromTerm, hlcToTerm } from '../hlc/index.ts'
import { limits } from '../limits.ts'
import { isAuthor } from './entry.ts'
import type { DeltaTerm } from './ingest.ts'
import type { Seen } from './seen.ts'

/** What a map includes, without its entries. */
export type WholeHeaderTerm = {
  readonly floor: HlcTerm
  readonly seen: ReadonlyMap<string, HlcTerm>
}

export type WholeTerm = WholeHeaderTerm & { readonly entries: DeltaTerm }

/** The same, read. */
export type WholeHeader = {
  readonly floor: Hlc
  readonly seen: ReadonlyMap<string, Hlc>
}

export function headerToTerm(floor: Hlc, seen: Seen): WholeHeaderTerm {
  const times = new Map<string, HlcTerm>()
  for (const [node, upTo] of seen.entries()) times.set(node, hlcToTerm(upTo))
  return { floor: hlcToTerm(floor), seen: times }
}

/** Undefined for what is no such term. */
export function headerFromTerm(term: unknown): WholeHeader | undefined {
  if (typeof term !== 'object' || term === null) return undefined
  if (!('floor' in term && 'seen' in term)) return undefined
  const floor = hlcFromTerm(term.floor)
  const seen = timesOf(term.seen)
  return floor && seen && { floor, seen }
}

function timesOf(term: unknown): ReadonlyMap<string, Hlc> | undefined {
  if (!(term instanceof Map) || term.size > limits.crdtNodesMax) return undefined
  const times = new Map<string, Hlc>()
  for (const [node, time] of term) {
    const upTo = hlcFromTerm(time)
    if (upTo === undefined || !isAuthor(node)) return undefined
    times.set(node, upTo)
  }
  return times
}

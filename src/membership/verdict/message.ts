/**
 * Messages of the failure verdict, plain data. News (`alive`, `suspect`, `down`) are broadcast, and
 * travel directly as well; the others go over a channel between two nodes, and their sender is the
 * authenticated node of that channel, never a field. Decoding checks every field, and never throws.
 *
 * `alive` is what a node says of itself, whoever passes it on. `by` in the other two is what the
 * origin says of itself, and is trusted as far as counting goes: accusers only shorten a suspicion
 * to its least, within which the accused can answer.
 */
import { limits } from '../../limits.ts'
import { isFields, isName, isUint, listOf } from '../fields.ts'
import { decodeMetadata, isVersion } from './description.ts'
import type { Authored } from './member.ts'

export type News =
  | ({ readonly tag: 'alive'; readonly node: string } & Authored)
  | {
      /** `down`: the verdict of `by` has fallen. */
      readonly tag: 'suspect' | 'down'
      readonly node: string
      readonly incarnation: number
      readonly by: string
    }

/** A part of the member table and the digests of its sixteen parts: low and high lane in turn. */
export type Parts = { readonly path: string; readonly sums: readonly number[] }

/** The live members of a part of the member table. */
export type Listing = {
  readonly path: string
  readonly members: readonly { readonly node: string; readonly incarnation: number }[]
}

export type VerdictMessage =
  | News
  | { readonly tag: 'probe'; readonly seq: number }
  /** Probe this node for me. */
  | { readonly tag: 'probeRequest'; readonly seq: number; readonly node: string }
  /** `node` answered; the sender itself, or the one it probed for us. */
  | { readonly tag: 'ack'; readonly seq: number; readonly node: string }
  /** I am here, and had no answer from `node`. */
  | { readonly tag: 'nack'; readonly seq: number; readonly node: string }
  | {
      readonly tag: 'digest'
      readonly live: number
      readonly low: number
      readonly high: number
    }
  /** Where the tables differ: parts to compare, and parts so small that they are listed. */
  | {
      readonly tag: 'differ'
      readonly parts: readonly Parts[]
      readonly listings: readonly Listing[]
    }
  /** `want`: names to be told of in turn. `more`: there is more, begin again. */
  | {
      readonly tag: 'entries'
      readonly news: readonly News[]
      readonly want: readonly string[]
      readonly more: boolean
    }

/** Undefined for anything that is not a message of the verdict within its limits. */
export function decodeVerdict(term: unknown): VerdictMessage | undefined {
  if (!isFields(term)) return undefined
  const { tag, seq, node, live, low, high, more } = term
  switch (tag) {
    case 'probe':
      return isUint(seq) ? { tag, seq } : undefined
    case 'probeRequest':
    case 'ack':
    case 'nack':
      return isUint(seq) && isName(node) ? { tag, seq, node } : undefined
    case 'digest':
      return isUint(live) && isUint(low) && isUint(high) ? { tag, live, low, high } : undefined
    case 'differ': {
      const parts = listOf(term.parts, limits.verdictPartsMax, decodeParts)
      const listings = listOf(term.listings, limits.verdictListingsMax, decodeListing)
      if (parts === undefined || listings === undefined) return undefined
      return { tag, parts, listings }
    }
    case 'entries': {
      const news = listOf(term.news, limits.verdictEntriesMax, decodeNews)
      const want = listOf(term.want, limits.verdictEntriesMax, nameIn)
      if (news === undefined || want === undefined || typeof more !== 'boolean') return undefined
      return { tag, news, want, more }
    }
    default:
      return decodeNews(term)
  }
}

/** Undefined for anything that is not news within its limits: what broadcasts carry. */
export function decodeNews(term: unknown): News | undefined {
  if (!isFields(term)) return undefined
  const { tag, node, incarnation, by, creation, version, left } = term
  if (!isName(node) || !isIncarnation(incarnation)) return undefined
  switch (tag) {
    case 'suspect':
    case 'down':
      return isName(by) ? { tag, node, incarnation, by } : undefined
    case 'alive': {
      const metadata = decodeMetadata(term.metadata)
      if (!isUint(creation) || !isVersion(version) || metadata === undefined) return undefined
      if (typeof left !== 'boolean') return undefined
      return { tag, node, incarnation, creation, version, metadata, left }
    }
    default:
      return undefined
  }
}

function isIncarnation(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function nameIn(value: unknown): string | undefined {
  return isName(value) ? value : undefined
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{0,8}$/.test(value)
}

function decodeParts(value: unknown): Parts | undefined {
  if (!isFields(value) || !isPath(value.path) || value.path.length === 8) return undefined
  const sums = listOf(value.sums, 32, (sum) => (isUint(sum) ? sum : undefined))
  return sums?.length === 32 ? { path: value.path, sums } : undefined
}

function decodeListing(value: unknown): Listing | undefined {
  if (!isFields(value) || !isPath(value.path)) return undefined
  const members = listOf(value.members, limits.verdictListedMax, (member) => {
    if (!isFields(member)) return undefined
    const { node, incarnation } = member
    return isName(node) && isIncarnation(incarnation) ? { node, incarnation } : undefined
  })
  return members === undefined ? undefined : { path: value.path, members }
}

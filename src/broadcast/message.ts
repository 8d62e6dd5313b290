/**
 * What broadcast sends to neighbours, and the check of what they send. Messages are plain data
 * without a sender: who sent one is the authenticated node of the channel it came on.
 *
 * Gossip, ihave, graft and prune are Plumtree's. The others are the catch-up of nodes that missed
 * something (`catch-up.ts`); they never change the tree.
 */
import { limits } from '../limits.ts'
import { isStream, parseId } from './message-id.ts'

/** A broadcast on its way. */
export type Carried = {
  readonly id: string
  readonly topic: string
  /** Opaque here: encoded once where it is made, handed on as it came. */
  readonly payload: Uint8Array
  /** Links passed, this one included. */
  readonly round: number
  /** How long nodes have held it so far, summed: no clocks are compared. */
  readonly ageMs: number
}

/** What a node has seen of a stream: all counters below `next` but the holes. */
export type StreamSummary = {
  readonly stream: string
  readonly next: number
  /** `from, to, from, to...`, ascending; `to` is not part of the hole. */
  readonly holes: readonly number[]
}

export type BroadcastMessage =
  | ({ readonly tag: 'gossip' } & Carried)
  /** The sender has these; it will send what is asked for. `rounds` is as long as `ids`. */
  | {
      readonly tag: 'ihave'
      readonly ids: readonly string[]
      readonly rounds: readonly number[]
    }
  /** Send these, and from now on everything. No ids: only the latter. */
  | { readonly tag: 'graft'; readonly ids: readonly string[] }
  /** Send ids from now on. */
  | { readonly tag: 'prune' }
  /** All the sender remembers, as one number. */
  | { readonly tag: 'digest'; readonly hash: number }
  /** The same in `limits.broadcastBuckets` parts: the answer to a digest that differs. */
  | { readonly tag: 'buckets'; readonly hashes: readonly number[] }
  /**
   * What is in some buckets. `partial`: not all of it, so that nothing follows from what is absent.
   * `answer`: asks for the other side's.
   */
  | {
      readonly tag: 'streams'
      readonly buckets: readonly number[]
      readonly streams: readonly StreamSummary[]
      /** Explicit ids whose messages the sender still holds. */
      readonly ids: readonly string[]
      readonly partial: boolean
      readonly answer: boolean
    }
  /** The sender holds these, which the receiver may have missed. `more`: and others. */
  | { readonly tag: 'offer'; readonly ids: readonly string[]; readonly more: boolean }
  | { readonly tag: 'fetch'; readonly ids: readonly string[] }
  | ({ readonly tag: 'repair' } & Carried)

/** Undefined for whatever is not a message that this node would send. Never throws. */
export function decodeBroadcast(term: unknown): BroadcastMessage | undefined {
  if (!isRecord(term)) return undefined
  const { tag, ids, rounds, hash, hashes, buckets, streams, partial, answer, more } = term
  switch (tag) {
    case 'gossip':
    case 'repair': {
      const carried = decodeCarried(term)
      return carried && { tag, ...carried }
    }
    case 'ihave': {
      if (!isList(ids, isId) || !isList(rounds, isRound)) return undefined
      return ids.length === rounds.length && ids.length > 0 ? { tag, ids, rounds } : undefined
    }
    case 'graft':
      return isList(ids, isId) ? { tag, ids } : undefined
    case 'prune':
      return { tag }
    case 'digest':
      return isHash(hash) ? { tag, hash } : undefined
    case 'buckets':
      if (!isList(hashes, isHash) || hashes.length !== limits.broadcastBuckets) return undefined
      return { tag, hashes }
    case 'streams': {
      if (!isList(buckets, isBucket) || !isList(streams, isSummary)) return undefined
      if (!isList(ids, isExplicitId) || streams.length > limits.broadcastSummariesMax) {
        return undefined
      }
      if (typeof partial !== 'boolean' || typeof answer !== 'boolean') return undefined
      const summaries = streams.map(({ stream, next, holes }) => ({ stream, next, holes }))
      return { tag, buckets, streams: summaries, ids, partial, answer }
    }
    case 'offer':
      return isList(ids, isId) && typeof more === 'boolean' ? { tag, ids, more } : undefined
    case 'fetch':
      return isList(ids, isId) ? { tag, ids } : undefined
    default:
      return undefined
  }
}

/** 1 to 255 characters. */
export function isTopic(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= limits.broadcastTopicMaxChars
}

export function isPayload(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= limits.broadcastPayloadMaxBytes
}

type Fields = Readonly<Record<string, unknown>>

function decodeCarried({ id, topic, payload, round, ageMs }: Fields): Carried | undefined {
  if (!isId(id) || !isTopic(topic) || !isPayload(payload)) return undefined
  return isRound(round) && isWhole(ageMs, 2 ** 32)
    ? { id, topic, payload, round, ageMs }
    : undefined
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isList<T>(value: unknown, isOne: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= limits.broadcastIdsMax && value.every(isOne)
}

function isId(value: unknown): value is string {
  return parseId(value) !== undefined
}

function isExplicitId(value: unknown): value is string {
  return parseId(value)?.tag === 'explicit'
}

function isRound(value: unknown): value is number {
  return isWhole(value, limits.broadcastRoundMax)
}

function isHash(value: unknown): value is number {
  return isWhole(value, 2 ** 32 - 1)
}

function isBucket(value: unknown): value is number {
  return isWhole(value, limits.broadcastBuckets - 1)
}

function isSummary(value: unknown): value is StreamSummary {
  if (!isRecord(value)) return false
  const { stream, next, holes } = value
  if (!isStream(stream) || !isCounter(next)) return false
  if (!isList(holes, isCounter) || holes.length > 2 * limits.broadcastHolesMax) return false
  return holes.length % 2 === 0 && ascends(holes, next)
}

function isCounter(value: unknown): value is number {
  return isWhole(value, limits.broadcastCounterMax)
}

function ascends(numbers: readonly number[], max: number): boolean {
  return numbers.every((number, at) => number <= max && (at === 0 || number > numbers[at - 1]!))
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
}

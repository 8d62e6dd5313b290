/**
 * What a node knows of the overlay, immutable. A node is in at most one of `active`, `passive`,
 * `pending` and `failed`; a lost name stays beside them until the node is met again, for hearsay
 * may be wrong. Never the own name, never a blocked one.
 */
import type { FailureReason } from './event.ts'
import type { Priority } from './message.ts'
import type { MembershipOptions } from './options.ts'

export type ActivePeer = {
  readonly node: string
  /** The number both ends know this edge by. */
  readonly edge: number
  readonly sinceMs: number
  /** This node proposed the edge. */
  readonly ours: boolean
}

export type PassivePeer = {
  readonly node: string
  /** When anybody last heard it itself, as far as we know. */
  readonly seenMs: number
  /** Heard over a channel of its own; otherwise hearsay of `from`. */
  readonly met: boolean
  readonly from: string
  /** It is not asked before. */
  readonly notBeforeMs: number
  /** It left the overlay, and is not asked until it asks itself. */
  readonly departed: boolean
}

/**
 * `join`: through a contact. `neighbor`: an edge with a candidate. `retry`: a failed node. `seek`:
 * a lost one, or a contact.
 */
export type PendingKind = 'join' | 'neighbor' | 'retry' | 'seek'

export type PendingPeer = {
  readonly node: string
  readonly kind: PendingKind
  readonly edge: number
  /** The channel is up and the question asked. */
  readonly asked: boolean
  readonly priority: Priority
  /** An accept evicts somebody if there is no room. */
  readonly makeRoom: boolean
  readonly met: boolean
  readonly failCount: number
}

export type FailedPeer = {
  readonly node: string
  readonly failCount: number
  readonly retryAtMs: number
  readonly met: boolean
  readonly reason: FailureReason | 'timeout'
}

export type LostPeer = {
  readonly node: string
  readonly sinceMs: number
  /** A configured contact: never forgotten. */
  readonly contact: boolean
  /** When anybody last tried, as far as we know; -Infinity: never. */
  readonly triedMs: number
  readonly ownTriedMs: number
  /** How many nodes seem to try it: each waits so many times longer. At least 1. */
  readonly share: number
  readonly dueMs: number
}

/** A shuffle whose reply is waited for. */
export type SentShuffle = {
  readonly id: number
  readonly to: string
  readonly sent: readonly string[]
}

/** A former peer, whose late messages are taken until then. */
export type FormerPeer = { readonly node: string; readonly untilMs: number }

/** Requests of one node in its present window. */
export type Requester = {
  readonly node: string
  readonly windowMs: number
  /** Joins and proposals. */
  readonly requests: number
  /** Walks that it started or sent on. */
  readonly walks: number
  /** When it last made us evict somebody. */
  readonly evictedMs: number
}

export type MembershipState = {
  /** Upkeep timers are set; false before the start and after `leave`. */
  readonly running: boolean
  /** Left on purpose: nothing is accepted until the next join. */
  readonly left: boolean
  readonly active: readonly ActivePeer[]
  readonly passive: readonly PassivePeer[]
  readonly pending: readonly PendingPeer[]
  readonly failed: readonly FailedPeer[]
  readonly lost: readonly LostPeer[]
  readonly blocked: ReadonlySet<string>
  readonly shuffles: readonly SentShuffle[]
  readonly former: readonly FormerPeer[]
  readonly requesters: readonly Requester[]
  /** Evictions for others that are allowed now, as of `tokensMs`. */
  readonly tokens: number
  readonly tokensMs: number
  /** Refusals in a row, and when the next candidate may be asked because of them. */
  readonly refusals: number
  readonly promoteAtMs: number
  /** Index of the edge checked last. */
  readonly audited: number
  /** When all edges were checked last for want of room. */
  readonly roomCheckedMs: number
  readonly joins: number
  readonly leaves: number
  /** Times of the last of them. */
  readonly churnMs: readonly number[]
  /** What was persisted last, as one text. */
  readonly persisted: string
}

export function newMembership(options: MembershipOptions): MembershipState {
  return {
    running: false,
    left: false,
    active: [],
    passive: [],
    pending: [],
    failed: [],
    lost: [],
    blocked: new Set(),
    shuffles: [],
    former: [],
    requesters: [],
    tokens: options.evictionBurst,
    tokensMs: 0,
    refusals: 0,
    promoteAtMs: Number.NEGATIVE_INFINITY,
    audited: 0,
    roomCheckedMs: Number.NEGATIVE_INFINITY,
    joins: 0,
    leaves: 0,
    churnMs: [],
    persisted: '',
  }
}

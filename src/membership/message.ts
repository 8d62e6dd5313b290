/**
 * Messages of HyParView between two nodes (DSN 2007, section 4; the cluster spec, 6.2), plain data.
 * Who sent one is never in it: that is the authenticated node of the channel it came by. Only
 * `forwardJoin` and `shuffle` name others, and what they say of them is hearsay.
 *
 * Beyond the paper every active edge has a number that both ends agreed on, given by the end that
 * proposed it, so that the late end of an older edge cannot cut a newer one; `edgeCheck` finds an
 * edge that only one end has. Decoding checks every field, and never throws.
 */
import { limits } from '../limits.ts'
import { isFields, isName, isUint, listOf } from './fields.ts'

/** What travels about a third node: its name, and how long ago anybody last heard it itself. */
export type PeerRef = { readonly node: string; readonly ageMs: number }

/** A lost node somebody tried to reach so long ago. */
export type Tried = { readonly node: string; readonly agoMs: number }

/**
 * `high`: the proposer has nobody, or almost. `low`: it has room. `swap`: it is full, and gives up
 * another edge for this one.
 */
export type Priority = 'high' | 'low' | 'swap'

/** `evict`: room was needed. `leave`: the sender leaves. `noEdge`: it has no such edge. */
export type DisconnectReason = 'evict' | 'leave' | 'noEdge'

export type MembershipMessage =
  | { readonly tag: 'join'; readonly edge: number }
  | { readonly tag: 'forwardJoin'; readonly peer: PeerRef; readonly ttl: number }
  | { readonly tag: 'neighbor'; readonly edge: number; readonly priority: Priority }
  /** Answers `join` and `neighbor`. `peers`: whom to ask instead, or who has room now. */
  | {
      readonly tag: 'neighborReply'
      readonly edge: number
      readonly accept: boolean
      readonly peers: readonly PeerRef[]
    }
  /** `peers`: who has room now. */
  | {
      readonly tag: 'disconnect'
      readonly edge: number
      readonly reason: DisconnectReason
      readonly peers: readonly PeerRef[]
    }
  /** `id` is what a reply must repeat. */
  | {
      readonly tag: 'shuffle'
      readonly id: number
      readonly ttl: number
      readonly origin: string
      readonly peers: readonly PeerRef[]
      readonly tried: readonly Tried[]
    }
  | {
      readonly tag: 'shuffleReply'
      readonly id: number
      readonly peers: readonly PeerRef[]
      readonly tried: readonly Tried[]
    }
  /** The sender has this edge; who has not says `disconnect`, who has is silent. */
  | { readonly tag: 'edgeCheck'; readonly edge: number }

/** Undefined for anything that is not a membership message within its limits. */
export function decodeMembership(term: unknown): MembershipMessage | undefined {
  if (!isFields(term)) return undefined
  const { tag, edge, id, ttl, origin, accept, priority, reason } = term
  switch (tag) {
    case 'join':
    case 'edgeCheck':
      return isUint(edge) ? { tag, edge } : undefined
    case 'forwardJoin': {
      const peer = peerRef(term.peer)
      return peer !== undefined && isTtl(ttl) ? { tag, peer, ttl } : undefined
    }
    case 'neighbor':
      return isUint(edge) && isPriority(priority) ? { tag, edge, priority } : undefined
    case 'neighborReply': {
      const peers = listOf(term.peers, limits.membershipPeersMax, peerRef)
      if (!isUint(edge) || typeof accept !== 'boolean' || peers === undefined) return undefined
      return { tag, edge, accept, peers }
    }
    case 'disconnect': {
      const peers = listOf(term.peers, limits.membershipPeersMax, peerRef)
      if (!isUint(edge) || !isReason(reason) || peers === undefined) return undefined
      return { tag, edge, reason, peers }
    }
    case 'shuffle':
    case 'shuffleReply': {
      const peers = listOf(term.peers, limits.membershipPeersMax, peerRef)
      const tried = listOf(term.tried, limits.membershipTriedMax, triedNode)
      if (!isUint(id) || peers === undefined || tried === undefined) return undefined
      if (tag === 'shuffleReply') return { tag, id, peers, tried }
      return isTtl(ttl) && isName(origin) ? { tag, id, ttl, origin, peers, tried } : undefined
    }
    default:
      return undefined
  }
}

function isTtl(value: unknown): value is number {
  return isUint(value) && value <= limits.membershipTtlMax
}

function isPriority(value: unknown): value is Priority {
  return value === 'high' || value === 'low' || value === 'swap'
}

function isReason(value: unknown): value is DisconnectReason {
  return value === 'evict' || value === 'leave' || value === 'noEdge'
}

function peerRef(value: unknown): PeerRef | undefined {
  if (!isFields(value)) return undefined
  const { node, ageMs } = value
  return isName(node) && isUint(ageMs) ? { node, ageMs } : undefined
}

function triedNode(value: unknown): Tried | undefined {
  if (!isFields(value)) return undefined
  const { node, agoMs } = value
  return isName(node) && isUint(agoMs) ? { node, agoMs } : undefined
}

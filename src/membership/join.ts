/**
 * Becoming a member (DSN 2007, section 4.2): a new node asks a contact for an edge, and the
 * contact sends its name on walks that end in edges elsewhere. A contact that has evicted enough
 * for now refuses, names others, and lets one walk find a place: a thousand joins through one seed
 * then spread over the overlay, and the seed keeps its peers.
 */

import { evict, isHeard } from './active.ts'
import { activePeer, any, count, type Draft, hasRoom, send } from './draft.ts'
import { clearFailure } from './failure.ts'
import type { MembershipMessage, PeerRef } from './message.ts'
import { accept, greet, instead, isWelcome, refuse } from './neighbor.ts'
import { isStranger, learn } from './passive.ts'
import { pendingPeer, undertake } from './pending.ts'
import { admits, mayEvict } from './quota.ts'

type Message<Tag> = Extract<MembershipMessage, { readonly tag: Tag }>

/** Joins through a contact: nothing to do if it is a peer, or being asked. */
export function joinThrough(draft: Draft, contact: string): void {
  clearFailure(draft, contact)
  undertake(draft, contact, { kind: 'join', priority: 'high' })
}

export function onJoin(draft: Draft, from: string, { edge }: Message<'join'>): void {
  if (!admits(draft, from, 'requests')) return
  if (!isWelcome(draft, from)) {
    refuseBluntly(draft, from, edge)
    return
  }
  const entry = pendingPeer(draft, from)
  if (entry?.asked === true && draft.env.self > from) {
    refuseBluntly(draft, from, edge)
    return
  }
  greet(draft, from)
  const joiner: PeerRef = { node: from, ageMs: 0 }
  const walk = { tag: 'forwardJoin', peer: joiner, ttl: draft.env.options.arwl } as const
  if (activePeer(draft.state, from) !== undefined) {
    accept(draft, from, edge)
    return
  }
  if (hasRoom(draft) || mayEvict(draft, from)) {
    if (!hasRoom(draft)) evict(draft, [joiner])
    accept(draft, from, edge)
    for (const { node } of draft.state.active) if (node !== from) send(draft, node, walk)
    return
  }
  count(draft, 'redirected', from)
  const next = any(draft, draft.state.active)
  if (next !== undefined) send(draft, next.node, walk)
  refuse(draft, from, edge, instead(draft, from))
}

/** A step of a new node's walk. */
export function onForwardJoin(draft: Draft, from: string, message: Message<'forwardJoin'>): void {
  const { state, env } = draft
  const { peer } = message
  const { arwl, prwl } = env.options
  if (!isHeard(state, from, env.nowMs)) {
    count(draft, 'stranger', from)
    return
  }
  if (!admits(draft, from, 'walks') || peer.node === env.self) return
  const ttl = Math.min(message.ttl, arwl)
  if (endsHere(draft, peer, ttl)) return
  if (ttl === 0 || ttl === prwl) learn(draft, from, [peer])
  if (ttl === 0) return
  const others = state.active.filter(({ node }) => node !== from && node !== peer.node)
  const next = any(draft, others)
  if (next === undefined) learn(draft, from, [peer])
  else send(draft, next.node, { tag: 'forwardJoin', peer, ttl: ttl - 1 })
}

/** Proposes an edge to the new node, if the walk ends here. */
function endsHere(draft: Draft, { node }: PeerRef, ttl: number): boolean {
  const { state, env } = draft
  if (!isStranger(draft, node)) return false
  const { walk, activeSize } = env.options
  if (walk === 'end') {
    if (ttl > 0 && state.active.length > 1) return false
    return undertake(draft, node, { kind: 'neighbor', priority: 'high', makeRoom: true })
  }
  const begun = state.pending.filter((peer) => peer.kind === 'neighbor' || peer.kind === 'join')
  if (state.active.length + begun.length < activeSize) {
    return undertake(draft, node, { kind: 'neighbor' })
  }
  if (walk === 'room' || ttl > 0 || hasRoom(draft) || !mayEvict(draft)) return false
  return undertake(draft, node, { kind: 'neighbor', makeRoom: true })
}

function refuseBluntly(draft: Draft, to: string, edge: number): void {
  send(draft, to, { tag: 'neighborReply', edge, accept: false, peers: [] })
}

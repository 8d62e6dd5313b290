/**
 * The active view: at most `activeSize` edges, each with a number that both ends agreed on. Every
 * way in and out of it is here, so that a peer is announced up once and down once, with a reason.
 *
 * To make room somebody is evicted at random, as in the paper, but never one of the oldest edges:
 * a flood of newcomers can take the others and no more. Who is evicted is told who has room now,
 * so that putting a node into an edge costs nobody a peer.
 */
import { limits } from '../limits.ts'
import { activePeer, any, change, type Draft, hasRoom, send, without } from './draft.ts'
import type { DownReason } from './event.ts'
import { clearFailure } from './failure.ts'
import { reachable } from './lost.ts'
import type { PeerRef } from './message.ts'
import { forget, remember } from './passive.ts'
import { settle } from './pending.ts'
import type { ActivePeer, MembershipState } from './state.ts'

/**
 * Makes `node` a peer over `edge`. Without room somebody is evicted, and told of `roomAt`. A peer
 * keeps its place and only changes the number of its edge.
 */
export function addPeer(
  draft: Draft,
  node: string,
  edge: number,
  { ours, roomAt = [] }: { readonly ours: boolean; readonly roomAt?: readonly PeerRef[] },
): void {
  const { state, env } = draft
  if (activePeer(state, node) !== undefined) {
    setEdge(draft, node, edge)
    return
  }
  if (!hasRoom(draft)) evict(draft, roomAt)
  settle(draft, node)
  clearFailure(draft, node)
  forget(draft, node)
  reachable(draft, node)
  const wasAlone = draft.state.active.length === 0
  const active = [...draft.state.active, { node, edge, sinceMs: env.nowMs, ours }]
  change(draft, {
    active,
    joins: draft.state.joins + 1,
    former: without(draft.state.former, node),
    refusals: 0,
  })
  noteChurn(draft)
  draft.actions.push({ tag: 'up', node })
  if (wasAlone) draft.actions.push({ tag: 'joined' })
}

/** Both ends have the edge, under two numbers: they settle on this one. */
export function setEdge(draft: Draft, node: string, edge: number): void {
  const active = draft.state.active.map((peer) => (peer.node === node ? { ...peer, edge } : peer))
  change(draft, { active })
}

/** Takes a peer out, and says so; nothing if it is none. What becomes of it is the caller's. */
export function removePeer(draft: Draft, node: string, reason: DownReason): boolean {
  const { state, env } = draft
  if (activePeer(state, node) === undefined) return false
  const graceUntilMs = env.nowMs + env.options.graceMs
  const live = state.former.filter((peer) => peer.untilMs > env.nowMs && peer.node !== node)
  const former = [...live, { node, untilMs: graceUntilMs }].slice(-limits.membershipFormerMax)
  change(draft, {
    active: without(state.active, node),
    former,
    leaves: state.leaves + 1,
    refusals: 0,
  })
  // Who is evicted is replaced, and that counts: edges that rotate are no sign of churn.
  if (reason !== 'dropped' && reason !== 'graceful') noteChurn(draft)
  draft.actions.push({ tag: 'down', node, reason })
  return true
}

/** Makes room for one. The evicted peer becomes a spare; its channel stays. */
export function evict(draft: Draft, roomAt: readonly PeerRef[]): ActivePeer | undefined {
  const victim = any(draft, evictable(draft))
  if (victim === undefined) return undefined
  const peers = draft.env.options.hints ? roomAt.filter((peer) => peer.node !== victim.node) : []
  const { node, edge } = victim
  send(draft, node, { tag: 'disconnect', edge, reason: 'evict', peers })
  removePeer(draft, node, 'dropped')
  remember(draft, node, { notBeforeMs: draft.env.nowMs + draft.env.options.refusalBackoffMs })
  return victim
}

/** Peers that may be evicted: all but the oldest few, once these are old. At least one is. */
function evictable({ state, env }: Draft): readonly ActivePeer[] {
  const { protectedSlots, protectAfterMs } = env.options
  const slots = Math.min(protectedSlots, state.active.length - 1)
  const isOld = (peer: ActivePeer) => env.nowMs - peer.sinceMs >= protectAfterMs
  const safe = new Set(state.active.filter(isOld).slice(0, Math.max(0, slots)))
  return state.active.filter((peer) => !safe.has(peer))
}

/**
 * Whether what `node` sends to peers is taken: it is one, or was until a moment ago, and may have
 * sent this before it knew.
 */
export function isHeard(state: MembershipState, node: string, nowMs: number): boolean {
  if (activePeer(state, node) !== undefined) return true
  if (state.left) return false
  return state.former.some((peer) => peer.node === node && peer.untilMs > nowMs)
}

/** Comings and goings that are remembered: more than 10 in a window make no difference. */
const churnMax = 11

function noteChurn(draft: Draft): void {
  change(draft, { churnMs: [...draft.state.churnMs, draft.env.nowMs].slice(-churnMax) })
}

/**
 * The agreement on an edge: a proposal names its number, the answer repeats it, and each end has
 * the edge only once it knows that the other agreed. An accept nobody waits for any more is taken
 * back; the end of an edge under another number is ignored, for it is late; and an end without
 * the edge says so when it is checked. When two nodes propose to each other, the proposal of the
 * greater name stands.
 */
import { addPeer, evict, removePeer, setEdge } from './active.ts'
import { activePeer, change, count, type Draft, hasRoom, send } from './draft.ts'
import type { DownReason } from './event.ts'
import { clearFailure } from './failure.ts'
import type { DisconnectReason, MembershipMessage, PeerRef } from './message.ts'
import { learn, met, peerReferences, references, remember } from './passive.ts'
import { pendingPeer, settle, undertake } from './pending.ts'
import { pauseAfterRefusal, promote, promoteAfterEviction } from './promotion.ts'
import { admits, mayEvict } from './quota.ts'

type Message<Tag> = Extract<MembershipMessage, { readonly tag: Tag }>

export function onNeighbor(draft: Draft, from: string, message: Message<'neighbor'>): void {
  const { edge, priority } = message
  if (!admits(draft, from, 'requests')) return
  if (!isWelcome(draft, from)) {
    answer(draft, from, edge, false)
    return
  }
  const entry = pendingPeer(draft, from)
  if (entry?.asked === true && draft.env.self > from) {
    answer(draft, from, edge, false)
    return
  }
  greet(draft, from)
  if (activePeer(draft.state, from) !== undefined || hasRoom(draft)) {
    accept(draft, from, edge)
  } else if (priority !== 'low' && mayEvict(draft, from)) {
    const victim = evict(draft, priority === 'high' ? [{ node: from, ageMs: 0 }] : [])
    const isSwap = priority === 'swap' && victim !== undefined && draft.env.options.hints
    accept(draft, from, edge, isSwap ? [{ node: victim.node, ageMs: 0 }] : [])
  } else {
    const elsewhere = priority === 'high' ? instead(draft, from) : []
    if (priority !== 'low') count(draft, 'redirected', from)
    refuse(draft, from, edge, elsewhere)
  }
}

export function onNeighborReply(
  draft: Draft,
  from: string,
  message: Message<'neighborReply'>,
): void {
  const { edge, peers } = message
  const entry = pendingPeer(draft, from)
  if (entry === undefined || entry.edge !== edge || !entry.asked) {
    count(draft, 'stale', from)
    const isPeer = activePeer(draft.state, from)?.edge === edge
    if (message.accept && !isPeer) endEdge(draft, from, edge, 'noEdge')
    return
  }
  settle(draft, from)
  if (!message.accept) {
    pauseAfterRefusal(draft)
    remember(draft, from, { notBeforeMs: draft.env.nowMs + draft.env.options.refusalBackoffMs })
    learn(draft, from, peers)
  } else if (hasRoom(draft)) {
    addPeer(draft, from, edge, { ours: true })
    learn(draft, from, peers)
  } else if (entry.makeRoom) {
    if (entry.priority === 'swap') count(draft, 'rotated', from)
    const roomAt = entry.priority === 'swap' ? peers.slice(0, 1) : [{ node: from, ageMs: 0 }]
    addPeer(draft, from, edge, { ours: true, roomAt })
  } else {
    endEdge(draft, from, edge, 'evict')
    remember(draft, from)
  }
  promote(draft)
}

const downReasons: Readonly<Record<DisconnectReason, DownReason>> = {
  evict: 'graceful',
  leave: 'left',
  noEdge: 'oneSided',
}

export function onDisconnect(draft: Draft, from: string, message: Message<'disconnect'>): void {
  const { edge, reason, peers } = message
  const peer = activePeer(draft.state, from)
  if (peer === undefined || peer.edge !== edge) {
    count(draft, 'stale', from)
    return
  }
  if (reason === 'noEdge') count(draft, 'oneSided', from)
  removePeer(draft, from, downReasons[reason])
  const { activeSize, refusalBackoffMs } = draft.env.options
  // It was the last: it may be asked again, with priority. With views of one that would not end.
  const isLast = draft.state.active.length === 0 && activeSize > 1
  const notBeforeMs = isLast ? 0 : draft.env.nowMs + refusalBackoffMs
  remember(draft, from, { notBeforeMs, departed: reason === 'leave' })
  const [hint] = peers
  if (hint !== undefined && draft.env.options.hints) {
    learn(draft, from, [hint])
    if (hasRoom(draft)) undertake(draft, hint.node, { kind: 'neighbor' })
  }
  if (reason === 'evict') promoteAfterEviction(draft)
  else promote(draft)
}

/** An edge under two numbers gets the one of the greater name; an unknown one is ended. */
export function onEdgeCheck(draft: Draft, from: string, edge: number): void {
  const peer = activePeer(draft.state, from)
  if (peer?.edge === edge) return
  if (peer === undefined) endEdge(draft, from, edge, 'noEdge')
  else if (from > draft.env.self) setEdge(draft, from, edge)
  else send(draft, from, { tag: 'edgeCheck', edge: peer.edge })
}

/** Whether `node` may be a peer at all. */
export function isWelcome({ state, env }: Draft, node: string): boolean {
  return !state.left && !state.blocked.has(node) && node !== env.self
}

/** `node` asks for an edge, so it is alive, and what was under way with it has become idle. */
export function greet(draft: Draft, node: string): void {
  settle(draft, node)
  clearFailure(draft, node)
  met(draft, node)
}

export function accept(
  draft: Draft,
  node: string,
  edge: number,
  peers: readonly PeerRef[] = [],
): void {
  answer(draft, node, edge, true, peers)
  addPeer(draft, node, edge, { ours: false })
}

export function refuse(
  draft: Draft,
  node: string,
  edge: number,
  peers: readonly PeerRef[] = [],
): void {
  answer(draft, node, edge, false, peers)
  remember(draft, node)
  checkRoom(draft)
}

/**
 * Somebody is refused for want of room: if peers have died unnoticed, for nothing was sent to them,
 * the want is a mistake. What finds no peer tells, and the refused node is a candidate by then.
 */
function checkRoom(draft: Draft): void {
  const { state, env } = draft
  const { roomCheckMs } = env.options
  if (roomCheckMs === 0 || env.nowMs - state.roomCheckedMs < roomCheckMs) return
  change(draft, { roomCheckedMs: env.nowMs })
  for (const { node, edge } of state.active) send(draft, node, { tag: 'edgeCheck', edge })
}

/** Whom a node could ask that we have to refuse: our peers, which may have room, then spares. */
export function instead(draft: Draft, node: string): readonly PeerRef[] {
  const { shuffleLength } = draft.env.options
  const peers = peerReferences(draft, shuffleLength, node)
  return [...peers, ...references(draft, shuffleLength - peers.length, node)]
}

function answer(
  draft: Draft,
  to: string,
  edge: number,
  accept: boolean,
  peers: readonly PeerRef[] = [],
): void {
  send(draft, to, { tag: 'neighborReply', edge, accept, peers })
}

function endEdge(draft: Draft, to: string, edge: number, reason: DisconnectReason): void {
  send(draft, to, { tag: 'disconnect', edge, reason, peers: [] })
}

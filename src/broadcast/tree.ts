/**
 * Plumtree's rules: bodies travel the eager links, which duplicates prune to a tree; ids travel the
 * others, and whoever misses a body grafts the link it heard of it on. Source: Leitao, Pereira,
 * Rodrigues, "Epidemic Broadcast Trees", SRDS 2007, algorithms 1, 2 and 4; cluster spec, section 8.
 *
 * Invariant: a message is delivered when its id is first seen and never again while that is
 * remembered. Differences: both ends of a link demote it on a duplicate (the paper's receiver of
 * PRUNE and its sender); a node keeps at least one eager link.
 */
import { limits } from '../limits.ts'
import { accept, isForged, isStale } from './accept.ts'
import { announce, knows } from './announce.ts'
import { bodyOf, isSeen } from './cache.ts'
import type { Carried } from './message.ts'
import { expect } from './missing.ts'
import { isMuted, keepPromise, makeEager, makeLazy, mayAnswer, updatePeer } from './peers.ts'
import { type Announcer, count, type Draft, send } from './state.ts'
import { noteAlternate, reached } from './upstream.ts'

/** A body came, by the tree or because it was asked for. `from` may be no neighbour any more. */
export function gossip(draft: Draft, from: string, body: Carried): void {
  if (isForged(draft, body.id, from) || isStale(draft, body, from)) return
  knows(draft, from, body.id)
  keepPromise(draft, from)
  if (isSeen(draft.state.cache, body.id)) {
    prune(draft, from)
    return
  }
  const announcers = accept(draft, body)
  spread(draft, body, from)
  makeEager(draft, from)
  reached(draft, from, body, announcers)
  optimise(draft, from, body, announcers)
}

/** A body goes on to the eager neighbours and its id to the others. */
export function spread(draft: Draft, body: Carried, from: string | undefined): void {
  const next = nextHop(body)
  for (const [node, { eager }] of draft.state.peers) {
    if (node === from) continue
    if (eager) send(draft, node, { tag: 'gossip', ...next })
    else announce(draft, node, { id: body.id, round: next.round, late: false })
  }
}

export function ihave(
  draft: Draft,
  from: string,
  ids: readonly string[],
  rounds: readonly number[],
): void {
  if (isMuted(draft, from)) {
    count(draft, 'muted', from)
    return
  }
  ids.forEach((id, at) => {
    knows(draft, from, id)
    const round = rounds[at] ?? 0
    if (isSeen(draft.state.cache, id)) noteAlternate(draft, from, id, round)
    else if (!isForged(draft, id, from)) expect(draft, id, { node: from, round, late: false })
  })
}

export function graft(draft: Draft, from: string, ids: readonly string[]): void {
  makeEager(draft, from)
  answer(draft, 'gossip', from, ids)
}

/** Sends what is asked for, as far as it is here and the neighbour has not had too much. */
export function answer(
  draft: Draft,
  tag: 'gossip' | 'repair',
  to: string,
  ids: readonly string[],
): void {
  const { nowMs, options } = draft.env
  for (const id of ids) {
    const body = bodyOf(draft.state.cache, id, nowMs, options)
    if (body === undefined) continue
    if (mayAnswer(draft, to, body.payload.length)) send(draft, to, { tag, ...nextHop(body) })
    else count(draft, 'answerRefused', to)
  }
}

function nextHop(body: Carried): Carried {
  return { ...body, round: Math.min(body.round + 1, limits.broadcastRoundMax) }
}

/**
 * A duplicate came: this link is not of the tree. One in flight before it knew is not told again.
 */
function prune(draft: Draft, from: string): void {
  const { nowMs, options } = draft.env
  const peer = draft.state.peers.get(from)
  makeLazy(draft, from)
  if (peer !== undefined) {
    if (nowMs - peer.prunedMs < options.pruneRepeatMs) return
    updatePeer(draft, from, { prunedMs: nowMs })
  }
  send(draft, from, { tag: 'prune' })
}

/**
 * Another neighbour announced the message before it came, and is nearer to its origin by so much:
 * its link takes the place of this one. A neighbour that is moved into the tree and goes on
 * announcing what it should send is not moved again for a while.
 */
function optimise(
  draft: Draft,
  from: string,
  body: Carried,
  announcers: readonly Announcer[],
): void {
  const { nowMs, options } = draft.env
  if (options.optimisationThreshold === 'never' || !draft.state.peers.has(from)) return
  const best = nearest(announcers)
  if (best === undefined || best.node === from) return
  if (body.round - best.round < options.optimisationThreshold) return
  const peer = draft.state.peers.get(best.node)
  if (peer === undefined || nowMs - peer.optimisedMs < options.optimisationBackoffMs) return
  updatePeer(draft, best.node, { eager: true, optimisedMs: nowMs })
  send(draft, best.node, { tag: 'graft', ids: [] })
  makeLazy(draft, from)
  send(draft, from, { tag: 'prune' })
  reached(draft, best.node, body, announcers)
}

function nearest(announcers: readonly Announcer[]): Announcer | undefined {
  let best: Announcer | undefined
  for (const announcer of announcers) {
    if (!announcer.late && (best === undefined || announcer.round < best.round)) best = announcer
  }
  return best
}

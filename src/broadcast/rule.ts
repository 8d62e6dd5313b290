/**
 * Broadcast, pure: `(state, event, env) -> [state, actions]`. Every event ends in one of the rules:
 * the tree's (`tree.ts`), the catch-up's (`catch-up.ts`), or the table of what was announced
 * (`missing.ts`). The process beside it performs the actions.
 *
 * Invariants: a message is delivered once while its id is remembered; all that a peer can grow is
 * bounded by the options. Only neighbours are heard, except for bodies: one sent just before its
 * sender ceased to be a neighbour is still worth having.
 */

import { limits } from '../limits.ts'
import { accept } from './accept.ts'
import { tellAll } from './announce.ts'
import { expire, isSeen } from './cache.ts'
import { buckets, compare, digest, offer, repair, streams } from './catch-up.ts'
import { type BroadcastMessage, type Carried, isPayload, isTopic } from './message.ts'
import { automaticId, explicitId, streamOf, wordBytes, wordOf } from './message-id.ts'
import { ask, forgetAnnouncer } from './missing.ts'
import { keepOneEager, makeLazy, removePeer } from './peers.ts'
import {
  type BroadcastAction,
  type BroadcastEnv,
  type BroadcastEvent,
  type BroadcastState,
  type BroadcastTimer,
  cancelTimer,
  count,
  type Draft,
  setTimer,
} from './state.ts'
import { expireStreams } from './stream.ts'
import { answer, gossip, graft, ihave, spread } from './tree.ts'
import { reached, reattach, welcome } from './upstream.ts'

export type BroadcastStep = readonly [BroadcastState, readonly BroadcastAction[]]

type OfPeer = Exclude<BroadcastMessage, { readonly tag: 'gossip' | 'repair' }>

export function stepBroadcast(
  state: BroadcastState,
  event: BroadcastEvent,
  env: BroadcastEnv,
): BroadcastStep {
  const draft: Draft = { state, env, actions: [] }
  switch (event.tag) {
    case 'broadcast':
      broadcast(draft, event)
      break
    case 'message':
      receive(draft, event.from, event.message)
      break
    case 'peerUp':
      peerUp(draft, event.node)
      break
    case 'peerDown':
      peerDown(draft, event.node)
      break
    case 'timer':
      timeout(draft, event.timer)
      break
  }
  return [draft.state, draft.actions]
}

function broadcast(
  draft: Draft,
  { topic, payload, id: key }: Extract<BroadcastEvent, { readonly tag: 'broadcast' }>,
): void {
  const why = isTopic(topic) ? (isPayload(payload) ? undefined : 'payloadTooLarge') : 'badTopic'
  if (why !== undefined) {
    draft.actions.push({ tag: 'refused', reason: why })
    return
  }
  const id = key === undefined ? ownId(draft) : explicitId(key)
  if (id === undefined || isSeen(draft.state.cache, id)) {
    draft.actions.push({ tag: 'refused', reason: id === undefined ? 'badId' : 'knownId' })
    return
  }
  const body: Carried = { id, topic, payload, round: 0, ageMs: 0 }
  accept(draft, body)
  reached(draft, draft.env.self, body, [])
  spread(draft, body, undefined)
}

/** The next id of this node, which draws its epoch with the first. */
function ownId(draft: Draft): string {
  const { env, state } = draft
  const word = (): string => wordOf(env.random.bytes(wordBytes))
  const goesOn = state.own !== undefined && state.ownNext < limits.broadcastCounterMax
  const own = goesOn && state.own !== undefined ? state.own : streamOf(env.self, word())
  const counter = goesOn ? state.ownNext : 0
  draft.state = { ...state, own, ownNext: counter + 1 }
  return automaticId(own, counter, word())
}

function receive(draft: Draft, from: string, message: BroadcastMessage): void {
  if (message.tag === 'gossip') gossip(draft, from, bodyOnly(message))
  else if (message.tag === 'repair') repair(draft, from, bodyOnly(message))
  else if (draft.state.peers.has(from)) receiveOfPeer(draft, from, message)
  else count(draft, 'stranger', from)
}

/** Without its tag: how a body came says nothing of how it goes on. */
function bodyOnly({ id, topic, payload, round, ageMs }: Carried): Carried {
  return { id, topic, payload, round, ageMs }
}

function receiveOfPeer(draft: Draft, from: string, message: OfPeer): void {
  switch (message.tag) {
    case 'ihave':
      ihave(draft, from, message.ids, message.rounds)
      break
    case 'graft':
      graft(draft, from, message.ids)
      break
    case 'prune':
      makeLazy(draft, from)
      break
    case 'digest':
      digest(draft, from, message.hash)
      break
    case 'buckets':
      buckets(draft, from, message.hashes)
      break
    case 'streams':
      streams(draft, from, message)
      break
    case 'offer':
      offer(draft, from, message.ids, message.more)
      break
    case 'fetch':
      answer(draft, 'repair', from, message.ids)
      break
  }
}

function peerUp(draft: Draft, node: string): void {
  if (node === draft.env.self || !welcome(draft, node)) return
  if (draft.env.options.digestPeriodMs === 0) return
  compare(draft, node)
  compareLater(draft)
}

function peerDown(draft: Draft, node: string): void {
  if (!removePeer(draft, node)) return
  forgetAnnouncer(draft, node)
  cancelTimer(draft, { tag: 'catchUp', node })
  reattach(draft, node)
  keepOneEager(draft)
}

function timeout(draft: Draft, timer: BroadcastTimer): void {
  switch (timer.tag) {
    case 'graft':
      ask(draft, timer.id)
      break
    case 'announce':
      tellAll(draft)
      break
    case 'digest':
      draft.state = { ...draft.state, comparing: false }
      compareWithAny(draft)
      break
    case 'catchUp':
      if (draft.state.peers.has(timer.node)) compare(draft, timer.node)
      break
    case 'sweep':
      sweep(draft)
      break
  }
}

function compareWithAny(draft: Draft): void {
  const { env, state } = draft
  const nodes = [...state.peers.keys()]
  const chosen = nodes[Math.floor(env.random.unit() * nodes.length)]
  if (chosen === undefined) return
  compare(draft, chosen)
  compareLater(draft)
}

function compareLater(draft: Draft): void {
  const { env, state } = draft
  if (state.comparing) return
  draft.state = { ...state, comparing: true }
  setTimer(draft, { tag: 'digest' }, env.options.digestPeriodMs * (0.8 + 0.4 * env.random.unit()))
}

function sweep(draft: Draft): void {
  const { nowMs, options } = draft.env
  const cache = expire(draft.state.cache, nowMs, options)
  const kept = expireStreams(draft.state.streams, nowMs, options.dedupTtlMs)
  const sweeping = cache.order.size > 0 || kept.size > 0
  draft.state = { ...draft.state, cache, streams: kept, sweeping }
  if (sweeping) setTimer(draft, { tag: 'sweep' }, options.sweepPeriodMs)
}

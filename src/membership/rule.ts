/**
 * HyParView as one pure rule, `(state, event, env) -> [state, actions]` (DSN 2007; the cluster
 * spec, section 6): a small active view of symmetric edges to gossip over, and a larger passive
 * view of spares. What the paper leaves open is closed beside the rule it concerns: agreed edges
 * in `neighbor.ts`, floods in `quota.ts`, made-up names in `passive.ts`, partitions and islands in
 * `lost.ts`, few bridges in `upkeep.ts`. Options decide how much of that is on (`options.ts`).
 */
import { removePeer } from './active.ts'
import { block, unblock } from './blocking.ts'
import { change, type Draft } from './draft.ts'
import type {
  FailureReason,
  MembershipAction,
  MembershipEnv,
  MembershipEvent,
  MembershipTimer,
} from './event.ts'
import { fail, retry } from './failure.ts'
import { joinThrough, onForwardJoin, onJoin } from './join.ts'
import { namesToKeep, restore, seek } from './lost.ts'
import type { MembershipMessage } from './message.ts'
import { onDisconnect, onEdgeCheck, onNeighbor, onNeighborReply } from './neighbor.ts'
import { forget } from './passive.ts'
import { expire, settle } from './pending.ts'
import { connected, promote } from './promotion.ts'
import { onShuffle, onShuffleReply } from './shuffle.ts'
import type { MembershipState, PendingPeer } from './state.ts'
import { audit, bootstrap, leave, rotate, shuffleAgain, start, sweep } from './upkeep.ts'

export type MembershipStep = readonly [MembershipState, readonly MembershipAction[]]

export function stepMembership(
  state: MembershipState,
  event: MembershipEvent,
  env: MembershipEnv,
): MembershipStep {
  const draft: Draft = { before: state, state, actions: [], env }
  perform(draft, event)
  if (draft.state.lost !== state.lost || isSweep(event)) persist(draft)
  return [draft.state, draft.actions]
}

/** Names of the active view, oldest edge first. */
export function activeView(state: MembershipState): readonly string[] {
  return state.active.map((peer) => peer.node)
}

/** Names of the passive view, in no particular order. */
export function passiveView(state: MembershipState): readonly string[] {
  return state.passive.map((peer) => peer.node)
}

function perform(draft: Draft, event: MembershipEvent): void {
  switch (event.tag) {
    case 'bootstrap':
      start(draft)
      break
    case 'restore':
      restore(draft, event.nodes)
      break
    case 'join':
      start(draft)
      joinThrough(draft, event.contact)
      break
    case 'leave':
      persist(draft)
      leave(draft)
      break
    case 'message':
      take(draft, event.from, event.message)
      break
    case 'connected':
      connected(draft, event.node)
      break
    case 'failed':
      failed(draft, event.node, event.reason)
      break
    case 'timer':
      fire(draft, event.timer)
      break
    case 'block':
      block(draft, event.nodes)
      break
    case 'unblock':
      unblock(draft, event.nodes)
      break
  }
}

function take(draft: Draft, from: string, message: MembershipMessage): void {
  if (from === draft.env.self) return
  switch (message.tag) {
    case 'join':
      onJoin(draft, from, message)
      break
    case 'forwardJoin':
      onForwardJoin(draft, from, message)
      break
    case 'neighbor':
      onNeighbor(draft, from, message)
      break
    case 'neighborReply':
      onNeighborReply(draft, from, message)
      break
    case 'disconnect':
      onDisconnect(draft, from, message)
      break
    case 'shuffle':
      onShuffle(draft, from, message)
      break
    case 'shuffleReply':
      onShuffleReply(draft, from, message)
      break
    case 'edgeCheck':
      onEdgeCheck(draft, from, message.edge)
      break
  }
}

/** The timers of the upkeep mean nothing once the node has left. */
function fire(draft: Draft, timer: MembershipTimer): void {
  switch (timer.tag) {
    case 'pending': {
      const entry = expire(draft, timer.node)
      if (entry !== undefined) gaveUp(draft, entry, 'timeout')
      break
    }
    case 'retry':
      retry(draft, timer.node)
      break
    default:
      if (draft.state.running) fireUpkeep(draft, timer)
  }
}

function fireUpkeep(
  draft: Draft,
  timer: Exclude<MembershipTimer, { readonly tag: 'pending' | 'retry' }>,
): void {
  switch (timer.tag) {
    case 'bootstrap':
      bootstrap(draft)
      break
    case 'shuffle':
      shuffleAgain(draft)
      break
    case 'promote':
      promote(draft)
      break
    case 'sweep':
      sweep(draft)
      break
    case 'audit':
      audit(draft)
      break
    case 'rotate':
      rotate(draft)
      break
    case 'seek':
      seek(draft)
      break
  }
}

/** A dial came to nothing, a channel broke, or a peer takes nothing any more. */
function failed(draft: Draft, node: string, reason: FailureReason): void {
  if (removePeer(draft, node, reason)) {
    fail(draft, node, { failCount: 0, met: true, reason })
    promote(draft)
    return
  }
  const entry = settle(draft, node)
  if (entry !== undefined) gaveUp(draft, entry, reason)
  else if (draft.state.passive.some((peer) => peer.node === node && peer.departed))
    forget(draft, node)
}

/** What was under way with a node failed. A lost one stays on its list; a contact always is. */
function gaveUp(draft: Draft, entry: PendingPeer, reason: FailureReason | 'timeout'): void {
  const { node, failCount, met } = entry
  const isListed = draft.state.lost.some((peer) => peer.node === node)
  if (!isListed) fail(draft, node, { failCount, met, reason })
  promote(draft)
}

function isSweep(event: MembershipEvent): boolean {
  return event.tag === 'timer' && event.timer.tag === 'sweep'
}

/** Who has left keeps what it knew then: its next life takes part again. */
function persist(draft: Draft): void {
  if (draft.env.options.lostMax === 0 || draft.state.left) return
  const nodes = namesToKeep(draft)
  const persisted = nodes.join('\n')
  if (persisted === draft.state.persisted) return
  change(draft, { persisted })
  draft.actions.push({ tag: 'persist', nodes })
}

/**
 * What is under way with nodes that are no peers yet: a dial, then a question. Every entry has a
 * timer from its first moment, so that none outlives `pendingTimeoutMs` whatever the other side
 * does, and there are at most `membershipPendingMax` of them.
 */
import { limits } from '../limits.ts'
import { cancelTimer, change, count, type Draft, freshId, setTimer, without } from './draft.ts'
import type { Priority } from './message.ts'
import { forget, isStranger } from './passive.ts'
import type { PendingKind, PendingPeer } from './state.ts'

export type Undertaking = {
  readonly kind: PendingKind
  readonly priority?: Priority
  readonly makeRoom?: boolean
  readonly met?: boolean
  readonly failCount?: number
}

/**
 * Asks for a channel with `node`. False, and nothing, if it is a peer, blocked or under way; or if
 * it failed and its time has not come, which what others say of it does not change.
 */
export function undertake(draft: Draft, node: string, what: Undertaking): boolean {
  const { pending, failed } = draft.state
  if (!isStranger(draft, node) || failed.some((peer) => peer.node === node)) return false
  if (pending.length >= limits.membershipPendingMax) return false
  const known = forget(draft, node)
  const entry: PendingPeer = {
    node,
    kind: what.kind,
    edge: freshId(draft),
    asked: false,
    priority: what.priority ?? 'low',
    makeRoom: what.makeRoom ?? false,
    met: what.met ?? known?.met ?? false,
    failCount: what.failCount ?? 0,
  }
  change(draft, { pending: [...pending, entry] })
  setTimer(draft, { tag: 'pending', node }, draft.env.options.pendingTimeoutMs)
  draft.actions.push({ tag: 'connect', node })
  return true
}

/** Ends what is under way with `node`, and tells what it was. */
export function settle(draft: Draft, node: string): PendingPeer | undefined {
  const entry = pendingPeer(draft, node)
  if (entry === undefined) return undefined
  change(draft, { pending: without(draft.state.pending, node) })
  cancelTimer(draft, { tag: 'pending', node })
  return entry
}

/** The backstop: the entry is dropped, and counted. */
export function expire(draft: Draft, node: string): PendingPeer | undefined {
  const entry = pendingPeer(draft, node)
  if (entry === undefined) return undefined
  change(draft, { pending: without(draft.state.pending, node) })
  count(draft, 'pendingTimeout', node)
  return entry
}

export function pendingPeer(draft: Draft, node: string): PendingPeer | undefined {
  return draft.state.pending.find((peer) => peer.node === node)
}

/** The question has been sent. */
export function asked(draft: Draft, node: string, fields: Partial<PendingPeer> = {}): void {
  const pending = draft.state.pending.map((peer) =>
    peer.node === node ? { ...peer, ...fields, asked: true, met: true } : peer,
  )
  change(draft, { pending })
}

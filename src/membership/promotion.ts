/**
 * Filling the active view from the passive one (DSN 2007, section 4.3): as many candidates are
 * asked at a time as there is room for, each over a channel that exists by then. Candidates that
 * refused rest for a while; when only such are left, a timer asks again.
 */
import { change, count, type Draft, hasRoom, jitter, send, setTimer } from './draft.ts'
import { reachable } from './lost.ts'
import type { Priority } from './message.ts'
import { candidates, met, remember } from './passive.ts'
import { asked, pendingPeer, settle, undertake } from './pending.ts'

/** Asks candidates for the free slots that nobody has been asked for yet. */
export function promote(draft: Draft): void {
  const { state, env } = draft
  if (state.left || !hasRoom(draft)) return
  const { nowMs, options } = env
  const begun = state.pending.filter((peer) => peer.kind === 'neighbor' || peer.kind === 'join')
  let room = options.activeSize - state.active.length - begun.length
  if (room <= 0) return
  if (!isUrgent(draft) && state.promoteAtMs > nowMs) {
    setTimer(draft, { tag: 'promote' }, state.promoteAtMs - nowMs)
    return
  }
  for (const { node } of candidates(draft)) {
    if (room === 0) return
    if (undertake(draft, node, { kind: 'neighbor' })) room -= 1
  }
  const resting = draft.state.passive.filter((peer) => !peer.departed && peer.notBeforeMs > nowMs)
  if (room === 0 || resting.length === 0) return
  const nextMs = Math.min(...resting.map((peer) => peer.notBeforeMs)) - nowMs
  setTimer(draft, { tag: 'promote' }, nextMs)
}

/** A peer needed its room: who is asked then, `afterEviction` tells. */
export function promoteAfterEviction(draft: Draft): void {
  const { afterEviction } = draft.env.options
  if (afterEviction === 'candidates' || draft.state.active.length === 0) promote(draft)
}

/** One more candidate refused: after a few the next is not asked at once. */
export function pauseAfterRefusal(draft: Draft): void {
  const { refusalsMax, baseBackoffMs, passiveCleanupPeriodMs } = draft.env.options
  if (refusalsMax === 0) return
  const refusals = draft.state.refusals + 1
  const waitMs =
    refusals < refusalsMax
      ? 0
      : Math.min(baseBackoffMs * 2 ** (refusals - refusalsMax), passiveCleanupPeriodMs)
  change(draft, { refusals, promoteAtMs: draft.env.nowMs + jitter(draft, waitMs) })
}

/** The channel with `node` is up: asks what was to be asked. */
export function connected(draft: Draft, node: string): void {
  const { state } = draft
  const entry = pendingPeer(draft, node)
  met(draft, node)
  if (entry === undefined || entry.asked) return
  const wasLost = state.lost.some((peer) => peer.node === node)
  reachable(draft, node)
  if (entry.kind === 'seek' && wasLost) count(draft, 'reunited', node)
  if (entry.kind === 'join') {
    asked(draft, node)
    send(draft, node, { tag: 'join', edge: entry.edge })
  } else if (hasRoom(draft) || entry.makeRoom) {
    const priority = hasRoom(draft) && entry.priority !== 'high' ? urgency(draft) : entry.priority
    asked(draft, node, { priority })
    send(draft, node, { tag: 'neighbor', edge: entry.edge, priority })
  } else {
    settle(draft, node)
    remember(draft, node)
  }
}

/** Only as many questions have priority as peers are missing for it. */
function urgency(draft: Draft): Priority {
  return isUrgent(draft) ? 'high' : 'low'
}

/**
 * Fewer peers than `highBelow`, those that are being asked with priority included; or at least two
 * too few while everybody refuses, for then an edge can be split for both.
 */
function isUrgent({ state, env }: Draft): boolean {
  const { highBelow, activeSize, refusalsMax } = env.options
  const urgent = state.pending.filter((peer) => peer.asked && peer.priority === 'high').length
  const peers = state.active.length + urgent
  const isRefused = refusalsMax > 0 && state.refusals >= refusalsMax
  // One slot too few is no need: with views of two the last node would evict others forever.
  return (
    peers < Math.min(highBelow, Math.max(1, activeSize - 1)) ||
    (isRefused && peers < activeSize - 1)
  )
}

/**
 * What a node does about its views when nothing happens, at a cost that does not depend on the
 * size of the cluster: join while it is alone, age what it has not heard of, check one edge, and
 * now and then change one edge for another, so that an eclipse or the few bridges of a healed
 * partition do not last.
 */
import { removePeer } from './active.ts'
import { any, cancelTimer, change, type Draft, hasRoom, jitter, send, setTimer } from './draft.ts'
import { joinThrough } from './join.ts'
import { forgetOld, keepContacts, lose, scheduleSeek, seekNow } from './lost.ts'
import { aged, candidates } from './passive.ts'
import { undertake } from './pending.ts'
import { promote } from './promotion.ts'
import { shuffle, shuffleWaitMs } from './shuffle.ts'
import { newMembership } from './state.ts'

/** The first attempt to join does not wait for a whole `contactRetryMs`. */
const bootstrapFirstMs = 1_000

/** Sets the timers of the upkeep, once. */
export function start(draft: Draft): void {
  if (draft.state.running) return
  const { contactRetryMs, passiveCleanupPeriodMs, auditPeriodMs, rotatePeriodMs } =
    draft.env.options
  change(draft, { running: true, left: false, tokensMs: draft.env.nowMs })
  keepContacts(draft)
  setTimer(draft, { tag: 'bootstrap' }, Math.min(bootstrapFirstMs, contactRetryMs))
  setTimer(draft, { tag: 'shuffle' }, jitter(draft, shuffleWaitMs(draft.state, draft.env)))
  setTimer(draft, { tag: 'sweep' }, passiveCleanupPeriodMs)
  if (auditPeriodMs > 0) setTimer(draft, { tag: 'audit' }, jitter(draft, auditPeriodMs, 0.5))
  if (rotatePeriodMs > 0) setTimer(draft, { tag: 'rotate' }, jitter(draft, rotatePeriodMs, 0.5))
  scheduleSeek(draft)
}

/** Tells the peers, and forgets everything that would lead back. */
export function leave(draft: Draft): void {
  const { state, env } = draft
  if (state.left) return
  for (const { node, edge } of state.active) {
    send(draft, node, { tag: 'disconnect', edge, reason: 'leave', peers: [] })
    removePeer(draft, node, 'left')
  }
  for (const { node } of state.pending) cancelTimer(draft, { tag: 'pending', node })
  for (const { node } of state.failed) cancelTimer(draft, { tag: 'retry', node })
  for (const tag of [
    'bootstrap',
    'shuffle',
    'promote',
    'sweep',
    'audit',
    'rotate',
    'seek',
  ] as const) {
    cancelTimer(draft, { tag })
  }
  const { blocked, former, joins, leaves, persisted } = draft.state
  draft.state = {
    ...newMembership(env.options),
    left: true,
    blocked,
    former,
    joins,
    leaves,
    persisted,
  }
  draft.actions.push({ tag: 'left' })
}

/** Alone: every contact, and one of the lost. */
export function bootstrap(draft: Draft): void {
  const { options, self } = draft.env
  setTimer(draft, { tag: 'bootstrap' }, jitter(draft, options.contactRetryMs))
  if (draft.state.active.length > 0) return
  for (const contact of options.contactNodes) if (contact !== self) joinThrough(draft, contact)
  seekNow(draft)
  promote(draft)
}

export function shuffleAgain(draft: Draft): void {
  setTimer(draft, { tag: 'shuffle' }, shuffleWaitMs(draft.state, draft.env))
  shuffle(draft)
  promote(draft)
}

export function sweep(draft: Draft): void {
  setTimer(draft, { tag: 'sweep' }, draft.env.options.passiveCleanupPeriodMs)
  const { kept, dropped } = aged(draft.state, draft.env)
  if (dropped.length > 0) change(draft, { passive: kept })
  for (const peer of dropped) if (peer.met && !peer.departed) lose(draft, peer.node)
  forgetOld(draft)
  promote(draft)
}

export function audit(draft: Draft): void {
  const { state, env } = draft
  setTimer(draft, { tag: 'audit' }, jitter(draft, env.options.auditPeriodMs))
  const audited = (state.audited + 1) % Math.max(1, state.active.length)
  const peer = state.active[audited]
  change(draft, { audited })
  if (peer !== undefined) send(draft, peer.node, { tag: 'edgeCheck', edge: peer.edge })
}

/** Any candidate, however well known: the point is to meet others. */
export function rotate(draft: Draft): void {
  setTimer(draft, { tag: 'rotate' }, jitter(draft, draft.env.options.rotatePeriodMs, 0.5))
  if (hasRoom(draft)) return
  const candidate = any(draft, candidates(draft))
  if (candidate === undefined) return
  undertake(draft, candidate.node, { kind: 'neighbor', priority: 'swap', makeRoom: true })
}

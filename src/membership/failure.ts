/**
 * Failed nodes: out of both views, tried again after 1, 2, 4, 8 s and so on, jittered so that the
 * two sides of a partition do not dial in step (the cluster spec, 6.5). After `maxFailCount`
 * failures in a row a node that was met is lost, and its name kept (`lost.ts`); hearsay that
 * nobody answered to is dropped sooner, and is how made-up names leave.
 */
import { limits } from '../limits.ts'
import { cancelTimer, change, type Draft, jitter, setTimer, without } from './draft.ts'
import { lose } from './lost.ts'
import { undertake } from './pending.ts'
import type { FailedPeer } from './state.ts'

/** Books one more failure of `node`, after `failCount` before it. */
export function fail(
  draft: Draft,
  node: string,
  facts: Pick<FailedPeer, 'failCount' | 'met' | 'reason'>,
): void {
  const { state, env } = draft
  const { maxFailCount, hearsayFailMax, baseBackoffMs, backoffMaxMs } = env.options
  const failCount = facts.failCount + 1
  const isFull = state.failed.length >= limits.membershipFailedMax
  if (failCount >= (facts.met ? maxFailCount : hearsayFailMax) || isFull) {
    if (facts.met) lose(draft, node)
    return
  }
  const waitMs = jitter(draft, Math.min(baseBackoffMs * 2 ** (failCount - 1), backoffMaxMs))
  const entry: FailedPeer = { ...facts, node, failCount, retryAtMs: env.nowMs + waitMs }
  change(draft, { failed: [...without(state.failed, node), entry] })
  setTimer(draft, { tag: 'retry', node }, waitMs)
}

/** The backoff is over. */
export function retry(draft: Draft, node: string): void {
  const entry = draft.state.failed.find((peer) => peer.node === node)
  if (entry === undefined) return
  change(draft, { failed: without(draft.state.failed, node) })
  const { met, failCount } = entry
  if (!undertake(draft, node, { kind: 'retry', met, failCount }) && met) lose(draft, node)
}

/** The node is here after all. */
export function clearFailure(draft: Draft, node: string): void {
  if (!draft.state.failed.some((peer) => peer.node === node)) return
  change(draft, { failed: without(draft.state.failed, node) })
  cancelTimer(draft, { tag: 'retry', node })
}

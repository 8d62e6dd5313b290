/**
 * The views as an operator reads them: who is where, for what reason, and for how long. Ages are
 * milliseconds, and everything is plain data that may leave the node.
 */
import type { MembershipState } from './state.ts'

export type MembershipView = {
  /** Oldest edge first. `ours`: this node proposed it. */
  readonly active: readonly {
    readonly node: string
    readonly ageMs: number
    readonly ours: boolean
  }[]
  readonly passive: readonly {
    readonly node: string
    /** Since anybody last heard it itself, as far as is known. */
    readonly heardAgoMs: number
    /** `met`: it had a channel with us; `hearsay`: `from` told of it; `departed`: it left. */
    readonly reason: 'met' | 'hearsay' | 'departed'
    readonly from: string
    /** It is not asked before; 0: it may be. */
    readonly restsMs: number
  }[]
  readonly pending: readonly {
    readonly node: string
    /** `join`, `neighbor`, `retry` of a failed node, `seek` of a lost one or a contact. */
    readonly reason: string
    /** It has a channel, and has been asked. */
    readonly asked: boolean
  }[]
  readonly failed: readonly {
    readonly node: string
    readonly reason: string
    readonly failCount: number
    readonly retryInMs: number
  }[]
  readonly lost: readonly {
    readonly node: string
    readonly reason: 'lost' | 'contact'
    readonly ageMs: number
    /** Since anybody last tried, as far as is known; undefined: never. */
    readonly triedAgoMs: number | undefined
  }[]
  readonly blocked: readonly string[]
  /** Peers that came and went since the start. */
  readonly joins: number
  readonly leaves: number
  /** The node left on purpose, and takes part again when it joins. */
  readonly left: boolean
}

export function viewOf(state: MembershipState, nowMs: number): MembershipView {
  const ago = (atMs: number) => Math.max(0, Math.round(nowMs - atMs))
  const until = (atMs: number) => Math.max(0, Math.round(atMs - nowMs))
  return {
    active: state.active.map(({ node, sinceMs, ours }) => ({ node, ageMs: ago(sinceMs), ours })),
    passive: state.passive.map(({ node, seenMs, met, departed, from, notBeforeMs }) => ({
      node,
      heardAgoMs: ago(seenMs),
      reason: departed ? 'departed' : met ? 'met' : 'hearsay',
      from,
      restsMs: until(notBeforeMs),
    })),
    pending: state.pending.map(({ node, kind, asked }) => ({ node, reason: kind, asked })),
    failed: state.failed.map(({ node, reason, failCount, retryAtMs }) => ({
      node,
      reason,
      failCount,
      retryInMs: until(retryAtMs),
    })),
    lost: state.lost.map(({ node, contact, sinceMs, triedMs }) => ({
      node,
      reason: contact ? 'contact' : 'lost',
      ageMs: ago(sinceMs),
      triedAgoMs: Number.isFinite(triedMs) ? ago(triedMs) : undefined,
    })),
    blocked: [...state.blocked],
    joins: state.joins,
    leaves: state.leaves,
    left: state.left,
  }
}

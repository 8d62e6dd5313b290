/**
 * A partition held on purpose, for tests and for an operator who shuts a node out: blocked nodes
 * are in no view and get no edge, whatever they send, until they are unblocked. Then they count as
 * lost, and are tried soon.
 */
import { limits } from '../limits.ts'
import { removePeer } from './active.ts'
import { activePeer, change, type Draft, send } from './draft.ts'
import { clearFailure } from './failure.ts'
import { reachable, restore } from './lost.ts'
import { forget } from './passive.ts'
import { settle } from './pending.ts'
import { promote } from './promotion.ts'

export function block(draft: Draft, nodes: readonly string[]): void {
  const blocked = new Set(draft.state.blocked)
  for (const node of nodes) {
    if (node !== draft.env.self && blocked.size < limits.membershipBlockedMax) blocked.add(node)
  }
  change(draft, { blocked })
  for (const node of nodes) if (blocked.has(node)) drop(draft, node)
  promote(draft)
}

export function unblock(draft: Draft, nodes: readonly string[] | undefined): void {
  const released = nodes ?? [...draft.state.blocked]
  const blocked = new Set(draft.state.blocked)
  const free = released.filter((node) => blocked.delete(node))
  change(draft, { blocked })
  restore(draft, free)
  promote(draft)
}

function drop(draft: Draft, node: string): void {
  const peer = activePeer(draft.state, node)
  if (peer !== undefined) {
    send(draft, node, { tag: 'disconnect', edge: peer.edge, reason: 'evict', peers: [] })
    removePeer(draft, node, 'blocked')
  }
  settle(draft, node)
  clearFailure(draft, node)
  forget(draft, node)
  reachable(draft, node)
}

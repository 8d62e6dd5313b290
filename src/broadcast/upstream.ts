/**
 * By which neighbour the tree reaches this node, so that a change of neighbours costs no redundant
 * bodies. A new neighbour stays out of the tree of a node that is in it. When a link of the tree
 * goes, one end repairs it at once: of its two ends the last message passed the link towards one,
 * which takes an alternate, a neighbour that did not have the message from here: it announced it
 * before it came, or from no farther away. That one stands on the other side of the gap, and the
 * new link makes a tree again.
 *
 * Without an alternate new neighbours enter the tree until a message comes; just any neighbour
 * would be as likely as not below this node, which mends nothing and makes a cycle.
 *
 * A deliberate difference from the paper, where each new neighbour begins in the tree and its first
 * body may be redundant: the option `newcomersEager`. What this repair cannot mend (several links
 * gone at once) the timers of announced messages do, as ever.
 */
import { addPeer, isMuted, makeEager } from './peers.ts'
import { type Announcer, type Draft, send } from './state.ts'

/** False when it is a neighbour already. */
export function welcome(draft: Draft, node: string): boolean {
  const { env, state } = draft
  const { newcomersEager } = env.options
  const eager = newcomersEager || state.reached === undefined
  if (!addPeer(draft, node, eager)) return false
  if (eager && !newcomersEager) send(draft, node, { tag: 'graft', ids: [] })
  return true
}

/** A message came by the tree; for its own, `by` is this node. */
export function reached(
  draft: Draft,
  by: string,
  { id, round }: { readonly id: string; readonly round: number },
  announcers: readonly Announcer[],
): void {
  const { env, state } = draft
  if (env.options.newcomersEager || (by !== env.self && !state.peers.has(by))) return
  const early = announcers.filter(({ late, node }) => !late && node !== by)
  const alternates = early.map(({ node }) => node)
  draft.state = { ...state, reached: { by, id, round, alternates } }
}

/** A neighbour announced what is here. With as few links behind it, it had it from elsewhere. */
export function noteAlternate(draft: Draft, node: string, id: string, round: number): void {
  const { reached } = draft.state
  if (reached?.id !== id || round > reached.round + 1) return
  if (node === reached.by || reached.alternates.includes(node)) return
  const alternates = [...reached.alternates, node]
  draft.state = { ...draft.state, reached: { ...reached, alternates } }
}

/** A neighbour has left. If the tree reached this node by it, another is asked to take over. */
export function reattach(draft: Draft, gone: string): void {
  const { state } = draft
  const { reached } = state
  if (reached?.by !== gone) return
  const next = reached.alternates.find((node) => state.peers.has(node) && !isMuted(draft, node))
  if (next === undefined) {
    draft.state = { ...state, reached: undefined }
    return
  }
  const alternates = reached.alternates.filter((node) => node !== next)
  draft.state = { ...state, reached: { ...reached, by: next, alternates } }
  if (state.peers.get(next)?.eager === true) return
  makeEager(draft, next)
  send(draft, next, { tag: 'graft', ids: [] })
}

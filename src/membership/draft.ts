/**
 * One step being taken: the state as it changes and the actions as they are decided. A draft lives
 * within one `stepMembership` and is never kept. The state a step began with is never changed: the
 * first change makes the step a copy of its own, and the lists in it are replaced, not altered.
 */
import type { CountName, MembershipAction, MembershipEnv, MembershipTimer } from './event.ts'
import type { MembershipMessage } from './message.ts'
import type { ActivePeer, MembershipState } from './state.ts'

export type Draft = {
  /** What the step began with. */
  readonly before: MembershipState
  state: MembershipState
  readonly actions: MembershipAction[]
  readonly env: MembershipEnv
}

/** One copy a step: a `state` taken out of the draft earlier may or may not show the change. */
export function change(draft: Draft, fields: Partial<MembershipState>): void {
  if (draft.state === draft.before) draft.state = { ...draft.before }
  Object.assign(draft.state, fields)
}

export function send(draft: Draft, to: string, message: MembershipMessage): void {
  draft.actions.push({ tag: 'send', to, message })
}

export function setTimer(draft: Draft, timer: MembershipTimer, afterMs: number): void {
  draft.actions.push({ tag: 'setTimer', timer, afterMs: Math.max(0, Math.ceil(afterMs)) })
}

export function cancelTimer(draft: Draft, timer: MembershipTimer): void {
  draft.actions.push({ tag: 'cancelTimer', timer })
}

export function count(draft: Draft, name: CountName, peer?: string): void {
  draft.actions.push(peer === undefined ? { tag: 'count', name } : { tag: 'count', name, peer })
}

export function activePeer(state: MembershipState, node: string): ActivePeer | undefined {
  return state.active.find((peer) => peer.node === node)
}

export function hasRoom({ state, env }: Draft): boolean {
  return state.active.length < env.options.activeSize
}

/** Without the items named `node`; the list itself when there is none. */
export function without<Item extends { readonly node: string }>(
  items: readonly Item[],
  node: string,
): readonly Item[] {
  return has(items, node) ? items.filter((item) => item.node !== node) : items
}

export function has(items: readonly { readonly node: string }[], node: string): boolean {
  return indexOf(items, node) >= 0
}

/** Where the item named `node` is; -1 if there is none. */
export function indexOf(items: readonly { readonly node: string }[], node: string): number {
  for (let at = 0; at < items.length; at++) if (items[at]!.node === node) return at
  return -1
}

/** Any one of them, undefined of none. */
export function any<Item>(draft: Draft, items: readonly Item[]): Item | undefined {
  return items[Math.floor(draft.env.random.unit() * items.length)]
}

/** Cuts the list itself down to any `size` of its items, in any order. */
export function keepSome<Item>(draft: Draft, items: Item[], size: number): Item[] {
  const wanted = Math.min(size, items.length)
  for (let at = 0; at < wanted; at++) {
    const other = at + Math.floor(draft.env.random.unit() * (items.length - at))
    const item = items[other]!
    items[other] = items[at]!
    items[at] = item
  }
  items.length = wanted
  return items
}

/** A fresh number for an edge or a shuffle. */
export function freshId(draft: Draft): number {
  return Math.floor(draft.env.random.unit() * 2 ** 32)
}

/** `ms`, up to `spread` of it more or less, so that nodes started together do not stay in step. */
export function jitter(draft: Draft, ms: number, spread = 0.2): number {
  return ms * (1 - spread + 2 * spread * draft.env.random.unit())
}

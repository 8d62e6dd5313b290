/**
 * One step being taken: the state as it changes and the actions as they are decided. A draft lives
 * within one `stepMembership` and is never kept; the states it goes through are immutable.
 */
import type { CountName, MembershipAction, MembershipEnv, MembershipTimer } from './event.ts'
import type { MembershipMessage } from './message.ts'
import type { ActivePeer, MembershipState } from './state.ts'

export type Draft = {
  state: MembershipState
  readonly actions: MembershipAction[]
  readonly env: MembershipEnv
}

export function change(draft: Draft, fields: Partial<MembershipState>): void {
  draft.state = { ...draft.state, ...fields }
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
  return items.some((item) => item.node === node)
    ? items.filter((item) => item.node !== node)
    : items
}

/** Any one of them, undefined of none. */
export function any<Item>(draft: Draft, items: readonly Item[]): Item | undefined {
  return items[Math.floor(draft.env.random.unit() * items.length)]
}

/** Any `size` of them, each at most once, in any order. */
export function sample<Item>(draft: Draft, items: readonly Item[], size: number): Item[] {
  const rest = [...items]
  const taken: Item[] = []
  while (taken.length < size && rest.length > 0) {
    const at = Math.floor(draft.env.random.unit() * rest.length)
    taken.push(...rest.splice(at, 1))
  }
  return taken
}

/** A fresh number for an edge or a shuffle. */
export function freshId(draft: Draft): number {
  return Math.floor(draft.env.random.unit() * 2 ** 32)
}

/** `ms`, up to `spread` of it more or less, so that nodes started together do not stay in step. */
export function jitter(draft: Draft, ms: number, spread = 0.2): number {
  return ms * (1 - spread + 2 * spread * draft.env.random.unit())
}

/**
 * The passive view: spares that are known, none of them a peer, pending, failed or blocked. What
 * others say of third nodes is hearsay and could be made up (Cyclon's and HyParView's open flank),
 * so each sender has a share of the view, a node that was met gives way to hearsay only above a
 * number of such nodes, and how old a report is travels with it: a name that is only passed around
 * ages everywhere and is dropped.
 */
import { change, type Draft, has, indexOf, keepSome, without } from './draft.ts'
import type { PeerRef } from './message.ts'
import type { MembershipState, PassivePeer } from './state.ts'

export type Remembered = {
  readonly seenMs?: number
  readonly notBeforeMs?: number
  readonly departed?: boolean
}

/** Puts a node in that this node has, or had, a channel with. */
export function remember(draft: Draft, node: string, facts: Remembered = {}): void {
  const { seenMs = draft.env.nowMs, notBeforeMs = 0, departed = false } = facts
  insert(draft, [{ node, seenMs, met: true, from: node, notBeforeMs, departed }], [])
}

/**
 * Puts in what `from` says of others, as many as a message may name. `sent`: names that `from` was
 * told in exchange, which are the first to give way, since one of the two nodes still has them.
 */
export function learn(
  draft: Draft,
  from: string,
  peers: readonly PeerRef[],
  sent: readonly string[] = [],
): void {
  const { nowMs, options } = draft.env
  const oldestMs = options.passiveMaxAgeMs || Number.POSITIVE_INFINITY
  const entries: PassivePeer[] = []
  for (const { node, ageMs } of peers) {
    if (entries.length === options.shuffleLength) break
    if (ageMs > oldestMs) continue
    const met = node === from
    entries.push({ node, seenMs: nowMs - ageMs, met, from, notBeforeMs: 0, departed: false })
  }
  insert(draft, entries, sent)
}

/** Takes a node out, and tells what was known. */
export function forget(draft: Draft, node: string): PassivePeer | undefined {
  const known = draft.state.passive.find((peer) => peer.node === node)
  if (known !== undefined) change(draft, { passive: without(draft.state.passive, node) })
  return known
}

/** Notes that a node was heard over a channel of its own. */
export function met(draft: Draft, node: string): void {
  const { state, env } = draft
  const at = indexOf(state.passive, node)
  const known = state.passive[at]
  if (known === undefined) return
  const passive = [...state.passive]
  passive[at] = { ...known, seenMs: env.nowMs, met: true, departed: false }
  change(draft, { passive })
}

/** Whether a node may become a peer: not this one, none yet, not blocked. */
export function isStranger({ state, env }: Draft, node: string): boolean {
  return (
    node !== env.self &&
    !state.blocked.has(node) &&
    !has(state.active, node) &&
    !has(state.pending, node)
  )
}

/** Candidates for an edge, best first. */
export function candidates(draft: Draft): readonly PassivePeer[] {
  const { nowMs, options } = draft.env
  const eligible = draft.state.passive.filter((peer) => peer.notBeforeMs <= nowMs && !peer.departed)
  if (options.candidates === 'any') return keepSome(draft, eligible, eligible.length)
  return eligible.sort((a, b) => Number(b.met) - Number(a.met) || b.seenMs - a.seenMs)
}

/** Up to `size` of the nodes that are known well enough to be named to others. */
export function references(draft: Draft, size: number, except: string): PeerRef[] {
  const { state, env } = draft
  const known = state.passive.filter((peer) => !peer.departed && peer.node !== except)
  const chosen = keepSome(draft, known, size)
  return chosen.map(({ node, seenMs }) => ({ node, ageMs: ageOf(env, seenMs) }))
}

/** Up to `size` peers; an edge is a sign of life, so they are of no age. */
export function peerReferences(draft: Draft, size: number, except: string): PeerRef[] {
  const peers = draft.state.active.filter((peer) => peer.node !== except)
  return keepSome(draft, peers, size).map(({ node }) => ({ node, ageMs: 0 }))
}

function ageOf(env: Draft['env'], seenMs: number): number {
  return Math.min(Math.max(0, Math.round(env.nowMs - seenMs)), 2 ** 32 - 1)
}

/** On one copy for all entries, for shuffles are most of what a node at rest does. */
function insert(draft: Draft, entries: readonly PassivePeer[], sent: readonly string[]): void {
  const { failed, passive: before } = draft.state
  const passive = [...before]
  const exchanged = sent.length === 0 ? [] : before.filter((peer) => sent.includes(peer.node))
  let isChanged = false
  for (const entry of entries) {
    if (!isStranger(draft, entry.node) || has(failed, entry.node)) continue
    const at = indexOf(passive, entry.node)
    const known = passive[at]
    if (known === undefined) put(draft, passive, entry, exchanged)
    else passive[at] = merge(known, entry)
    isChanged ||= known === undefined || passive[at] !== known
  }
  if (isChanged) change(draft, { passive })
}

/** Hearsay makes an entry younger, and changes nothing else about it. */
function merge(known: PassivePeer, entry: PassivePeer): PassivePeer {
  const seenMs = Math.max(known.seenMs, entry.seenMs)
  if (entry.met) return { ...entry, seenMs }
  return seenMs === known.seenMs ? known : { ...known, seenMs }
}

/** Adds an entry, in the place of another if there is no room; not at all if none may give way. */
function put(
  draft: Draft,
  passive: PassivePeer[],
  entry: PassivePeer,
  exchanged: PassivePeer[],
): void {
  const { passiveSize, hearsayMax, metSlots } = draft.env.options
  let hearsay = 0
  let ofSender = 0
  for (const other of passive) {
    if (other.met) continue
    hearsay += 1
    if (other.from === entry.from) ofSender += 1
  }
  if (!entry.met && ofSender >= hearsayMax) {
    passive[drawHearsay(draft, passive, ofSender, entry.from)] = entry
  } else if (passive.length < passiveSize) {
    passive.push(entry)
  } else {
    const isSafe = metSlots > 0 && (entry.met || passive.length - hearsay <= metSlots)
    const hearsayOnly = isSafe && (hearsay > 0 || !entry.met)
    if (hearsayOnly && hearsay === 0) return
    let at = drawExchanged(draft, passive, exchanged, hearsayOnly)
    if (at < 0 && hearsayOnly) at = drawHearsay(draft, passive, hearsay)
    if (at < 0) at = Math.floor(draft.env.random.unit() * passive.length)
    passive[at] = entry
  }
}

/** Where one of those stands that were given in exchange and are still there; -1 if none is. */
function drawExchanged(
  draft: Draft,
  passive: readonly PassivePeer[],
  exchanged: PassivePeer[],
  hearsayOnly: boolean,
): number {
  while (exchanged.length > 0) {
    const at = Math.floor(draft.env.random.unit() * exchanged.length)
    const peer = exchanged[at]!
    exchanged[at] = exchanged[exchanged.length - 1]!
    exchanged.length -= 1
    const stands = hearsayOnly && peer.met ? -1 : passive.indexOf(peer)
    if (stands >= 0) return stands
  }
  return -1
}

/** Where one of the `count` entries stands that are hearsay, of `from` or without it of anybody. */
function drawHearsay(
  draft: Draft,
  passive: readonly PassivePeer[],
  count: number,
  from?: string,
): number {
  let left = Math.floor(draft.env.random.unit() * count)
  for (let at = 0; at < passive.length; at++) {
    const peer = passive[at]!
    if (!peer.met && (from === undefined || peer.from === from) && left-- === 0) return at
  }
  return -1
}

/** The passive view as it would be without what is too old; the rest of it apart. */
export function aged(
  state: MembershipState,
  env: Draft['env'],
): { readonly kept: readonly PassivePeer[]; readonly dropped: readonly PassivePeer[] } {
  const { passiveMaxAgeMs } = env.options
  if (passiveMaxAgeMs === 0) return { kept: state.passive, dropped: [] }
  const isOld = (peer: PassivePeer) => env.nowMs - peer.seenMs > passiveMaxAgeMs
  return {
    kept: state.passive.filter((peer) => !isOld(peer)),
    dropped: state.passive.filter(isOld),
  }
}

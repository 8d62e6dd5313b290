/**
 * The passive view: spares that are known, none of them a peer, pending, failed or blocked. What
 * others say of third nodes is hearsay and could be made up (Cyclon's and HyParView's open flank),
 * so each sender has a share of the view, a node that was met gives way to hearsay only above a
 * number of such nodes, and how old a report is travels with it: a name that is only passed around
 * ages everywhere and is dropped.
 */
import { any, change, type Draft, sample, without } from './draft.ts'
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
  const heard = peers.slice(0, options.shuffleLength).filter(({ ageMs }) => ageMs <= oldestMs)
  const entries = heard.map(({ node, ageMs }) => ({
    node,
    seenMs: nowMs - ageMs,
    met: node === from,
    from,
    notBeforeMs: 0,
    departed: false,
  }))
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
  if (!state.passive.some((peer) => peer.node === node)) return
  const passive = state.passive.map((peer) =>
    peer.node === node ? { ...peer, seenMs: env.nowMs, met: true, departed: false } : peer,
  )
  change(draft, { passive })
}

/** Whether a node may become a peer: not this one, none yet, not blocked. */
export function isStranger({ state, env }: Draft, node: string): boolean {
  return (
    node !== env.self &&
    !state.blocked.has(node) &&
    !state.active.some((peer) => peer.node === node) &&
    !state.pending.some((peer) => peer.node === node)
  )
}

/** Candidates for an edge, best first. */
export function candidates(draft: Draft): readonly PassivePeer[] {
  const { nowMs, options } = draft.env
  const eligible = draft.state.passive.filter((peer) => peer.notBeforeMs <= nowMs && !peer.departed)
  if (options.candidates === 'any') return sample(draft, eligible, eligible.length)
  return eligible.sort((a, b) => Number(b.met) - Number(a.met) || b.seenMs - a.seenMs)
}

/** Up to `size` of the nodes that are known well enough to be named to others. */
export function references(draft: Draft, size: number, except: string): PeerRef[] {
  const { state, env } = draft
  const known = state.passive.filter((peer) => !peer.departed && peer.node !== except)
  return sample(draft, known, size).map(({ node, seenMs }) => ({ node, ageMs: ageOf(env, seenMs) }))
}

/** Up to `size` peers; an edge is a sign of life, so they are of no age. */
export function peerReferences(draft: Draft, size: number, except: string): PeerRef[] {
  const peers = draft.state.active.filter((peer) => peer.node !== except)
  return sample(draft, peers, size).map(({ node }) => ({ node, ageMs: 0 }))
}

function ageOf(env: Draft['env'], seenMs: number): number {
  return Math.min(Math.max(0, Math.round(env.nowMs - seenMs)), 2 ** 32 - 1)
}

function insert(draft: Draft, entries: readonly PassivePeer[], sent: readonly string[]): void {
  const { failed, passive: before } = draft.state
  // Copied once for all entries: shuffles are most of what a node at rest does.
  const passive = [...before]
  for (const entry of entries) {
    if (!isStranger(draft, entry.node)) continue
    if (failed.some((peer) => peer.node === entry.node)) continue
    const at = passive.findIndex((peer) => peer.node === entry.node)
    const known = passive[at]
    if (known !== undefined) passive[at] = merge(known, entry)
    else put(draft, passive, entry, sent)
  }
  change(draft, { passive })
}

/** Hearsay makes an entry younger, and changes nothing else about it. */
function merge(known: PassivePeer, entry: PassivePeer): PassivePeer {
  const seenMs = Math.max(known.seenMs, entry.seenMs)
  return entry.met ? { ...entry, seenMs } : { ...known, seenMs }
}

/** Adds an entry, in the place of another if there is no room; not at all if none may give way. */
function put(
  draft: Draft,
  passive: PassivePeer[],
  entry: PassivePeer,
  sent: readonly string[],
): void {
  const { passiveSize, hearsayMax, metSlots } = draft.env.options
  const replaceOne = (others: readonly PassivePeer[]): void => {
    const victim = any(draft, others)
    if (victim !== undefined) passive[passive.indexOf(victim)] = entry
  }
  const ofSender = entry.met
    ? []
    : passive.filter((other) => !other.met && other.from === entry.from)
  if (ofSender.length >= hearsayMax) replaceOne(ofSender)
  else if (passive.length < passiveSize) passive.push(entry)
  else {
    const hearsay = passive.filter((other) => !other.met)
    const isSafe = metSlots > 0 && (entry.met || passive.length - hearsay.length <= metSlots)
    const open = isSafe && (hearsay.length > 0 || !entry.met) ? hearsay : passive
    const exchanged = open.filter((other) => sent.includes(other.node))
    replaceOne(exchanged.length > 0 ? exchanged : open)
  }
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

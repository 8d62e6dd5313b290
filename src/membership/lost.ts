/**
 * Nodes that were met and cannot be reached, and the contacts: what lets the parts of a partition
 * find each other however long it lasted, and islands of a simultaneous start find the rest. The
 * list outlives a restart (`persist`). Contacts are tried while there are peers too, for a node
 * cannot tell that it is on an island.
 *
 * One name is tried about once a minute by all together, however many keep it: who tries says so
 * in its shuffles, and each waits longer or shorter until the tries it hears of come at that rate.
 * The waits are drawn so that few of them are short (after Nonnenmacher and Biersack's timers for
 * feedback in large groups). What others say they tried delays our own try, never beyond
 * `lostRetryMaxMs`.
 */
import { limits } from '../limits.ts'
import { any, change, count, type Draft, jitter, keepSome, setTimer, without } from './draft.ts'
import type { Tried } from './message.ts'
import { undertake } from './pending.ts'
import type { LostPeer } from './state.ts'

/** Puts the contacts on the list, which they never leave. */
export function keepContacts(draft: Draft): void {
  const { options, self } = draft.env
  for (const node of options.contactNodes) {
    if (node !== self && !isListed(draft, node)) add(draft, node, true)
  }
}

/** Names an earlier life of this node persisted. They are due soon, one after the other. */
export function restore(draft: Draft, nodes: readonly string[]): void {
  const { options, nowMs } = draft.env
  for (const node of nodes.slice(0, options.lostMax)) {
    lose(draft, node, nowMs + jitter(draft, options.contactRetryMs, 1))
  }
}

/** A node that was met is out of reach. When the list is full any other name makes room. */
export function lose(draft: Draft, node: string, dueMs?: number): void {
  const { state, env } = draft
  const { lostMax } = env.options
  const isPeer = state.active.some((peer) => peer.node === node)
  if (lostMax === 0 || node === env.self || isPeer || state.blocked.has(node)) return
  if (isListed(draft, node)) return
  const others = state.lost.filter((peer) => !peer.contact)
  const victim = others.length >= lostMax ? any(draft, others) : undefined
  if (victim !== undefined) change(draft, { lost: without(state.lost, victim.node) })
  add(draft, node, false, dueMs)
}

/** The node was met: it is not lost. */
export function reachable(draft: Draft, node: string): void {
  const entry = draft.state.lost.find((peer) => peer.node === node)
  if (entry !== undefined && !entry.contact) {
    change(draft, { lost: without(draft.state.lost, node) })
  }
}

/** The timer of the list: tries the one that is due longest, if any, and sets itself again. */
export function seek(draft: Draft): void {
  const { state, env } = draft
  const due = state.lost
    .filter((peer) => peer.dueMs <= env.nowMs && isAway(draft, peer.node))
    .reduce<LostPeer | undefined>(
      (a, b) => (a === undefined || b.dueMs < a.dueMs ? b : a),
      undefined,
    )
  const { nowMs } = env
  if (due !== undefined) dial(draft, after(draft, { ...due, ownTriedMs: nowMs }, nowMs))
  hurry(draft)
  scheduleSeek(draft, env.options.baseBackoffMs)
}

/** Nobody seems to try these any more: our share of it is greater than we thought. */
function hurry(draft: Draft): void {
  const { nowMs, options } = draft.env
  const quietMs = options.lostRetryMs * 2
  for (const peer of draft.state.lost) {
    const since = Math.max(peer.triedMs, peer.sinceMs)
    if (peer.share === 1 || nowMs - since < quietMs) continue
    const share = Math.max(1, peer.share / shareFactor)
    replace(draft, { ...peer, share, dueMs: Math.min(peer.dueMs, nowMs + wait(draft, share)) })
  }
}

/** A node that is alone tries any of them, whoever tried it before; its share stays what it is. */
export function seekNow(draft: Draft): void {
  const { nowMs, options } = draft.env
  if (options.lostMax === 0) return
  const away = draft.state.lost.filter(({ node }) => isAway(draft, node))
  const peer = any(draft, away)
  if (peer === undefined) return
  const dueMs = nowMs + wait(draft, peer.share)
  dial(draft, { ...peer, triedMs: nowMs, ownTriedMs: nowMs, dueMs })
}

/** Sets the timer of the list, if there is anything on it, for `leastMs` from now or later. */
export function scheduleSeek(draft: Draft, leastMs = 0): void {
  const { state, env } = draft
  const away = state.lost.filter((peer) => isAway(draft, peer.node))
  if (!state.running || env.options.lostMax === 0 || state.lost.length === 0) return
  const dueMs = Math.min(...away.map((peer) => peer.dueMs), env.nowMs + env.options.lostRetryMs)
  setTimer(draft, { tag: 'seek' }, Math.max(dueMs - env.nowMs, leastMs))
}

/** Some of the names that were tried lately, for a shuffle to tell. */
export function triedLately(draft: Draft): Tried[] {
  const { state, env } = draft
  const lately = state.lost.filter((peer) => env.nowMs - peer.triedMs < env.options.lostRetryMs)
  return keepSome(draft, lately, limits.membershipTriedMax).map(({ node, triedMs }) => ({
    node,
    agoMs: Math.round(env.nowMs - triedMs),
  }))
}

/** Others tried these: if the names are on our list, we wait anew. */
export function othersTried(draft: Draft, tried: readonly Tried[]): void {
  const { nowMs, options } = draft.env
  for (const { node, agoMs } of tried) {
    const known = draft.state.lost.find((peer) => peer.node === node)
    const triedMs = nowMs - agoMs
    // The same try comes by several ways, a little later by each for the time that took.
    const slackMs = options.lostRetryMs / 30
    if (known !== undefined && triedMs > known.triedMs + slackMs) {
      replace(draft, after(draft, known, triedMs))
    }
  }
}

/** Forgets names that have been lost for too long. */
export function forgetOld(draft: Draft): void {
  const { state, env } = draft
  const { lostMaxAgeMs } = env.options
  const lost = state.lost.filter((peer) => peer.contact || env.nowMs - peer.sinceMs < lostMaxAgeMs)
  if (lost.length < state.lost.length) change(draft, { lost })
}

/** What the next life of this node should know: the lost, then those who are here. */
export function namesToKeep(draft: Draft): readonly string[] {
  const { lost, active, passive } = draft.state
  const away = lost.filter((peer) => !peer.contact)
  const here = [...active, ...passive.filter((peer) => peer.met && !peer.departed)]
  const names = new Set([...away, ...here].map((peer) => peer.node))
  return [...names].slice(0, draft.env.options.lostMax).sort()
}

/** Tries a name, whose entry is the given one from now on. */
function dial(draft: Draft, entry: LostPeer): void {
  const { node } = entry
  replace(draft, entry)
  if (undertake(draft, node, { kind: 'seek', priority: 'swap', makeRoom: true, met: true })) {
    count(draft, 'sought', node)
  }
}

function isListed(draft: Draft, node: string): boolean {
  return draft.state.lost.some((peer) => peer.node === node)
}

function isAway({ state }: Draft, node: string): boolean {
  const here = (peer: { readonly node: string }) => peer.node === node
  return !state.active.some(here) && !state.pending.some(here) && !state.blocked.has(node)
}

function replace(draft: Draft, peer: LostPeer): void {
  const lost = draft.state.lost.map((other) => (other.node === peer.node ? peer : other))
  change(draft, { lost })
}

function add(draft: Draft, node: string, contact: boolean, dueMs?: number): void {
  const { nowMs } = draft.env
  const entry: LostPeer = {
    node,
    sinceMs: nowMs,
    contact,
    triedMs: Number.NEGATIVE_INFINITY,
    ownTriedMs: Number.NEGATIVE_INFINITY,
    share: 1,
    dueMs: dueMs ?? nowMs + wait(draft, 1),
  }
  change(draft, { lost: [...draft.state.lost, entry] })
  scheduleSeek(draft)
}

/** An entry after one more try, ours or another's: the rate of tries sets our share of them. */
function after(draft: Draft, peer: LostPeer, triedMs: number): LostPeer {
  const { lostRetryMs, lostRetryMaxMs } = draft.env.options
  const gapMs = triedMs - peer.triedMs
  const isOften = gapMs < lostRetryMs * often
  const factor = isOften ? shareFactor : gapMs > lostRetryMs * seldom ? 1 / shareFactor : 1
  const share = Math.min(Math.max(1, peer.share * factor), lostRetryMaxMs / lostRetryMs)
  const latestMs = Math.max(peer.ownTriedMs, peer.sinceMs) + lostRetryMaxMs
  return { ...peer, triedMs, share, dueMs: Math.min(triedMs + wait(draft, share), latestMs) }
}

/** How much the share grows or shrinks at a time. */
const shareFactor = 1.5
/** Gaps that are as likely as each other, 0.3, when tries come at random once in a period. */
const often = 0.35
const seldom = 1.2
/** Holders of one name for which the waits of one period still keep apart. */
const holdersMax = 10_000

/** Half the period, and up to another that is rarely short: the first of many is due after one. */
function wait(draft: Draft, share: number): number {
  const { random, options } = draft.env
  const late = 1 + Math.log(1 - random.unit()) / Math.log(holdersMax)
  return options.lostRetryMs * share * (0.5 + Math.max(0, late))
}

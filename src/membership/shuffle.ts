/**
 * Shuffles keep passive views fresh (DSN 2007, section 4.4): a sample of what a node knows walks a
 * few steps, and samples of others come back. A reply counts only with the number that its
 * shuffle had, so nobody can push names unasked. In the default profile each step answers the one
 * before it over the edge they share; the paper's walk answers its origin at the end, for which
 * its nodes would have to dial.
 *
 * The period shortens while many peers come and go (the cluster spec, 6.7).
 */
import { limits } from '../limits.ts'
import { isHeard } from './active.ts'
import { any, change, count, type Draft, freshId, send } from './draft.ts'
import type { MembershipEnv } from './event.ts'
import { othersTried, triedLately } from './lost.ts'
import type { MembershipMessage, PeerRef } from './message.ts'
import { learn, peerReferences, references } from './passive.ts'
import { admits } from './quota.ts'
import type { MembershipState } from './state.ts'

type Message<Tag> = Extract<MembershipMessage, { readonly tag: Tag }>

/** Starts a shuffle with any peer; none without peers. */
export function shuffle(draft: Draft): void {
  const { state, env } = draft
  const { shuffleLength, shuffleActiveLength, shuffleTtl } = env.options
  const target = any(draft, state.active)
  if (target === undefined) return
  const self: PeerRef = { node: env.self, ageMs: 0 }
  const peers = peerReferences(draft, Math.min(shuffleActiveLength, shuffleLength - 1), target.node)
  const spares = references(draft, shuffleLength - 1 - peers.length, target.node)
  count(draft, 'shuffle', target.node)
  walk(draft, target.node, freshId(draft), {
    ttl: shuffleTtl,
    origin: env.self,
    peers: [self, ...peers, ...spares],
  })
}

export function onShuffle(draft: Draft, from: string, message: Message<'shuffle'>): void {
  const { state, env } = draft
  const { shuffleReply, shuffleTtl, shuffleLength } = env.options
  if (!isHeard(state, from, env.nowMs)) {
    count(draft, 'stranger', from)
    return
  }
  if (!admits(draft, from, 'walks')) return
  const { id, origin } = message
  const peers = message.peers.slice(0, shuffleLength)
  const ttl = Math.min(message.ttl, shuffleTtl) - 1
  const others = state.active.filter(({ node }) => node !== from && node !== origin)
  const next = ttl > 0 ? any(draft, others) : undefined
  othersTried(draft, message.tried)
  if (shuffleReply === 'origin') {
    if (next === undefined) reply(draft, origin, id, peers)
    else send(draft, next.node, { ...message, ttl, peers })
    if (next === undefined) learn(draft, from, peers)
    return
  }
  reply(draft, from, id, peers)
  learn(draft, from, peers)
  if (next !== undefined) walk(draft, next.node, freshId(draft), { ttl, origin, peers })
}

export function onShuffleReply(draft: Draft, from: string, message: Message<'shuffleReply'>): void {
  const { state, env } = draft
  const entry = state.shuffles.find(
    ({ id, to }) => id === message.id && (to === from || env.options.shuffleReply === 'origin'),
  )
  if (entry === undefined || state.blocked.has(from)) {
    count(draft, 'stale', from)
    return
  }
  change(draft, { shuffles: state.shuffles.filter((other) => other !== entry) })
  othersTried(draft, message.tried)
  learn(draft, from, message.peers, entry.sent)
}

/** How long until the next shuffle: sooner while peers come and go. */
export function shuffleWaitMs(state: MembershipState, env: MembershipEnv): number {
  const { shufflePeriodMs, churnWindowMs } = env.options
  if (churnWindowMs === 0) return shufflePeriodMs
  const churn = state.churnMs.filter((atMs) => env.nowMs - atMs < churnWindowMs).length
  if (churn > 10) return Math.min(fastShuffleMs, shufflePeriodMs)
  if (churn > 5) return Math.min(Math.max(fastShuffleMs, shufflePeriodMs / 2), shufflePeriodMs)
  return shufflePeriodMs
}

const fastShuffleMs = 2_000

/** Sends a shuffle one step on, and remembers that a reply may come. */
function walk(
  draft: Draft,
  to: string,
  id: number,
  { ttl, origin, peers }: Pick<Message<'shuffle'>, 'ttl' | 'origin' | 'peers'>,
): void {
  const entry = { id, to, sent: peers.map(({ node }) => node) }
  const shuffles = [...draft.state.shuffles, entry].slice(-limits.membershipShufflesMax)
  change(draft, { shuffles })
  send(draft, to, { tag: 'shuffle', id, ttl, origin, peers, tried: triedLately(draft) })
}

/** As many spares of ours as we were told of. */
function reply(draft: Draft, to: string, id: number, peers: readonly PeerRef[]): void {
  if (to === draft.env.self) return
  const spares = references(draft, peers.length, to)
  send(draft, to, { tag: 'shuffleReply', id, peers: spares, tried: triedLately(draft) })
}

/**
 * How a node that was away, or a new neighbour, learns what it missed, without touching the tree:
 *
 *   digest   ->            one number; the same on both sides ends it here
 *            <-  buckets
 *   streams  ->            what is in the buckets that differ
 *            <-  offer     ids that the other lacks
 *            <-  streams   of those in which this side lacks something
 *   offer    ->
 *
 * What is offered is waited for shortly, then fetched. Who gets a message so offers it to its other
 * neighbours: it spreads to all who lack it, each fetching it once.
 */
import { limits } from '../limits.ts'
import { accept, follow, isForged, isStale } from './accept.ts'
import { announce, knows } from './announce.ts'
import { bodyOf, isSeen } from './cache.ts'
import { bucketHashes, bucketOf, explicitIds, hashAll } from './digest.ts'
import type { BroadcastMessage, Carried, StreamSummary } from './message.ts'
import { idPrefix, parseId } from './message-id.ts'
import { expect } from './missing.ts'
import { isMuted, keepPromise, mayCompare } from './peers.ts'
import { count, type Draft, send, setTimer } from './state.ts'
import { summaryOf } from './stream.ts'

type Told = Extract<BroadcastMessage, { readonly tag: 'streams' }>

/** Begins a comparison with a neighbour. */
export function compare(draft: Draft, to: string): void {
  send(draft, to, { tag: 'digest', hash: hashAll(bucketHashes(draft)) })
}

export function digest(draft: Draft, from: string, hash: number): void {
  if (isRefused(draft, from)) return
  const hashes = bucketHashes(draft)
  if (hashAll(hashes) !== hash) send(draft, from, { tag: 'buckets', hashes })
}

export function buckets(draft: Draft, from: string, theirs: readonly number[]): void {
  if (isRefused(draft, from)) return
  const differ = bucketHashes(draft).flatMap((hash, at) => (hash === theirs[at] ? [] : [at]))
  if (differ.length === 0) return
  const wanted = new Set(differ)
  const mine = [...draft.state.streams.entries()].filter(([name]) => wanted.has(bucketOf(name)))
  const ids = [...explicitIds(draft)].filter((id) => wanted.has(bucketOf(id)))
  const max = limits.broadcastSummariesMax
  send(draft, from, {
    tag: 'streams',
    buckets: differ,
    streams: some(draft, mine, max).map(([name, stream]) => summaryOf(name, stream)),
    ids: some(draft, ids, limits.broadcastIdsMax),
    partial: mine.length > max || ids.length > limits.broadcastIdsMax,
    answer: true,
  })
}

export function streams(draft: Draft, from: string, told: Told): void {
  if (isRefused(draft, from)) return
  offerWhatLacks(draft, from, told)
  expectAll(draft, from, told.ids)
  if (!told.answer) return
  const behind = told.streams.flatMap((theirs) => {
    const mine = summaryOf(theirs.stream, draft.state.streams.get(theirs.stream))
    return mine.next < theirs.next || mine.holes.length > 0 ? [mine] : []
  })
  if (behind.length === 0) return
  const answer = { buckets: told.buckets, streams: behind, ids: [], partial: true, answer: false }
  send(draft, from, { tag: 'streams', ...answer })
}

export function offer(draft: Draft, from: string, ids: readonly string[], more: boolean): void {
  expectAll(draft, from, ids)
  if (!more || isMuted(draft, from)) return
  setTimer(draft, { tag: 'catchUp', node: from }, 2 * draft.env.options.graftRetryMs)
}

/** A message that was fetched. `from` may be no neighbour any more. */
export function repair(draft: Draft, from: string, body: Carried): void {
  if (isForged(draft, body.id, from) || isStale(draft, body, from)) return
  knows(draft, from, body.id)
  keepPromise(draft, from)
  if (isSeen(draft.state.cache, body.id)) return
  accept(draft, body)
  for (const node of draft.state.peers.keys()) {
    if (node !== from) announce(draft, node, { id: body.id, round: body.round, late: true })
  }
}

function isRefused(draft: Draft, from: string): boolean {
  if (mayCompare(draft, from)) return false
  count(draft, 'digestRefused', from)
  return true
}

function expectAll(draft: Draft, from: string, ids: readonly string[]): void {
  if (ids.length === 0) return
  if (isMuted(draft, from)) {
    count(draft, 'muted', from)
    return
  }
  for (const id of ids) {
    knows(draft, from, id)
    // What is here and offered all the same would be so again, before what is missing.
    if (isSeen(draft.state.cache, id)) follow(draft, parseId(id))
    else if (!isForged(draft, id, from)) expect(draft, id, { node: from, round: 0, late: true })
  }
}

/** Of what is held here, what the other side has not seen, as much as goes into one offer. */
function offerWhatLacks(draft: Draft, to: string, told: Told): void {
  const { state, env } = draft
  const ids: string[] = []
  let bytes = 0
  let more = false
  for (const id of lacking(draft, told)) {
    const body = bodyOf(state.cache, id, env.nowMs, env.options)
    if (body === undefined) continue
    more = ids.length === limits.broadcastOfferMax || bytes > limits.broadcastOfferMaxBytes
    if (more) break
    ids.push(id)
    bytes += body.payload.length
  }
  if (ids.length > 0) send(draft, to, { tag: 'offer', ids, more })
}

/** Ids remembered here that the other side has not seen, as far as it told. */
function* lacking(draft: Draft, { buckets, streams, ids, partial }: Told): Generator<string> {
  const told = new Set(buckets)
  const theirs = new Map(streams.map((summary) => [summary.stream, summary]))
  for (const [name, { next }] of draft.state.streams.entries()) {
    const summary = theirs.get(name) ?? (partial ? undefined : summaryOf(name, undefined))
    if (summary === undefined || !told.has(bucketOf(name))) continue
    if (summary.next < next || summary.holes.length > 0) yield* lackingOf(draft, summary)
  }
  if (partial) return
  const known = new Set(ids)
  for (const id of explicitIds(draft)) {
    if (told.has(bucketOf(id)) && !known.has(id)) yield id
  }
}

function* lackingOf(draft: Draft, { stream, next, holes }: StreamSummary): Generator<string> {
  const { ids } = draft.state.cache
  const bounds = [...holes, next, limits.broadcastCounterMax]
  for (let at = 0; at < bounds.length; at += 2) {
    const end = idPrefix(stream, bounds[at + 1]!)
    for (const [id] of ids.entries(idPrefix(stream, bounds[at]!))) {
      if (id >= end) break
      yield id
    }
  }
}

/** All, or a run of them that begins anywhere, so that each has its turn. */
function some<T>(draft: Draft, all: readonly T[], max: number): readonly T[] {
  if (all.length <= max) return all
  const from = Math.floor(draft.env.random.unit() * (all.length - max + 1))
  return all.slice(from, from + max)
}

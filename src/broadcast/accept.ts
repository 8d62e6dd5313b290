/** A message is new here: it is remembered, followed in its stream, and delivered. */
import { limits } from '../limits.ts'
import { fit, remember, takenForMs } from './cache.ts'
import type { Carried } from './message.ts'
import { type ParsedId, parseId } from './message-id.ts'
import { passOver, settle } from './missing.ts'
import { type Announcer, count, type Draft, setTimer } from './state.ts'
import { seeCounter, thinStreams } from './stream.ts'

/** Returns who had announced it, without who was asked for it. */
export function accept(draft: Draft, body: Carried): readonly Announcer[] {
  const announcers = settle(draft, body.id)
  const { nowMs, options } = draft.env
  const parsed = parseId(body.id)
  const { id, topic, payload, round } = body
  const { cache, forgotten, dropped } = fit(remember(draft.state.cache, body, nowMs), options)
  for (let each = 0; each < forgotten; each++) count(draft, 'forgotten')
  for (let each = 0; each < dropped; each++) count(draft, 'bodyDropped')
  draft.state = { ...draft.state, cache }
  follow(draft, parsed)
  const origin = parsed?.tag === 'automatic' ? parsed.origin : undefined
  draft.actions.push({ tag: 'deliver', id, topic, payload, origin, round })
  return announcers
}

/** Names our own stream, and a message of it that we do not remember: only another made it up. */
export function isForged(draft: Draft, id: string, from: string): boolean {
  const { own, cache } = draft.state
  if (own === undefined || !id.startsWith(`${own}/`) || cache.ids.has(id)) return false
  count(draft, 'forged', from)
  return true
}

/**
 * Handed on for longer than anybody should, or for longer than this node remembers: it may have
 * been here. Its counter is taken for seen, or every comparison would bring it again.
 */
export function isStale(draft: Draft, { id, ageMs }: Carried, from: string): boolean {
  const { state, env } = draft
  if (ageMs <= takenForMs(state.cache, env.nowMs, env.options)) return false
  count(draft, 'stale', from)
  passOver(draft, id, from)
  if (ageMs <= env.options.bodyTtlMs) follow(draft, parseId(id))
  return true
}

/** Notes that a message was seen in its stream. */
export function follow(draft: Draft, parsed: ParsedId | undefined): void {
  const { nowMs, options } = draft.env
  if (parsed?.tag === 'automatic') {
    const { stream, counter } = parsed
    const seen = seeCounter(draft.state.streams.get(stream), counter, nowMs)
    const streams = thinStreams(draft.state.streams.set(stream, seen), limits.broadcastStreamsMax)
    draft.state = { ...draft.state, streams }
  }
  if (draft.state.sweeping) return
  draft.state = { ...draft.state, sweeping: true }
  setTimer(draft, { tag: 'sweep' }, options.sweepPeriodMs)
}

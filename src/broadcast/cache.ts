/**
 * The broadcasts a node has seen, oldest first: ids, by which duplicates are told, and bodies, for
 * those who ask. Both are bounded, by age, number and bytes; a body may go before its id.
 *
 * A body counts its age from its origin on, over all nodes that held it, and is handed on up to
 * `bodyTtlMs` of it; an id is kept for `dedupTtlMs` from its arrival here. As that is longer, no
 * node can get a message again that it had forgotten, however late others got it. Where ids have to
 * go before their time, messages are taken and handed on for as much less.
 */
import type { Carried } from './message.ts'
import type { BroadcastOptions } from './options.ts'
import { SortedMap } from './sorted-map.ts'

type Cached = {
  readonly id: string
  readonly receivedMs: number
  /** Undefined once dropped; `ageMs` is as of `receivedMs`. */
  readonly body: Carried | undefined
}

export type Cache = {
  /** By order of arrival. */
  readonly order: SortedMap<number, Cached>
  readonly ids: SortedMap<string, number>
  readonly next: number
  /** All before have no body. */
  readonly bodiesFrom: number
  readonly bodiesBytes: number
  /** When the last of those came that were forgotten: all since are remembered. */
  readonly forgottenMs: number
}

type Bounds = Pick<BroadcastOptions, 'idsMax' | 'bodiesMaxBytes' | 'dedupTtlMs' | 'bodyTtlMs'>

export const emptyCache: Cache = {
  order: SortedMap.empty(),
  ids: SortedMap.empty(),
  next: 0,
  bodiesFrom: 0,
  bodiesBytes: 0,
  forgottenMs: Number.NEGATIVE_INFINITY,
}

export function isSeen(cache: Cache, id: string): boolean {
  return cache.ids.has(id)
}

export function remember(cache: Cache, body: Carried, nowMs: number): Cache {
  const { order, ids, next } = cache
  return {
    ...cache,
    order: order.set(next, { id: body.id, receivedMs: nowMs, body }),
    ids: ids.set(body.id, next),
    next: next + 1,
    bodiesBytes: cache.bodiesBytes + body.payload.length,
  }
}

/**
 * How old a message may be to be taken or handed on: of the time for which ids are remembered the
 * same share as when none is forgotten early.
 */
export function takenForMs(
  { forgottenMs }: Cache,
  nowMs: number,
  { dedupTtlMs, bodyTtlMs }: Bounds,
): number {
  return Math.min(bodyTtlMs, ((nowMs - forgottenMs) * bodyTtlMs) / dedupTtlMs)
}

/** A message as it would be handed on now; undefined when it is not held, or is too old. */
export function bodyOf(
  cache: Cache,
  id: string,
  nowMs: number,
  bounds: Bounds,
): Carried | undefined {
  const at = cache.ids.get(id)
  const cached = at === undefined ? undefined : cache.order.get(at)
  if (cached?.body === undefined) return undefined
  const ageMs = cached.body.ageMs + Math.ceil(nowMs - cached.receivedMs)
  return ageMs > takenForMs(cache, nowMs, bounds) ? undefined : { ...cached.body, ageMs }
}

/**
 * The cache within its numbers and bytes. `forgotten`, `dropped`: ids and bodies that had to go.
 */
export function fit(
  cache: Cache,
  { idsMax, bodiesMaxBytes }: Bounds,
): { readonly cache: Cache; readonly forgotten: number; readonly dropped: number } {
  let kept = cache
  let forgotten = 0
  let dropped = 0
  for (; kept.order.size > idsMax; forgotten++) kept = forgetOldest(kept)
  for (; kept.bodiesBytes > bodiesMaxBytes; dropped++) kept = dropOldestBody(kept)
  return { cache: kept, forgotten, dropped }
}

/** The cache without what is too old: bodies that nobody may be given, and then ids. */
export function expire(cache: Cache, nowMs: number, { dedupTtlMs, bodyTtlMs }: Bounds): Cache {
  let kept = cache
  for (;;) {
    const oldest = kept.order.first()?.[1]
    if (oldest === undefined || nowMs - oldest.receivedMs < dedupTtlMs) break
    kept = forgetOldest(kept)
  }
  for (;;) {
    const oldest = kept.order.get(kept.bodiesFrom)
    if (oldest === undefined || nowMs - oldest.receivedMs < bodyTtlMs) return kept
    kept = dropOldestBody(kept)
  }
}

function forgetOldest(cache: Cache): Cache {
  const [at, oldest] = cache.order.first()!
  const { order, bodiesFrom, bodiesBytes } = cache
  return {
    ...cache,
    order: order.delete(at),
    ids: cache.ids.delete(oldest.id),
    bodiesFrom: Math.max(bodiesFrom, at + 1),
    bodiesBytes: bodiesBytes - (oldest.body?.payload.length ?? 0),
    forgottenMs: oldest.receivedMs,
  }
}

function dropOldestBody(cache: Cache): Cache {
  const { order, bodiesFrom, bodiesBytes } = cache
  const oldest = order.get(bodiesFrom)!
  return {
    ...cache,
    order: order.set(bodiesFrom, { ...oldest, body: undefined }),
    bodiesFrom: bodiesFrom + 1,
    bodiesBytes: bodiesBytes - (oldest.body?.payload.length ?? 0),
  }
}

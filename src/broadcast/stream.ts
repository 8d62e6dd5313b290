/**
 * What a node has seen of each stream, as counters: everything below `next` but some holes. It is
 * for comparing nodes only; whether a message is a duplicate is decided by its whole id. A hole
 * that nobody filled for as long as ids are remembered is given up: nobody may still offer it. Of
 * too many holes the nearest become one, with what was seen between them: that is offered again and
 * known here, while nothing that is missing is taken for seen.
 *
 * Somebody who makes up counters in the name of another spoils the comparison for that stream until
 * it is forgotten, not the delivery of its messages.
 */
import { limits } from '../limits.ts'
import type { StreamSummary } from './message.ts'
import type { SortedMap } from './sorted-map.ts'

type Hole = {
  readonly from: number
  /** Not part of it. */
  readonly to: number
  readonly sinceMs: number
}

export type Stream = {
  readonly next: number
  readonly holes: readonly Hole[]
  /** When it was last heard of. */
  readonly heardMs: number
}

export type Streams = SortedMap<string, Stream>

/** A counter was seen. The first one of a stream leaves a hole before it: others may have more. */
export function seeCounter(stream: Stream | undefined, counter: number, nowMs: number): Stream {
  const { next, holes } = stream ?? { next: 0, holes: [] }
  if (counter < next) {
    const left = holes.flatMap((hole) => without(hole, counter))
    return { next, holes: joined(left), heardMs: nowMs }
  }
  const opened = next < counter ? [...holes, { from: next, to: counter, sinceMs: nowMs }] : holes
  return { next: counter + 1, holes: joined(opened), heardMs: nowMs }
}

/** The streams without those not heard of, and holes not filled, for so long. */
export function expireStreams(streams: Streams, nowMs: number, ttlMs: number): Streams {
  let kept = streams
  for (const [key, stream] of streams.entries()) {
    if (nowMs - stream.heardMs >= ttlMs) kept = kept.delete(key)
    else if (stream.holes.some((hole) => nowMs - hole.sinceMs >= ttlMs)) {
      const holes = stream.holes.filter((hole) => nowMs - hole.sinceMs < ttlMs)
      kept = kept.set(key, { ...stream, holes })
    }
  }
  return kept
}

/**
 * The streams within their number. Above it an eighth goes at once, so that it costs little each.
 */
export function thinStreams(streams: Streams, max: number): Streams {
  if (streams.size <= max) return streams
  const byAge = [...streams.entries()].sort(([, a], [, b]) => a.heardMs - b.heardMs)
  const tooMany = streams.size - max + Math.floor(max / 8)
  return byAge.slice(0, tooMany).reduce((kept, [key]) => kept.delete(key), streams)
}

export function summaryOf(stream: string, seen: Stream | undefined): StreamSummary {
  const { next, holes } = seen ?? { next: 0, holes: [] }
  return { stream, next, holes: holes.flatMap(({ from, to }) => [from, to]) }
}

function joined(holes: readonly Hole[]): readonly Hole[] {
  const left = [...holes]
  while (left.length > limits.broadcastHolesMax) {
    let at = 1
    for (let other = 2; other < left.length; other++) {
      if (gapBefore(left, other) < gapBefore(left, at)) at = other
    }
    const [one, next] = [left[at - 1]!, left[at]!]
    const sinceMs = Math.max(one.sinceMs, next.sinceMs)
    left.splice(at - 1, 2, { from: one.from, to: next.to, sinceMs })
  }
  return left
}

function gapBefore(holes: readonly Hole[], at: number): number {
  return holes[at]!.from - holes[at - 1]!.to
}

function without(hole: Hole, counter: number): readonly Hole[] {
  const { from, to } = hole
  if (counter < from || counter >= to) return [hole]
  return [
    ...(from < counter ? [{ ...hole, to: counter }] : []),
    ...(counter + 1 < to ? [{ ...hole, from: counter + 1 }] : []),
  ]
}

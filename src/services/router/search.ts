/**
 * One search, at one hop: whom to ask next, for how long, and what to make of the answers (cluster
 * spec, 14.8). Neighbours are asked one after the other, with one hop less, until one knows.
 *
 * Invariants: nobody on the trail is asked, and nobody twice; all attempts of all hops end before
 * the time is up of whoever began; what a neighbour says of a third node's service is a hint, which
 * the hop that began the search confirms with that node itself, over its own channel. A liar can
 * therefore cost an attempt, that of the neighbour which leads to it, but makes up no process.
 *
 * Differences: the time left is shared. An attempt gets half of it, the last one all, so that one
 * neighbour who does not answer leaves time for the others (the seeds wait 5 s at every hop).
 */
import type { Pid } from '../../../runtime/index.ts'
import type { Goal, RouteFailure, RouteReply, Trail } from './message.ts'

export type Search = {
  readonly goal: Goal
  /** By which every node on the way knows it. */
  readonly id: string
  /** It began here. */
  readonly own: boolean
  readonly ttl: number
  /** This node included. */
  readonly visited: readonly string[]
  readonly dueMs: number
  /** Neighbours who were not asked yet, in the order in which they will be. */
  readonly candidates: readonly string[]
  readonly asked: Asked | undefined
  /** What to say if nobody knows. */
  readonly failure: RouteFailure
  /** Where it is said to be, by a neighbour, when its node could not be asked. */
  readonly hearsay: Hearsay | undefined
}

type Asked = {
  readonly node: string
  /** On whose word it is asked whether it has the service. */
  readonly hearsay: Hearsay | undefined
}

type Hearsay = { readonly node: string; readonly via: string; readonly pid: Pid | null }

export type SearchEvent =
  | { readonly tag: 'replied'; readonly result: RouteReply }
  /** Nothing could be sent, or the channel was lost. */
  | { readonly tag: 'lost' }
  /** The attempt has lasted long enough. */
  | { readonly tag: 'late' }

export type SearchStep =
  /** Ask a neighbour. */
  | { readonly tag: 'ask'; readonly search: Search; readonly node: string; readonly trail: Trail }
  /** Make a channel to `node` and ask it, and nobody further. */
  | {
      readonly tag: 'confirm'
      readonly search: Search
      readonly node: string
      readonly trail: Trail
    }
  | ({ readonly tag: 'found'; readonly doubted: string | undefined } & Found)
  | { readonly tag: 'failed'; readonly reason: RouteFailure; readonly doubted: string | undefined }

export type Found = {
  readonly node: string
  readonly pid: Pid | null
  /** The neighbour who knows the way; undefined when the node itself has said so. */
  readonly via: string | undefined
}

/** What has come to this hop, and what it knows. */
export type Arrival = {
  readonly goal: Goal
  readonly id: string
  readonly own: boolean
} & Trail

export type ArrivalEnv = {
  readonly self: string
  readonly nowMs: number
  /** What the goal is on this node, if it is here. */
  readonly here: RouteReply | undefined
  /** The largest ttl with which this node handed the search on before; undefined: it has not. */
  readonly seenTtl: number | undefined
  /** No more searches are taken on. */
  readonly full: boolean
  /** Whom it may ask, the best first. */
  readonly neighbours: readonly string[]
}

/** What a hop does with a question: answers at once, or searches further. */
export function arrive(
  { goal, id, own, ttl, visited, leftMs }: Arrival,
  { self, nowMs, here, seenTtl, full, neighbours }: ArrivalEnv,
): { readonly tag: 'answer'; readonly result: RouteReply } | SearchStep {
  const refuse = (reason: RouteFailure) => answer({ tag: 'error', reason })
  if (visited.includes(self)) return refuse('relayLoop')
  if (here !== undefined) return answer(here)
  // Whoever asked first gets the answer; the one who asks now has others to ask.
  if (seenTtl !== undefined && seenTtl >= ttl) return refuse('notFound')
  const candidates = neighbours.filter((node) => node !== self && !visited.includes(node))
  if (candidates.length === 0) return refuse('notFound')
  if (ttl === 0) return refuse('ttlExpired')
  if (full) return refuse('overloaded')
  const search: Search = {
    goal,
    id,
    own,
    ttl,
    visited: [...visited, self],
    dueMs: nowMs + leftMs,
    candidates,
    asked: undefined,
    failure: 'notFound',
    hearsay: undefined,
  }
  return goOn(search, nowMs)
}

/** Goes on with what came of the last attempt. */
export function stepSearch(search: Search, event: SearchEvent, nowMs: number): SearchStep {
  const { asked, goal, own } = search
  if (asked === undefined) return goOn(search, nowMs)
  const { hearsay } = asked
  if (event.tag !== 'replied') {
    // A service whose node cannot be asked may be there all the same.
    const kept = search.hearsay ?? hearsay
    return goOn({ ...search, failure: worse(search.failure, 'timeout'), hearsay: kept }, nowMs)
  }
  const { result } = event
  if (result.tag === 'error') {
    const failure = worse(search.failure, result.reason)
    return goOn({ ...search, failure }, nowMs, hearsay?.via)
  }
  if (!fits(search, result)) return goOn(search, nowMs, hearsay?.via ?? asked.node)
  const { node, pid } = result
  if (hearsay !== undefined) {
    if (node !== asked.node) return goOn(search, nowMs, asked.node)
    return { tag: 'found', node, pid, via: undefined, doubted: undefined }
  }
  const via = node === asked.node ? undefined : asked.node
  if (via === undefined || !own || goal.tag === 'node') {
    return { tag: 'found', node, pid, via, doubted: undefined }
  }
  return confirm(search, { node, via, pid }, nowMs)
}

function answer(result: RouteReply): { readonly tag: 'answer'; readonly result: RouteReply } {
  return { tag: 'answer', result }
}

/**
 * A node is the one that was looked for; a service has a process, on none of the nodes on the way
 * here: they have looked, and what is handed on of them would pass for their own word.
 */
function fits(
  { goal, visited }: Search,
  { node, pid }: Extract<RouteReply, { readonly tag: 'found' }>,
): boolean {
  if (goal.tag === 'node') return node === goal.node
  return pid !== null && !visited.includes(node)
}

function confirm(search: Search, hearsay: Hearsay, nowMs: number): SearchStep {
  const { visited, dueMs, candidates } = search
  const leftMs = share(dueMs - nowMs, candidates.length + 1)
  if (leftMs < 1) return end(search)
  const { node } = hearsay
  const trail = { ttl: 0, visited: visited.slice(-1), leftMs }
  return { tag: 'confirm', search: { ...search, asked: { node, hearsay } }, node, trail }
}

/** `doubted` has just told of a service that is not there. */
function goOn(search: Search, nowMs: number, doubted?: string): SearchStep {
  const { candidates, dueMs, ttl, visited } = search
  const [node, ...rest] = candidates
  if (node === undefined) return end(search, doubted)
  const leftMs = share(dueMs - nowMs, candidates.length)
  if (leftMs < 1) return end({ ...search, failure: worse(search.failure, 'timeout') }, doubted)
  const asking = { ...search, candidates: rest, asked: { node, hearsay: undefined } }
  return { tag: 'ask', search: asking, node, trail: { ttl: ttl - 1, visited, leftMs } }
}

function end({ hearsay, failure }: Search, doubted?: string): SearchStep {
  if (hearsay === undefined) return { tag: 'failed', reason: failure, doubted }
  return { tag: 'found', ...hearsay, doubted }
}

/** Whole milliseconds for the next of so many attempts. */
function share(leftMs: number, attempts: number): number {
  return Math.max(0, Math.floor(attempts > 1 ? leftMs / 2 : leftMs))
}

const gravity: readonly RouteFailure[] = [
  'notFound',
  'relayLoop',
  'ttlExpired',
  'overloaded',
  'timeout',
]

/** The failure that leaves more hope that it is somewhere. */
function worse(a: RouteFailure, b: RouteFailure): RouteFailure {
  return gravity.indexOf(a) >= gravity.indexOf(b) ? a : b
}

/**
 * The searches a node takes part in: those it has begun, and those of others that it hands on. The
 * rule (`search.ts`) decides; here its questions are asked, and answers found their search.
 *
 * Invariant: an answer counts only if it comes from the node that was asked, for the question that
 * is being waited for; every search ends by its own timer at the latest.
 */
import { type Pid, send } from '../../../runtime/index.ts'
import { limits } from '../../limits.ts'
import type { KeyedTimers } from '../../membership/index.ts'
import type { Hop } from './hop.ts'
import type { Goal, RouteReply, RouterMessage, Trail } from './message.ts'
import {
  type Arrival,
  arrive,
  type Found,
  type Search,
  type SearchEvent,
  type SearchStep,
  stepSearch,
} from './search.ts'
import { SeenSearches } from './seen.ts'

/** A question or packet of the router that has waited long enough. */
export type RouterTimer =
  | { readonly tag: 'question' | 'packet'; readonly ref: number }
  | { readonly tag: 'sweep' }

/** How a search of this node went. */
export type Sought =
  | ({ readonly tag: 'found' } & Found)
  | Extract<RouteReply, { readonly tag: 'error' }>

type Asker =
  | { readonly tag: 'own'; readonly done: (sought: Sought) => void }
  | { readonly tag: 'peer'; readonly node: string; readonly ref: number }

type Running = { readonly asker: Asker; readonly search: Search; readonly node: string }

type Dialed = { readonly tag: '$dialed'; readonly ref: number; readonly up: boolean }

export function isDialed(message: unknown): message is Dialed {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$dialed'
  )
}

const searchIdBytes = 8

export class Searches {
  readonly #hop: Hop
  readonly #timers: KeyedTimers<RouterTimer>
  /** By the number of the question that waits for its answer. */
  readonly #running = new Map<number, Running>()
  readonly #seen = new SeenSearches()
  #own = 0

  constructor(hop: Hop, timers: KeyedTimers<RouterTimer>) {
    this.#hop = hop
    this.#timers = timers
  }

  get size(): number {
    return this.#running.size
  }

  /** Looks for something on behalf of this node. `done` is called once. */
  find(goal: Goal, leftMs: number, done: (sought: Sought) => void): void {
    const { random } = this.#hop.context.system.platform
    const id = Array.from(random.bytes(searchIdBytes), hex).join('')
    const trail: Trail = { ttl: limits.routeTtl, visited: [], leftMs }
    this.#own += 1
    const full = this.#own > limits.routerOwnMax
    this.#arrive({ goal, id, own: true, ...trail }, full, {
      tag: 'own',
      done: (sought) => {
        this.#own -= 1
        done(sought)
      },
    })
  }

  /** A node asks. */
  asked(node: string, message: Extract<RouterMessage, { readonly tag: 'route' }>): void {
    const { ref, search: id, goal, ttl, visited, leftMs } = message
    const full = this.#hop.inFlight.isFull(node)
    this.#hop.inFlight.enter(node)
    const asker: Asker = { tag: 'peer', node, ref }
    this.#arrive({ goal, id, own: false, ttl, visited, leftMs }, full, asker)
  }

  /** A node answers. */
  replied(node: string, ref: number, result: RouteReply): void {
    if (this.#running.get(ref)?.node === node) this.#happened(ref, { tag: 'replied', result })
    else this.#hop.count('unasked', node)
  }

  late(ref: number): void {
    this.#happened(ref, { tag: 'late' })
  }

  /** The channel to `node` is gone: it will not answer any more. */
  lost(node: string): void {
    for (const [ref, running] of [...this.#running]) {
      if (running.node === node) this.#happened(ref, { tag: 'lost' })
    }
  }

  /** A channel for a confirmation is there, or cannot be had. */
  dialed({ ref, up }: Dialed): void {
    const running = this.#running.get(ref)
    if (running === undefined) return
    const leftMs = Math.floor(running.search.dueMs - this.#hop.nowMs)
    const trail: Trail = { ttl: 0, visited: [this.#hop.node], leftMs: Math.max(0, leftMs) }
    if (!up || !this.#ask(ref, running, trail)) this.#happened(ref, { tag: 'lost' })
  }

  #arrive(arrival: Arrival, full: boolean, asker: Asker): void {
    const hop = this.#hop
    const { nowMs } = hop
    const { goal, id, ttl } = arrival
    const seenTtl = this.#seen.ttlOf(id, nowMs)
    const step = arrive(arrival, {
      self: hop.node,
      nowMs,
      here: this.#here(goal),
      seenTtl,
      full,
      neighbours: hop.order(this.#known(goal, nowMs)),
    })
    if (step.tag === 'ask') this.#seen.add(id, ttl, nowMs)
    if (step.tag !== 'answer') this.#perform(step, asker)
    else {
      const { result } = step
      if (result.tag === 'error' && result.reason === 'overloaded') {
        hop.context.metrics.count('skein.router.request_dropped')
      }
      this.#settle(asker, result.tag === 'found' ? { ...result, via: undefined } : result)
    }
  }

  #here(goal: Goal): RouteReply | undefined {
    const { node } = this.#hop
    if (goal.tag === 'node')
      return goal.node === node ? { tag: 'found', node, pid: null } : undefined
    const own = this.#hop.context.registry.own(goal.name)
    return own === undefined ? undefined : { tag: 'found', node, pid: own.pid }
  }

  /** Who is most likely to know. */
  #known(goal: Goal, nowMs: number): readonly (string | undefined)[] {
    const { cache } = this.#hop
    if (goal.tag === 'node') return [goal.node, cache.node(goal.node, nowMs)]
    const route = cache.service(goal.text, nowMs)
    if (route !== undefined) this.#hop.count('route_cached')
    return [route?.node, route?.via]
  }

  #happened(ref: number, event: SearchEvent): void {
    const running = this.#running.get(ref)
    if (running === undefined) return
    this.#running.delete(ref)
    this.#timers.cancel(keyOf(ref))
    const { search, asker } = running
    const step = stepSearch(search, event, this.#hop.nowMs)
    if (step.tag === 'found') this.#learn(search.goal, step)
    this.#perform(step, asker)
  }

  #perform(step: SearchStep, asker: Asker): void {
    if (step.tag === 'ask' || step.tag === 'confirm') {
      const { search, node, trail } = step
      const ref = this.#hop.newRef()
      const running: Running = { asker, search, node }
      this.#running.set(ref, running)
      this.#timers.set(keyOf(ref), { tag: 'question', ref }, trail.leftMs)
      if (step.tag === 'confirm') this.#dial(ref, node)
      else if (!this.#ask(ref, running, trail)) this.#happened(ref, { tag: 'lost' })
      return
    }
    if (step.doubted !== undefined) this.#hop.count('unconfirmed', step.doubted)
    if (step.tag === 'found') {
      const { node, pid, via } = step
      this.#settle(asker, { tag: 'found', node, pid, via })
    } else this.#settle(asker, { tag: 'error', reason: step.reason })
  }

  #learn(goal: Goal, { node, via = node }: Found): void {
    const { cache, nowMs } = this.#hop
    if (goal.tag === 'node') cache.putNode(node, via, nowMs)
    else cache.put(goal.text, { node, via }, nowMs)
  }

  #ask(ref: number, { search, node }: Running, trail: Trail): boolean {
    const { goal, id } = search
    this.#hop.count('asked')
    return this.#hop.tell(node, { tag: 'route', ref, search: id, goal, ...trail })
  }

  /** Answers with a message, also when the channel is there already. */
  #dial(ref: number, node: string): void {
    const { context, self } = this.#hop
    const pid: Pid = self.pid
    context.router.connect(node, (up) => {
      send(pid, { tag: '$dialed', ref, up } satisfies Dialed)
    })
  }

  #settle(asker: Asker, sought: Sought): void {
    if (asker.tag === 'own') asker.done(sought)
    else {
      const { node, ref } = asker
      this.#hop.inFlight.leave(node)
      const result: RouteReply =
        sought.tag === 'found' ? { tag: 'found', node: sought.node, pid: sought.pid } : sought
      this.#hop.tell(node, { tag: 'routed', ref, result })
    }
  }
}

function keyOf(ref: number): string {
  return `question ${ref}`
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

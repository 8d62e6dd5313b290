/**
 * The process behind searches and relays: it hears the routers of other nodes, and the proxies and
 * lookups of its own; it knows its neighbours from membership, and learns from the registry and the
 * member list which ways have become wrong.
 *
 * Invariant: a message counts for the node whose channel it came by, and a node that hides is not
 * heard; what is no message of a router is counted and dropped.
 */
import type { Module, Self } from '../../../runtime/index.ts'
import { processOfSelf } from '../../../runtime/kernel.ts'
import { genServer, next, reply, replyTo } from '../../../stdlib/index.ts'
import { isServiceMessage } from '../../dist/index.ts'
import { limits } from '../../limits.ts'
import { KeyedTimers } from '../../membership/index.ts'
import type { RoutingContext } from './context.ts'
import { Hop } from './hop.ts'
import { decodeRouter, type Goal, type Packet, type RelayReply } from './message.ts'
import { Relays } from './relays.ts'
import { isDialed, type RouterTimer, Searches, type Sought } from './searches.ts'

export const routerName = 'skein.router'

/** How a node is reached now. */
export type Route =
  | { readonly tag: 'direct'; readonly node: string }
  | { readonly tag: 'via'; readonly peer: string }
  | { readonly tag: 'noRoute' }

export type RouterServer = {
  calls: {
    find: (wanted: { readonly goal: Goal; readonly leftMs: number }) => Sought
    relay: (wanted: { readonly packet: Packet; readonly leftMs: number }) => RelayReply
    route: (node: string) => Route
    forget: () => null
    statistics: () => RouterStatistics
  }
}

export type RouterStatistics = {
  /** Ways that are remembered. */
  readonly routes: number
  /** Questions and packets of this node and of others whose answers are waited for. */
  readonly searching: number
  readonly relaying: number
}

export function routerModule(context: RoutingContext): Module<RouterServer, undefined> {
  return genServer<RouterServer>(routerName)({
    init: async (_: undefined, self) => {
      const router = new Routing(context, self)
      await router.begin()
      return next(router)
    },
    calls: {
      find: (router, { goal, leftMs }, self, from) => {
        router.searches.find(goal, leftMs, (sought) => {
          router.told()
          replyTo(self, from, sought)
        })
        return next(router)
      },
      relay: (router, { packet, leftMs }, self, from) => {
        router.relays.send(packet, leftMs, (result) => replyTo(self, from, result))
        return next(router)
      },
      route: (router, node) => reply(router.route(node), router),
      forget: (router) => {
        router.hop.cache.clear()
        return reply(null, router)
      },
      statistics: (router) => reply(router.statistics(), router),
    },
    info: (router, message) => {
      router.heard(message)
      return next(router)
    },
  })
}

class Routing {
  readonly hop: Hop
  readonly searches: Searches
  readonly relays: Relays
  readonly #self: Self
  readonly #context: RoutingContext
  readonly #timers: KeyedTimers<RouterTimer>
  #subscribed = false

  constructor(context: RoutingContext, self: Self) {
    this.#context = context
    this.#self = self
    this.#timers = new KeyedTimers(self)
    this.hop = new Hop(context, self)
    this.searches = new Searches(this.hop, this.#timers)
    this.relays = new Relays(this.hop, this.#timers, this.searches)
  }

  async begin(): Promise<void> {
    const { overlay, list, router } = this.#context
    const process = processOfSelf(this.#self)
    overlay.subscriptions.add(process)
    list.subscriptions.add(process)
    router.subscribers.add(process, 'connected')
    this.#sweepLater()
    for (const node of await overlay.peers(this.#self)) this.hop.neighbours.add(node)
  }

  statistics(): RouterStatistics {
    const { hop, searches, relays } = this
    return { routes: hop.cache.size, searching: searches.size, relaying: relays.size }
  }

  route(node: string): Route {
    const { hop } = this
    if (node === hop.node) return { tag: 'direct', node }
    const way = hop.next(node, [], limits.routeTtl)
    if (way.tag === 'direct') return way
    return way.tag === 'via' ? { tag: 'via', peer: way.node } : { tag: 'noRoute' }
  }

  /** A search of this node is over: what it found must not outlive the service. */
  told(): void {
    this.#watchServices()
  }

  /** A message that is no call. */
  heard(message: unknown): void {
    const timer = this.#timers.due(message)
    if (timer !== undefined) this.#due(timer)
    else if (isServiceMessage(message)) this.#took(message.node, message.body)
    else if (isDialed(message)) this.searches.dialed(message)
    else if (isTagged(message)) this.#news(message)
  }

  #took(node: string, body: unknown): void {
    const { keyOf, router } = this.#context
    if (router.isHidden(node)) return
    const message = decodeRouter(body, node, keyOf)
    switch (message?.tag) {
      case 'route':
        this.searches.asked(node, message)
        break
      case 'routed':
        this.searches.replied(node, message.ref, message.result)
        this.#watchServices()
        break
      case 'relay':
        this.relays.asked(node, message)
        break
      case 'relayed':
        this.relays.replied(node, message.ref, message.result)
        break
      default:
        this.hop.count('malformed', node)
    }
  }

  #due(timer: RouterTimer): void {
    if (timer.tag === 'question') this.searches.late(timer.ref)
    else if (timer.tag === 'packet') this.relays.late(timer.ref)
    else {
      this.hop.cache.sweep(this.hop.nowMs)
      this.#watchServices()
      this.#sweepLater()
    }
  }

  #sweepLater(): void {
    this.#timers.set('sweep', { tag: 'sweep' }, limits.routeCacheSweepPeriodMs)
  }

  #news({ tag, node, name }: News): void {
    const { cache, neighbours } = this.hop
    if (tag === 'resync') cache.clear()
    else if (typeof node !== 'string') return
    else if (tag === 'peerUp') neighbours.add(node)
    else if (tag === 'peerDown') neighbours.delete(node)
    else if (tag === 'nodedown') {
      cache.dropNode(node)
      this.searches.lost(node)
      this.relays.lost(node)
    } else if (tag === 'memberDown') cache.dropNode(node)
    else if (tag === 'serviceUnregistered' || tag === 'serviceDown') {
      const text = this.#context.keyOf(name)
      if (text !== undefined) cache.dropService(text, node)
    }
  }

  /** Services come and go all the time: who remembers no way to any does not listen. */
  #watchServices(): void {
    const { cache } = this.hop
    const wanted = cache.services > 0
    if (wanted === this.#subscribed) return
    this.#subscribed = wanted
    const { keyOf, registry } = this.#context
    const process = processOfSelf(this.#self)
    if (!wanted) registry.unsubscribe(process)
    else registry.subscribe(process, (name) => cache.has(keyOf(name)))
  }
}

/** What the messages of its sources may have. */
type News = { readonly tag: unknown } & Partial<Record<'node' | 'name', unknown>>

function isTagged(message: unknown): message is News {
  return typeof message === 'object' && message !== null && 'tag' in message
}

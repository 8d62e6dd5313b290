/**
 * What a node's router knows of the way to others, and how it tells them: its neighbours, the ways
 * that were found, how much it works on for others. Shared by searches and relays, which differ in
 * what they do with it.
 */

import type { Self } from '../../../runtime/index.ts'
import { processOfSelf } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import { RouteCache } from './cache.ts'
import type { RoutingContext } from './context.ts'
import { InFlight } from './in-flight.ts'
import { encodeRouter, type RouterMessage } from './message.ts'
import { type NextHop, nextHop } from './next-hop.ts'

/** Name of the messages between routers. */
const routerService = 'router'

export class Hop {
  readonly context: RoutingContext
  readonly self: Self
  readonly neighbours = new Set<string>()
  readonly cache = new RouteCache()
  /** What is worked on for other nodes. */
  readonly inFlight = new InFlight({
    max: limits.routerMaxInFlight,
    perPeerMax: limits.routerInFlightPerPeerMax,
  })
  #lastRef = 0

  constructor(context: RoutingContext, self: Self) {
    this.context = context
    this.self = self
    context.router.services.listen(routerService, processOfSelf(self))
  }

  get node(): string {
    return this.context.system.node
  }

  get nowMs(): number {
    return this.context.system.platform.clock.now()
  }

  /** A number for a question; of those that wait for an answer no two have the same. */
  newRef(): number {
    this.#lastRef = (this.#lastRef + 1) % 2 ** 32
    return this.#lastRef
  }

  /** False when there is no channel to the node, or too much waits for it. */
  tell(node: string, message: RouterMessage): boolean {
    const { services } = this.context.router
    return services.tell(node, routerService, encodeRouter(message)) === 'sent'
  }

  isConnected(node: string): boolean {
    return this.context.router.channel(node) !== undefined
  }

  /** Where something for `target` goes next that has passed `visited`. */
  next(target: string, visited: readonly string[], ttl: number): NextHop {
    return nextHop({
      self: this.node,
      target,
      visited,
      ttl,
      connected: this.isConnected(target),
      neighbours: [...this.neighbours],
      known: this.cache.node(target, this.nowMs),
      unit: this.context.system.platform.random.unit(),
    })
  }

  /** Neighbours in an order of chance, behind those of `first` that can be told something. */
  order(first: readonly (string | undefined)[]): readonly string[] {
    const { random } = this.context.system.platform
    const others = [...this.neighbours]
      .map((node) => ({ node, at: random.unit() }))
      .sort((a, b) => a.at - b.at)
      .map(({ node }) => node)
    const known = first.filter((node) => node !== undefined && this.isConnected(node))
    return [...new Set([...known, ...others])].filter((node) => node !== undefined)
  }

  /** Counts for a peer: those alone are named whom a channel has proven. */
  count(name: string, peer?: string): void {
    const isProven = peer !== undefined && this.isConnected(peer)
    this.context.metrics.count(`skein.router.${name}`, isProven ? { peer } : {})
  }
}

/**
 * Ways that were found: which neighbour led to a service, and which to a node. A way is a hint by
 * which one begins, never an answer: whoever is led there is asked.
 *
 * Invariants: at most `routeCacheMax` ways of each kind, the oldest gives room; one that is older
 * than `routeCacheTtlMs` is not given any more, and is swept away in time.
 */
import { limits } from '../../limits.ts'

export type ServiceRoute = {
  readonly node: string
  /** The neighbour; the node itself when it was reached without one. */
  readonly via: string
}

type Aged<Route> = { readonly route: Route; readonly untilMs: number }

export class RouteCache {
  readonly #services = new Map<string, Aged<ServiceRoute>>()
  readonly #nodes = new Map<string, Aged<string>>()

  /** Ways held, of both kinds. */
  get size(): number {
    return this.#services.size + this.#nodes.size
  }

  /** Ways to services. */
  get services(): number {
    return this.#services.size
  }

  /** The way to this service is remembered, fresh or not. */
  has(text: string | undefined): boolean {
    return text !== undefined && this.#services.has(text)
  }

  /** The service with the key `text` is on `node`, and `via` leads there. */
  put(text: string, route: ServiceRoute, nowMs: number): void {
    keep(this.#services, text, route, nowMs)
    this.putNode(route.node, route.via, nowMs)
  }

  putNode(node: string, via: string, nowMs: number): void {
    if (node !== via) keep(this.#nodes, node, via, nowMs)
  }

  service(text: string, nowMs: number): ServiceRoute | undefined {
    return fresh(this.#services, text, nowMs)
  }

  node(node: string, nowMs: number): string | undefined {
    return fresh(this.#nodes, node, nowMs)
  }

  /** The service is not there any more: on `node`, or on any when it is undefined. */
  dropService(text: string, node?: string): void {
    if (node === undefined || this.#services.get(text)?.route.node === node) {
      this.#services.delete(text)
    }
  }

  /** The node is gone, and with it all that was there and all ways through it. */
  dropNode(node: string): void {
    this.#nodes.delete(node)
    for (const [text, { route }] of this.#services) {
      if (route.node === node || route.via === node) this.#services.delete(text)
    }
    for (const [to, { route }] of this.#nodes) if (route === node) this.#nodes.delete(to)
  }

  /** The way to `node` through `via` leads nowhere. */
  dropWay(node: string, via: string): void {
    if (this.#nodes.get(node)?.route === via) this.#nodes.delete(node)
  }

  clear(): void {
    this.#services.clear()
    this.#nodes.clear()
  }

  sweep(nowMs: number): void {
    drop(this.#services, nowMs)
    drop(this.#nodes, nowMs)
  }
}

function keep<Route>(
  ways: Map<string, Aged<Route>>,
  key: string,
  route: Route,
  nowMs: number,
): void {
  ways.delete(key)
  const [oldest] = ways.keys()
  if (ways.size >= limits.routeCacheMax && oldest !== undefined) ways.delete(oldest)
  ways.set(key, { route, untilMs: nowMs + limits.routeCacheTtlMs })
}

function fresh<Route>(
  ways: Map<string, Aged<Route>>,
  key: string,
  nowMs: number,
): Route | undefined {
  const known = ways.get(key)
  if (known === undefined) return undefined
  if (known.untilMs > nowMs) return known.route
  ways.delete(key)
  return undefined
}

/** They lie in the order of their age. */
function drop(ways: Map<string, Aged<unknown>>, nowMs: number): void {
  for (const [key, { untilMs }] of ways) {
    if (untilMs > nowMs) return
    ways.delete(key)
  }
}

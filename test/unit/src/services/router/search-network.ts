/**
 * The search rule on a graph, as plain calls: every node is the rule, nothing else. Time passes
 * only as the answers take it.
 */
import { Pid } from '../../../../../runtime/identifier.ts'
import { limits } from '../../../../../src/limits.ts'
import type { Goal, RouteReply, Trail } from '../../../../../src/services/router/message.ts'
import {
  type Arrival,
  arrive,
  type Found,
  type SearchStep,
  stepSearch,
} from '../../../../../src/services/router/search.ts'
import { SeenSearches } from '../../../../../src/services/router/seen.ts'

export const goal: Goal = { tag: 'service', name: 'wanted', text: 'swanted' }

export const nameOf = (place: number): string => `n${place}@h`

export function pidOn(node: string): Pid {
  return new Pid({ node, creation: 1, index: 1, serial: 1 })
}

export type Graph = {
  readonly size: number
  readonly edges: readonly (readonly [number, number])[]
  /** Who has the service. */
  readonly holders: ReadonlySet<number>
  /** Who claims that a node has it, whenever it is asked. */
  readonly liars: ReadonlyMap<number, string>
  /** Who never answers. */
  readonly silent: ReadonlySet<number>
  /** Milliseconds to a neighbour and back. */
  readonly roundTripMs: number
}

export type Ask = { readonly from: string; readonly to: string; readonly trail: Trail }

export type Outcome =
  | ({ readonly tag: 'found' } & Found)
  | Extract<RouteReply, { readonly tag: 'error' }>

export class SearchNetwork {
  nowMs = 0
  readonly asks: Ask[] = []
  readonly doubted: string[] = []
  readonly #graph: Graph
  readonly #seen = new Map<number, SeenSearches>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** A search that `place` begins. */
  search(place: number, wanted: Goal = goal): Outcome {
    const { routeTtl: ttl, routeDeadlineMs: leftMs } = limits
    return this.#handle(place, { goal: wanted, id: 'x', own: true, ttl, visited: [], leftMs })
  }

  /** The nodes within so many steps of `place` along edges that `passes`. */
  within(place: number, steps: number, passes: (place: number) => boolean): ReadonlySet<number> {
    let frontier = [place]
    const reached = new Set(frontier)
    for (let step = 0; step < steps; step++) {
      frontier = frontier
        .filter((from) => from === place || passes(from))
        .flatMap((from) => this.#beside(from))
        .filter((to) => !reached.has(to))
      for (const to of frontier) reached.add(to)
    }
    return reached
  }

  #beside(place: number): readonly number[] {
    return this.#graph.edges.flatMap(([a, b]) => (a === place ? [b] : b === place ? [a] : []))
  }

  #handle(place: number, arrival: Arrival): Outcome {
    const seen = this.#seen.get(place) ?? new SeenSearches()
    this.#seen.set(place, seen)
    const self = nameOf(place)
    let step = arrive(arrival, {
      self,
      nowMs: this.nowMs,
      here: this.#here(place, arrival.goal),
      seenTtl: seen.ttlOf(arrival.id, this.nowMs),
      full: false,
      neighbours: this.#beside(place).map(nameOf),
    })
    if (step.tag === 'ask') seen.add(arrival.id, arrival.ttl, this.nowMs)
    while (step.tag === 'ask' || step.tag === 'confirm') step = this.#go(self, step)
    if (step.tag === 'answer') {
      return step.result.tag === 'found' ? { ...step.result, via: undefined } : step.result
    }
    if (step.doubted !== undefined) this.doubted.push(step.doubted)
    if (step.tag === 'failed') return { tag: 'error', reason: step.reason }
    const { node, pid, via } = step
    return { tag: 'found', node, pid, via }
  }

  /** Asks one node, and goes on with what comes of it in time. */
  #go(
    self: string,
    { node, trail, search }: Extract<SearchStep, { readonly tag: 'ask' | 'confirm' }>,
  ): SearchStep {
    this.asks.push({ from: self, to: node, trail })
    const endMs = this.nowMs + trail.leftMs
    const result = this.#ask(node, { goal: search.goal, id: search.id, own: false, ...trail })
    if (result === undefined || this.nowMs > endMs) {
      this.nowMs = endMs
      return stepSearch(search, { tag: 'late' }, this.nowMs)
    }
    return stepSearch(search, { tag: 'replied', result }, this.nowMs)
  }

  #ask(node: string, arrival: Arrival): RouteReply | undefined {
    const { liars, silent, roundTripMs, size } = this.#graph
    const place = Array.from({ length: size }, (_, at) => at).find((at) => nameOf(at) === node)
    this.nowMs += roundTripMs
    if (place === undefined || silent.has(place)) return undefined
    const lie = liars.get(place)
    if (lie !== undefined) return { tag: 'found', node: lie, pid: pidOn(lie) }
    const outcome = this.#handle(place, arrival)
    if (outcome.tag === 'error') return outcome
    return { tag: 'found', node: outcome.node, pid: outcome.pid }
  }

  #here(place: number, { tag }: Goal): RouteReply | undefined {
    if (tag === 'node' || !this.#graph.holders.has(place)) return undefined
    const node = nameOf(place)
    return { tag: 'found', node, pid: pidOn(node) }
  }
}

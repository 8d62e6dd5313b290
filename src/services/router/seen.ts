/**
 * Searches that this node has handed on lately. One is handed on again only if it may now go
 * further, so that a search costs each node a few messages, however many ways lead to it.
 *
 * A search is known by sixteen random characters: who is not on its way cannot guess them. Whoever
 * is can keep nodes from handing it on, and no more: what a node has itself it always tells.
 */
import { limits } from '../../limits.ts'

export class SeenSearches {
  readonly #ttls = new Map<string, { readonly ttl: number; readonly untilMs: number }>()

  get size(): number {
    return this.#ttls.size
  }

  ttlOf(id: string, nowMs: number): number | undefined {
    const seen = this.#ttls.get(id)
    return seen === undefined || seen.untilMs <= nowMs ? undefined : seen.ttl
  }

  add(id: string, ttl: number, nowMs: number): void {
    this.#ttls.delete(id)
    for (const [oldest, { untilMs }] of this.#ttls) {
      if (untilMs > nowMs && this.#ttls.size < limits.routeSeenMax) break
      this.#ttls.delete(oldest)
    }
    this.#ttls.set(id, { ttl, untilMs: nowMs + limits.routeDeadlineMs })
  }
}

/**
 * Connection attempts by number: what a link process is to work on. Child specs are data, a
 * connection is not; the number is what travels, and is good once. The table is bounded, so that
 * peers that connect and stay silent cannot grow it.
 */
import type { Connection } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import type { Incoming } from './incoming.ts'

export type Attempt =
  | { readonly role: 'dialer'; readonly node: string; readonly ended: () => void }
  | { readonly role: 'acceptor'; readonly connection: Connection; readonly incoming: Incoming }

export class Attempts {
  readonly #waiting = new Map<number, Attempt>()
  #last = 0
  #running = 0

  /** A number for the attempt; undefined when too many are under way. */
  add(attempt: Attempt): number | undefined {
    if (this.#waiting.size + this.#running >= limits.distPendingLinksMax) return undefined
    const id = ++this.#last
    this.#waiting.set(id, attempt)
    return id
  }

  /** Numbers of the attempts that no process has taken up. */
  get waiting(): readonly number[] {
    return [...this.#waiting.keys()]
  }

  /** True while no process has taken the attempt up. */
  waits(id: number): boolean {
    return this.#waiting.has(id)
  }

  /** Takes an attempt up. `release` is to be called when it is decided. */
  begin(id: number): { readonly attempt: Attempt; readonly release: () => void } | undefined {
    const attempt = this.#waiting.get(id)
    if (attempt === undefined) return undefined
    this.#waiting.delete(id)
    this.#running++
    let released = false
    return {
      attempt,
      release: () => {
        if (!released) this.#running--
        released = true
      },
    }
  }
}

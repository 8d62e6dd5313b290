/**
 * Who may begin a handshake, and who gives way. Places for half-open connections are rationed so
 * that silence gains an attacker nothing:
 *
 *  - a dialer whose address is unproven takes a place only while they are plentiful, in all and at
 *    that address; otherwise it is sent away to prove it (Retry), so forged addresses can hold
 *    `freeShare` of the places and never push anybody out;
 *  - who has proved its address always gets a place. If need be the oldest half-open connection of
 *    the address that has most of them gives way; an honest one needs a round trip, and would be
 *    pushed out only by as many new ones within it.
 *
 * Invariants: never more than `max` items, nor more than `perAddressMax` of one network.
 */
import { networkOf } from '../network.ts'

/** Share of the places that is given away without proof. */
const freeShare = 0.25

export type Verdict<Item> =
  | { readonly tag: 'retry' }
  /** `evicted` must be ended, which gives its place back. */
  | { readonly tag: 'admit'; readonly evicted: Item | undefined }

export class HalfOpen<Item> {
  readonly #max: number
  readonly #perAddressMax: number
  /** By network, each in the order of admission. */
  readonly #items = new Map<string, Set<Item>>()
  #size = 0

  constructor(max: number, perAddressMax: number) {
    this.#max = max
    this.#perAddressMax = Math.min(perAddressMax, max)
  }

  get size(): number {
    return this.#size
  }

  /** What becomes of a dialer at `host`; `proven` when it has shown that it receives there. */
  judge(host: string, proven: boolean): Verdict<Item> {
    const own = this.#items.get(networkOf(host))
    const ownSize = own?.size ?? 0
    if (!proven) {
      const isPlenty =
        this.#size < this.#max * freeShare && ownSize < this.#perAddressMax * freeShare
      return isPlenty ? { tag: 'admit', evicted: undefined } : { tag: 'retry' }
    }
    if (ownSize >= this.#perAddressMax) return { tag: 'admit', evicted: oldestOf(own) }
    const isFull = this.#size >= this.#max
    return { tag: 'admit', evicted: isFull ? oldestOf(this.#largest()) : undefined }
  }

  add(host: string, item: Item): void {
    const network = networkOf(host)
    const own = this.#items.get(network)
    if (own === undefined) this.#items.set(network, new Set([item]))
    else own.add(item)
    this.#size += 1
  }

  remove(host: string, item: Item): void {
    const network = networkOf(host)
    const own = this.#items.get(network)
    if (own === undefined || !own.delete(item)) return
    if (own.size === 0) this.#items.delete(network)
    this.#size -= 1
  }

  #largest(): Set<Item> | undefined {
    let largest: Set<Item> | undefined
    for (const items of this.#items.values()) {
      if (items.size > (largest?.size ?? 0)) largest = items
    }
    return largest
  }
}

function oldestOf<Item>(items: Set<Item> | undefined): Item | undefined {
  return items?.values().next().value
}

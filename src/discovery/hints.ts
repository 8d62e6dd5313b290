/**
 * Where nodes are by hearsay, for names that no backend knows: each node says where those are that
 * it names, and a channel shows where its other end is. Any of it may be wrong or made up; who
 * answers at an address has to prove its name all the same.
 *
 * Invariants: what a node was seen at comes before all hearsay, and hearsay of one node takes no
 * room from that of another nor replaces it, so that a liar costs a dial and hides nobody. All is
 * bounded: names seen, nodes that tell, and names that each of them tells of.
 */
import type { Address } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { isSameAddress } from './address.ts'

export class Hints {
  readonly #self: string
  /** Called when there is a new address for a node. */
  readonly #onNew: (node: string) => void
  /** Oldest first, as the two below. */
  readonly #seen = new Map<string, Address>()
  /** By who told, and then by node. */
  readonly #told = new Map<string, Map<string, Address>>()

  constructor(self: string, onNew: (node: string) => void) {
    this.#self = self
    this.#onNew = onNew
  }

  /** There was a channel to `node` at `address`. */
  see(node: string, address: Address): void {
    if (node === this.#self) return
    const known = this.#seen.get(node)
    renew(this.#seen, node, address, limits.discoveryCacheMax)
    if (known === undefined || !isSameAddress(known, address)) this.#onNew(node)
  }

  /** `teller` says that `node` is at `address`. */
  tell(teller: string, node: string, address: Address): void {
    if (node === this.#self) return
    const isNew = !this.addressesOf(node).some((known) => isSameAddress(known, address))
    const told = this.#told.get(teller) ?? new Map<string, Address>()
    renew(this.#told, teller, told, limits.discoveryTellersMax)
    renew(told, node, address, limits.discoveryHintsPerTellerMax)
    if (isNew) this.#onNew(node)
  }

  /** Where it may be: where it was seen, then what was told by those who told anything last. */
  addressesOf(node: string): readonly Address[] {
    const seen = this.#seen.get(node)
    const found = seen === undefined ? [] : [seen]
    for (const told of [...this.#told.values()].reverse()) {
      const address = told.get(node)
      if (address === undefined || found.some((known) => isSameAddress(known, address))) continue
      if (found.push(address) === limits.discoveryAddressesMax) break
    }
    return found
  }

  /** Nobody of this name answers at `address`. */
  unreachable(node: string, address: Address): void {
    for (const table of [this.#seen, ...this.#told.values()]) {
      const known = table.get(node)
      if (known !== undefined && isSameAddress(known, address)) table.delete(node)
    }
  }
}

/** Sets an entry as the newest one; the oldest makes room. */
function renew<V>(table: Map<string, V>, key: string, value: V, max: number): void {
  table.delete(key)
  table.set(key, value)
  const oldest = table.keys().next()
  if (table.size > max && !oldest.done) table.delete(oldest.value)
}

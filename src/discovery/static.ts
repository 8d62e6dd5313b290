/**
 * Static discovery: a table of addresses, given at start (the cluster spec, 3.7), and the nodes
 * this one has started itself since.
 */
import type { Address } from '../carrier/carrier.ts'
import type { Resolver } from '../dist/index.ts'

/** Node name to address. */
export type StaticNodes = Readonly<Record<string, Address>>

export class NodeTable {
  readonly #table: Map<string, Address>
  readonly resolve: Resolver = async (node) => this.#table.get(node)

  constructor(nodes: StaticNodes) {
    this.#table = new Map(Object.entries(nodes))
  }

  add(node: string, address: Address): void {
    this.#table.set(node, address)
  }

  remove(node: string): void {
    this.#table.delete(node)
  }
}

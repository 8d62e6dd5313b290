/** Static discovery: a table of addresses, given at start (the cluster spec, 3.7). */
import type { Address } from '../carrier/carrier.ts'
import type { Resolver } from '../dist/index.ts'

/** Node name to UDP address. */
export type StaticNodes = Readonly<Record<string, Address>>

export function staticResolver(nodes: StaticNodes): Resolver {
  const table = new Map(Object.entries(nodes))
  return async (node) => table.get(node)
}

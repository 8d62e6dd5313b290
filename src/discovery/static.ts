/**
 * Discovery from a table: the nodes given at start, or those this one has started itself since (the
 * cluster spec, 3.7). It answers at once.
 */
import type { Address } from '../carrier/carrier.ts'
import type { DiscoveryBackend } from './backend.ts'

/** Node name to address. */
export type StaticNodes = Readonly<Record<string, Address>>

export function tableBackend(name: string, table: ReadonlyMap<string, Address>): DiscoveryBackend {
  return {
    name,
    lookup: (node) => table.get(node),
    listNodes: () => [...table.keys()],
  }
}

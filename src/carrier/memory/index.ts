/**
 * The memory carrier: a network of nodes in one OS process, with faults on demand and arrivals
 * fixed by a seed. For tests, simulation and nodes that need no wire.
 */
import { MemoryNetwork, type MemoryNetworkOptions } from './network.ts'

export type { Path } from './faults.ts'
export type { NetworkEvent } from './network.ts'
export type { MemoryNetwork, MemoryNetworkOptions }

/**
 * A new network. Nodes join it with `network.carrier({ host, port })`. Throws a TypeError naming
 * the field and the value for a bad option.
 */
export function memoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  return new MemoryNetwork(options)
}

/**
 * A simulated machine: a name, a host, a disk, clocks, and the power of the node that runs on it
 * now. It outlives its nodes, as a real machine does.
 */
import type { World } from '../../runtime/platform/sim.ts'
import type { SimDisk } from '../../runtime/platform/sim-storage.ts'
import type { Address } from '../carrier/carrier.ts'
import type { Node } from '../node/node.ts'
import { MachineClock } from './machine-clock.ts'
import type { Power } from './power.ts'

/** What a node finds on its disk: all of it, its key alone, or nothing. */
export type DiskState = 'kept' | 'keysOnly' | 'blank'

const port = 4000
/** Monotonic clocks begin anywhere below this: comparing those of two machines is always wrong. */
const originMaxMs = 1_000_000_000

export class Machine {
  readonly name: string
  readonly host: string
  readonly address: Address
  readonly clock: MachineClock
  disk: SimDisk = new Map()
  /** The longest operation of the disk, in milliseconds. */
  diskMaxMs = 0
  power: Power | undefined
  /** The node, once it has started. */
  node: Node | undefined
  /** Nodes begun on this machine. */
  boots = 0

  /** `name` is the node's: its host half is the machine's host. */
  constructor(name: string, world: World) {
    this.name = name
    this.host = name.slice(name.indexOf('@') + 1)
    this.address = { host: this.host, port }
    this.clock = new MachineClock(world, Math.floor(originMaxMs * world.random.unit()))
  }

  get dataDir(): string {
    return `data/${this.name}`
  }

  prepareDisk(state: DiskState): void {
    if (state === 'kept') return
    const keys = [...this.disk].filter(([path]) => path.startsWith(`${this.dataDir}/keys/node.`))
    this.disk = new Map(state === 'keysOnly' ? keys : [])
  }
}

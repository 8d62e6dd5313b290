/**
 * Nodes on one memory network in one virtual world, all of them started by `startNode`. Time moves
 * on only while a test waits, and only when nothing else can happen; a machine keeps its disk and
 * its certificate when its node is started again.
 */
import type { LocalNode, Self, TraceEvent } from '../../../../runtime/index.ts'
import { type System, systemOf } from '../../../../runtime/kernel.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import type { Address, TlsMaterial } from '../../../../src/carrier/carrier.ts'
import {
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from '../../../../src/carrier/memory/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import type { NodeOptions } from '../../../../src/node/options.ts'
import { startNode } from '../../../../src/node/start.ts'
import { cleanup } from '../../../support/harness.ts'
import { turn, untilIn } from '../../../support/until.ts'

/** Names of nodes that can find each other; the host tells the machine. */
export const a = 'a@10.0.0.1'
export const b = 'b@10.0.0.2'
export const c = 'c@10.0.0.3'

/** Virtual time by which whatever a test waits for must have come. */
const virtualMaxMs = 3_600_000

export class VirtualCluster {
  readonly world: World
  readonly network: MemoryNetwork
  readonly events = new Map<string, TraceEvent[]>()
  readonly #disks = new Map<string, SimDisk>()

  constructor(options: { seed?: number; network?: Partial<MemoryNetworkOptions> } = {}) {
    this.world = new World(options.seed ?? 1)
    this.network = memoryNetwork({ platform: simPlatform(this.world), ...options.network })
  }

  /** The machine's disk; a stranger with the same name on a fresh one has other keys. */
  disk(name: string): SimDisk {
    const disk = this.#disks.get(name) ?? new Map()
    this.#disks.set(name, disk)
    return disk
  }

  wipe(name: string): void {
    this.#disks.delete(name)
  }

  /** Starts a node, to be stopped when the test is over. Its events are kept from the start. */
  async start(name: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await this.drive(startNode({ ...this.optionsOf(name), ...options }))
    const events: TraceEvent[] = []
    this.events.set(name, events)
    node.observe((event) => events.push(event))
    cleanup(() => this.drive(node.stop()))
    return node
  }

  optionsOf(name: string): NodeOptions {
    const nodes = Object.fromEntries([a, b, c].map((known) => [known, addressOf(known)]))
    return {
      name,
      nodes,
      carrier: this.network.carrier(addressOf(name)),
      tls: tlsOf(name),
      cookie: 'the cookie',
      platform: simPlatform(this.world, { disk: this.disk(name) }),
    }
  }

  /** The node's machine loses power: nothing is said to anybody. */
  crash(name: string): void {
    this.network.crash(addressOf(name))
  }

  /** Runs `body` as a process of `node`. */
  run<T>(node: LocalNode, body: (self: Self) => T | Promise<T>): Promise<T> {
    return this.drive(node.run(body))
  }

  /** Moves virtual time on until `work` has settled. */
  async drive<T>(work: Promise<T>): Promise<T> {
    let over = false
    const settled = work.finally(() => {
      over = true
    })
    settled.catch(() => undefined)
    const endMs = this.world.nowMs + virtualMaxMs
    for (await turn(); !over; await turn()) {
      if (over) break
      if (!this.world.advance()) throw new Error('nothing is left to happen, and the test waits')
      if (this.world.nowMs > endMs) throw new Error('an hour has passed in vain')
    }
    return settled
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return untilIn(this.world, what, condition)
  }

  /** Lets everything happen that is due within `ms`. */
  async pass(ms: number): Promise<void> {
    const endMs = this.world.nowMs + ms
    await turn()
    while (this.world.advance(endMs)) await turn()
  }

  /** Log lines of a node that begin so. */
  logs(name: string, message: string): Extract<TraceEvent, { readonly tag: 'log' }>[] {
    const found = this.of(name, 'log')
    return found.filter((event) => event.message === message)
  }

  of<T extends TraceEvent['tag']>(
    name: string,
    tag: T,
  ): Extract<TraceEvent, { readonly tag: T }>[] {
    const isOf = (event: TraceEvent): event is Extract<TraceEvent, { readonly tag: T }> =>
      event.tag === tag
    return (this.events.get(name) ?? []).filter(isOf)
  }
}

export function addressOf(name: string): Address {
  return { host: name.split('@')[1] ?? '', port: 4433 }
}

/** The memory carrier looks at nothing but the bytes of the certificate. */
export function tlsOf(name: string): TlsMaterial {
  return { certPem: '', keyPem: '', certDer: new TextEncoder().encode(`certificate of ${name}`) }
}

export type Tables = Readonly<Record<string, number>>

/** What the node keeps for the peer `name`, and in all: it must return to what it was. */
export function tablesOf(node: LocalNode, name: string): Tables {
  const system: System = systemOf(node)
  const peer = system.peers.get(name)
  return {
    links: peer?.links.size ?? 0,
    unlinking: peer?.unlinking.size ?? 0,
    monitors: peer?.monitors.size ?? 0,
    watches: peer?.watches.size ?? 0,
    calls: peer?.calls.size ?? 0,
    inboundCalls: peer?.inboundCalls.size ?? 0,
    spawns: peer?.spawns.size ?? 0,
    processes: [...system.processes].length,
    names: system.names.size,
  }
}

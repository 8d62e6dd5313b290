/** The nodes of the suite: with the defaults a user gets, and one process that has all names. */
import { join } from 'node:path'
import { spawn } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import type { Address } from '../../../src/carrier/carrier.ts'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { type Node, type Pid, process, registerService, startNode } from '../../../src/index.ts'
import { Registry } from '../../../src/services/registry/index.ts'
import { until } from '../../support/until.ts'
import { collect, heapBytes } from '../heap.ts'

export const driverName = 'a@127.0.0.1'

const Holder = process('bench.holder', async (self) => {
  for (;;) await self.receive()
})

/** A collection frees what only the turn after the one before has let go of. */
const collections = 4
/** Registrations between two looks at the event loop. */
const sliceNames = 250
/** Whatever is waited for has come by then. */
const vainMs = 30_000

/** Starts a node; one that is not the driver's joins that. */
export function startOne(name: string, directory: string, contact?: Address): Promise<Node> {
  return startNode({
    name,
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    dataDir: join(directory, name),
    cookie: 'bench',
    ...(contact !== undefined && { nodes: { [driverName]: contact }, join: [driverName] }),
  })
}

export function holderOf(node: Node): Pid {
  return spawn(node, Holder)
}

/** Registers `count` names, `prefix` and a number, letting others have their turn. */
export async function registerMany(
  node: Node,
  prefix: string,
  count: number,
  nameOf: (name: string) => string | object = (name) => name,
): Promise<void> {
  const pid = holderOf(node)
  for (let n = 0; n < count; n++) {
    const metadata = { weight: n % 10 }
    const registered = registerService(node, nameOf(`${prefix}.${n}`), { pid, metadata })
    if (registered.tag === 'error') throw new Error(`${prefix}.${n} is not registered`)
    if (n % sliceNames === 0) await new Promise(setImmediate)
  }
}

/** How many names the node knows: without a list of them, which would hold the loop. */
export function namesOf(node: Node): number {
  const registry = systemOf(node).registries.find('cluster')
  if (registry instanceof Registry) return registry.statistics().names
  throw new Error(`${node.name} has no registry`)
}

/** Waits until the node knows so many names. */
export function untilNames(node: Node, count: number): Promise<void> {
  return until(`${count} names`, () => namesOf(node) === count, vainMs)
}

/** Waits until the node knows a name at all. */
export function untilSome(node: Node): Promise<void> {
  return until('any name', () => namesOf(node) > 0, vainMs)
}

/** Bytes in use after full collections. */
export async function footing(): Promise<number> {
  for (let pass = 0; pass < collections; pass++) {
    collect()
    await new Promise(setImmediate)
  }
  return heapBytes()
}

/** Milliseconds on a clock that all processes of the machine share. */
export function sharedNowMs(): number {
  return Number(globalThis.process.hrtime.bigint()) / 1e6
}

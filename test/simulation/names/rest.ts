/**
 * What nodes say to each other about names when nothing happens to any: a small cluster with so
 * many names of all kinds, that everybody knows, and then some minutes of rest. How much that is
 * must not depend on how many names there are.
 */
import { process, spawn } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'
import { Services } from '../../../src/dist/services.ts'
import {
  globalNames,
  joinGroup,
  listServices,
  registerGlobalName,
  registerService,
  whichGroups,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { Simulation } from '../../../src/testing/index.ts'
import { createCodec } from '../../../src/wire/index.ts'
import { alice, bob } from '../../support/vectors/term-space.ts'

/** Per node and minute. */
export type RestTraffic = {
  readonly names: number
  readonly nodes: number
  /** Of the tables of names; what all parts of the node send is `wireBytes`. */
  readonly messages: number
  readonly bytes: number
  readonly wireBytes: number
}

export const restCounts: readonly number[] = [100, 1_000, 10_000]

const nodes = 5
const minutes = 10
const minuteMs = 60_000
const startWithinMs = 60_000
/** Periods are drawn anew each time; growth with the number of names would be a hundredfold. */
const unequal = 1.25
const tables = /^skein\.replica\./

export async function restTraffic(count: number): Promise<RestTraffic> {
  const sim = new Simulation({ seed: 1, nodes: namesOf(), tickMs: 1_000 })
  const counted = { messages: 0, bytes: 0, wireBytes: 0 }
  const untap = tap(counted)
  const { onEvent } = sim.network
  sim.network.onEvent = (event) => {
    if (event.tag === 'sent') counted.wireBytes += event.bytes
    onEvent?.(event)
  }
  try {
    const running: Node[] = []
    for (const name of sim.names) {
      running.push(await sim.start(name, { join: sim.names.slice(0, 1) }))
    }
    running.forEach((node, at) => {
      give(node, at, count)
    })
    const allKnow = (): boolean => running.every((node) => knownTo(node) === count)
    await sim.until(`all nodes know ${count} names`, allKnow, startWithinMs)
    await sim.run(minuteMs)
    Object.assign(counted, { messages: 0, bytes: 0, wireBytes: 0 })
    await sim.run(minutes * minuteMs)
  } finally {
    untap()
    sim.close()
  }
  const per = (sum: number): number => Math.round((10 * sum) / (nodes * minutes)) / 10
  const { messages, bytes, wireBytes } = counted
  return {
    names: count,
    nodes,
    messages: per(messages),
    bytes: per(bytes),
    wireBytes: per(wireBytes),
  }
}

/** Neither what the tables send nor all together grows with the number of names. */
export function isFlat(rows: readonly RestTraffic[]): boolean {
  return isEven(rows.map(({ bytes }) => bytes)) && isEven(rows.map(({ wireBytes }) => wireBytes))
}

function isEven(all: readonly number[]): boolean {
  return Math.min(...all) > 0 && Math.max(...all) <= unequal * Math.min(...all)
}

function namesOf(): readonly string[] {
  return Array.from({ length: nodes }, (_, i) => `n${i + 1}@h${i + 1}`)
}

const Holder = process<undefined>('names.rest', async (self) => {
  for (;;) await self.receive()
})

/** The node's share of the names: three services, a global name and a group in turn. */
function give(node: Node, at: number, count: number): void {
  systemOf(node).modules.add(Holder)
  const pid = spawn(node, Holder)
  for (let i = at; i < count; i += nodes) {
    const kind = Math.floor(i / nodes) % 5
    const given =
      kind === 0
        ? registerGlobalName(node, `only ${i}`, { pid })
        : kind === 1
          ? joinGroup(node, { group: i }, pid)
          : registerService(node, `name ${i}`, { pid, metadata: { zone: 'a', load: i } })
    if (given.tag === 'error') throw new Error(`${node.name}: ${JSON.stringify(given)}`)
  }
}

function knownTo(node: Node): number {
  return listServices(node).length + globalNames(node).length + whichGroups(node).length
}

/** Counts what the tables send, encoded. Returns how to stop it. */
function tap(counted: { messages: number; bytes: number }): () => void {
  const none = () => undefined
  const codec = createCodec({ local: alice, peer: bob, pid: none, reference: none })
  const { tell } = Services.prototype
  Services.prototype.tell = function (node, service, body) {
    const told = tell.call(this, node, service, body)
    if (told !== 'sent' || !tables.test(service)) return told
    const encoded = codec.encode([service, body])
    counted.messages += 1
    if (encoded.tag === 'ok') counted.bytes += encoded.bytes.length
    return told
  }
  return () => {
    Services.prototype.tell = tell
  }
}

/**
 * Discovery as `startNode` wires it: nodes that know nothing of each other but a directory they
 * share, what is published and taken back, and what a lost or wrong address costs. Rows DSC-02,
 * DSC-05 and DSC-09 of the cluster spec.
 */

import { simPlatform } from '../../../../runtime/platform/sim.ts'
import type { SimZone } from '../../../../runtime/platform/sim-resolver.ts'
import type { DiscoveryBackend } from '../../../../src/discovery/index.ts'
import {
  child,
  connectNode,
  genServer,
  listNodes,
  lookupNode,
  nodes,
  StartError,
  stop,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import type { NodeOptions } from '../../../../src/node/options.ts'
import { startNode } from '../../../../src/node/start.ts'
import { assert, suite } from '../../../support/harness.ts'
import { a, addressOf, b, c, VirtualCluster } from '../dist/virtual-cluster.ts'

const test = suite('discovery of a node')

const names = [a, b, c] as const
const shared = 'shared'

/** A cluster whose machines see one file system, and nothing else of each other. */
class SharedDisk extends VirtualCluster {
  readonly zone: SimZone = new Map()

  override optionsOf(name: string): NodeOptions {
    const { nodes: _, ...options } = super.optionsOf(name)
    return {
      ...options,
      discovery: { backends: ['file'], directory: shared },
      platform: simPlatform(this.world, { disk: this.disk('all'), zone: this.zone }),
    }
  }

  /** Names of the endpoint files. */
  files(): readonly string[] {
    const paths = [...this.disk('all').keys()].filter((path) => path.startsWith(`${shared}/`))
    return paths.map((path) => path.slice(shared.length + 1)).sort()
  }

  write(name: string, text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.disk('all').set(`${shared}/${name}.endpoint`, { bytes, mode: 0o644 })
  }

  connect(node: Node, name: string): Promise<boolean> {
    return this.drive(connectNode(node, name))
  }
}

test('three nodes find each other through the directory alone (DSC-02)', async () => {
  const cluster = new SharedDisk()
  const started: Node[] = []
  for (const name of names) started.push(await cluster.start(name))
  for (const [index, node] of started.entries()) {
    const others = names.filter((name) => name !== names[index])
    for (const other of others)
      assert.ok(await cluster.connect(node, other), `${node.name} ${other}`)
    assert.equal(nodes(node).sort(), others)
    assert.equal(await cluster.drive(listNodes(node)), [...names])
  }
  assert.equal(await cluster.drive(lookupNode(started[0]!, b)), [addressOf(b)])
})

test('the file is there when the start returns, and gone when the stop does', async () => {
  const cluster = new SharedDisk()
  const node = await cluster.start(a)
  assert.equal(cluster.files(), [`${a}.endpoint`])
  await cluster.drive(node.stop())
  assert.equal(cluster.files(), [])
})

test('a start that fails takes its file back', async () => {
  const cluster = new SharedDisk()
  const root = child(genServer('discovery.fails')({ init: () => stop('why') }), undefined)
  const failure = await cluster
    .drive(startNode({ ...cluster.optionsOf(a), root }))
    .catch((error: unknown) => error)
  assert.ok(failure instanceof StartError, String(failure))
  assert.equal(cluster.files(), [])
})

test('a node that crashed leaves its file behind; its successor elsewhere is found', async () => {
  const cluster = new SharedDisk()
  const first = await cluster.start(a)
  await cluster.start(b)
  assert.ok(await cluster.connect(first, b))
  cluster.crash(b)
  await cluster.until('it is lost', () => nodes(first).length === 0)
  assert.not(await cluster.connect(first, b))
  const elsewhere = { host: addressOf(b).host, port: 5000 }
  await cluster.start(b, { carrier: cluster.network.carrier(elsewhere) })
  assert.ok(await cluster.connect(first, b))
})

test('a peer that stopped and came back elsewhere is found at once', async () => {
  const cluster = new SharedDisk()
  const first = await cluster.start(a)
  const second = await cluster.start(b)
  assert.ok(await cluster.connect(first, b))
  await cluster.drive(second.stop())
  await cluster.until('it has gone', () => nodes(first).length === 0)
  const elsewhere = { host: addressOf(b).host, port: 5000 }
  await cluster.start(b, { carrier: cluster.network.carrier(elsewhere) })
  assert.ok(await cluster.connect(first, b))
  assert.equal(cluster.logs(a, 'dial failed'), [])
})

test('a file that leads to another node costs one dial, and is read again', async () => {
  const cluster = new SharedDisk()
  const first = await cluster.start(a)
  await cluster.start(c)
  cluster.write(b, JSON.stringify(addressOf(c)))
  assert.not(await cluster.connect(first, b))
  await cluster.start(b)
  assert.ok(await cluster.connect(first, b))
  assert.equal(nodes(first), [b])
})

test('a file that leads to this very node is no address', async () => {
  const cluster = new SharedDisk()
  const first = await cluster.start(a)
  cluster.write(b, JSON.stringify(addressOf(a)))
  assert.equal(await cluster.drive(lookupNode(first, b)), [])
  assert.not(await cluster.connect(first, b))
})

test('of several addresses the next is dialled when one does not answer', async () => {
  const cluster = new SharedDisk()
  const host = 'many.example'
  const dead = '10.0.9.9'
  const odd = `b@${host}`
  cluster.zone.set(host, { ipv4: [dead, addressOf(b).host] })
  await cluster.start(odd, { carrier: cluster.network.carrier(addressOf(b)) })
  const node = await cluster.start(a, { discovery: { backends: ['dns'], dnsPort: 4433 } })
  const failures = (): number => cluster.logs(a, 'dial failed').length
  assert.ok(await cluster.connect(node, odd))
  assert.is(failures(), 1)
  // What did not answer is not tried again as long as the rest is remembered.
  assert.equal(await cluster.drive(lookupNode(node, odd)), [addressOf(b)])
})

test('all addresses of a node together have the time of one dial', async () => {
  const cluster = new SharedDisk()
  const node = await cluster.start(a, { discovery: { backends: ['dns'], dnsPort: 4433 } })
  const away = [addressOf(b).host, addressOf(c).host]
  cluster.zone.set('away.example', { ipv4: away })
  for (const name of [b, c]) await cluster.start(name)
  cluster.network.partition([away])
  const startedMs = cluster.world.nowMs
  assert.not(await cluster.connect(node, 'n@away.example'))
  const tookMs = cluster.world.nowMs - startedMs
  assert.is(tookMs, limits.distHandshakeTimeoutMs)
  assert.is(cluster.logs(a, 'dial failed').length, away.length)
  cluster.network.heal()
})

test('hidden nodes find others and are not published', async () => {
  const cluster = new SharedDisk()
  const probe = await cluster.start(a, { hidden: true })
  await cluster.start(b)
  assert.equal(cluster.files(), [`${b}.endpoint`])
  assert.ok(await cluster.connect(probe, b))
})

test('without a carrier nothing is published, and the node runs (DSC-09)', async () => {
  const cluster = new SharedDisk()
  const logged: string[] = []
  const { carrier: _, ...options } = cluster.optionsOf(a)
  const node = await cluster.drive(
    startNode({
      ...options,
      observe: (event) => void (event.tag === 'log' && logged.push(event.message)),
    }),
  )
  assert.ok(logged.includes('no listen port found; skipping discovery publish'), logged.join('; '))
  assert.equal(cluster.files(), [])
  cluster.write(b, JSON.stringify(addressOf(b)))
  assert.equal(await cluster.drive(lookupNode(node, b)), [addressOf(b)])
  await cluster.drive(node.stop())
})

test('without the option a node writes no file, reads none and asks no DNS', async () => {
  const cluster = new SharedDisk()
  const { discovery: _, ...options } = cluster.optionsOf(a)
  const node = await cluster.drive(startNode(options))
  cluster.zone.set('h.example', { ipv4: ['10.0.0.2'] })
  cluster.write(b, JSON.stringify(addressOf(b)))
  assert.equal(cluster.files(), [`${b}.endpoint`])
  assert.equal(await cluster.drive(lookupNode(node, b)), [])
  assert.equal(await cluster.drive(lookupNode(node, 'x@h.example')), [])
  await cluster.drive(node.stop())
})

test('by default the table comes first, then the directory, then DNS (DSC-06)', async () => {
  const cluster = new SharedDisk()
  const discovery = { directory: shared }
  const table = { host: '10.1.1.1', port: 1 }
  const options = { ...cluster.optionsOf(a), discovery, nodes: { 'b@h.example': table } }
  const node = await cluster.drive(startNode(options))
  cluster.zone.set('h.example', { ipv4: ['10.3.3.3'] })
  for (const name of ['b@h.example', 'c@h.example']) {
    cluster.write(name, JSON.stringify({ host: '10.2.2.2', port: 2 }))
  }
  const look = async (name: string) => (await cluster.drive(lookupNode(node, name)))[0]
  assert.equal(await look('b@h.example'), table)
  assert.equal(await look('c@h.example'), { host: '10.2.2.2', port: 2 })
  // By agreement nodes found by DNS alone listen where this one does (DSC-05).
  assert.equal(await look('d@h.example'), { host: '10.3.3.3', port: addressOf(a).port })
  await cluster.drive(node.stop())
})

test('a backend that hangs delays starting, dialling and stopping, and prevents none', async () => {
  const cluster = new SharedDisk()
  const never = (): Promise<never> => new Promise(() => undefined)
  const stuck: DiscoveryBackend = {
    name: 'stuck',
    lookup: never,
    register: never,
    unregister: never,
    listNodes: never,
  }
  const discovery = { backends: [stuck, 'file'], directory: shared } as const
  await cluster.start(b)
  const node = await cluster.drive(startNode({ ...cluster.optionsOf(a), discovery }))
  assert.ok(await cluster.connect(node, b))
  assert.equal(await cluster.drive(listNodes(node)), [a, b])
  await cluster.drive(node.stop())
  assert.equal(cluster.files(), [`${b}.endpoint`])
})

test('nodes to join may appear later with discovery, and must be known without', async () => {
  const cluster = new SharedDisk()
  const logged: string[] = []
  await cluster.start(a, {
    join: [b],
    observe: (event) => void (event.tag === 'log' && logged.push(event.message)),
  })
  await cluster.until('it has tried', () => logged.includes('no address known for node'))
  const { discovery: _, ...alone } = cluster.optionsOf(c)
  const failure = await cluster
    .drive(startNode({ ...alone, join: [b] }))
    .catch((error: unknown) => error)
  assert.ok(failure instanceof StartError)
  assert.is(failure.reason, 'unresolvablePeer')
  assert.match(failure.message, /discovery/)
})

test.run()

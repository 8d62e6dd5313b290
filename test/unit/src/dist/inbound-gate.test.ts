/**
 * Connections that say nothing (P13, AUT-19): whoever makes them runs out of places, one address or
 * many, and honest nodes never wait for them.
 */
import { connectNode, metrics, nodes } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { a, b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('inbound gate')

const perAddress = limits.authAttemptsPerAddressMax

async function silentPeers(
  cluster: VirtualCluster,
  count: number,
  hosts: number,
): Promise<ScriptedPeer[]> {
  const peers: ScriptedPeer[] = []
  for (let n = 0; n < count; n++) {
    const address = { host: `10.6.6.${n % hosts}`, port: 0 }
    const options = { name: `silent${n}@h`, target: b, address, certOf: 'silent' }
    peers.push(await ScriptedPeer.dial(cluster, options))
  }
  return peers
}

function refused(node: Node, reason: string): number {
  const found = metrics(node).find(({ labels }) => labels.reason === reason)
  return found?.kind === 'counter' ? found.value : 0
}

function closed(peers: readonly ScriptedPeer[]): number {
  return peers.filter((peer) => peer.closed !== undefined).length
}

test('one address has so many unproven connections; other addresses have theirs', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b)
  const near = await cluster.start(a)
  const peers = await silentPeers(cluster, perAddress + 20, 1)
  await cluster.until('those above are closed', () => closed(peers) >= 20)
  assert.is(refused(far, 'address'), 20)
  assert.ok(peers.slice(perAddress).every((peer) => peer.closed !== undefined))
  assert.is(await cluster.drive(connectNode(near, b)), true)
  const said = 'too many failed connections from one address: new ones are refused'
  assert.is(cluster.logs(b, said).length, 1)
})

test('the silent ones are cut at the deadline and their places come back', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b)
  const peers = await silentPeers(cluster, perAddress, 1)
  await cluster.until('all are cut', () => closed(peers) === perAddress)
  assert.equal(new Set(peers.map((peer) => peer.closed?.reason)), new Set(['authStreamTimeout']))
  const [late] = await silentPeers(cluster, 1, 1)
  assert.is(late?.closed, undefined)
  assert.is(refused(far, 'address'), 0)
})

test('many addresses: the oldest of the heaviest gives way, honest nodes enter', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b)
  const near = await cluster.start(a)
  const crowd = limits.distPendingLinksMax
  const peers = await silentPeers(cluster, crowd, 8)
  assert.ok(refused(far, 'crowded') > 0)
  assert.is(refused(far, 'address'), 0)
  const givenWay = refused(far, 'crowded')
  await cluster.until('those are closed', () => closed(peers) === givenWay)
  assert.is(closed(peers.slice(0, givenWay)), givenWay, 'the oldest of them')
  assert.is(await cluster.drive(connectNode(near, b)), true)
  assert.equal([nodes(near), nodes(far)], [[b], [a]])
})

test('our own dials have places left, whoever crowds the door', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b)
  const near = await cluster.start(a)
  await silentPeers(cluster, limits.distPendingLinksMax, 8)
  assert.is(await cluster.drive(connectNode(far, a)), true)
  assert.equal(nodes(near), [b])
})

test('nodes that come and go, all from one address, never run out of places', async () => {
  const cluster = new VirtualCluster()
  const far = await cluster.start(b)
  for (let n = 0; n < perAddress + 50; n++) {
    const name = `guest${n}@h`
    const address = { host: '10.6.6.6', port: 0 }
    const peer = await ScriptedPeer.established(cluster, { name, target: b, address })
    peer.connection.close(0, 'bye')
  }
  assert.is(refused(far, 'address'), 0)
})

test.run()

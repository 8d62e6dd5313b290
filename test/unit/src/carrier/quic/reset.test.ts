import { nodePlatform } from '../../../../../runtime/platform/node.ts'
import type { TlsMaterial } from '../../../../../src/carrier/carrier.ts'
import type { NativeConnection } from '../../../../../src/carrier/quic/binding.ts'
import { QuicConnection } from '../../../../../src/carrier/quic/connection.ts'
import { limits } from '../../../../../src/limits.ts'
import type { ConnectionWitness } from '../../../../../src/testing/carrier-witness.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { testTls } from '../../../../support/tls.ts'
import { forwarder, udpSocket } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, type Joined, joined, type Node, openNode } from './support.ts'

const test = suite('quic stateless reset')
const unknown = 'the peer no longer knows us'
const fresh = (): Promise<TlsMaterial> => testTls(nodePlatform())
const isShort = (datagram: Buffer): boolean => (datagram[0]! & 0xc0) === 0x40

/** The binding's own connection, to do what a hostile peer would. */
function nativeOf({ connection }: ConnectionWitness): NativeConnection {
  if (!(connection instanceof QuicConnection)) throw new Error('not a connection of this carrier')
  return connection.native
}

/** Takes a node away without its peer noticing, and starts another at its address. */
async function replace({ wire }: Joined, node: Node, tls: TlsMaterial): Promise<Node> {
  wire.cut = true
  const { up, down } = wire
  const before = up.counts.cut + down.counts.cut
  await node.endpoint.close(0)
  await until('its close is lost', () => up.counts.cut + down.counts.cut > before)
  const next = await openNode({ port: node.endpoint.address.port }, tls)
  wire.cut = false
  return next
}

test('the dialer learns at once that the acceptor was started again', async () => {
  const tls = await fresh()
  const [left, right] = [await openNode(), await openNode({}, tls)]
  const pair = await joined(left, right)
  const next = await replace(pair, right, tls)
  pair.near.open('uni').write(new Uint8Array(100))
  await until('it knows', () => pair.near.closes.length === 1)
  assert.equal(pair.near.closes, [{ by: 'error', code: 0, reason: unknown }])
  const again = await left.dial(pair.wire.address)
  await until('it is accepted anew', () => next.accepted.length === 1)
  await assertAlive(again, next.accepted[0]!)
})

test('the acceptor learns at once that the dialer was started again', async () => {
  const tls = await fresh()
  const [left, right] = [await openNode({}, tls), await openNode()]
  const pair = await joined(left, right)
  await replace(pair, left, tls)
  pair.far.open('uni').write(new Uint8Array(100))
  await until('it knows', () => pair.far.closes.length === 1)
  assert.equal(pair.far.closes, [{ by: 'error', code: 0, reason: unknown }])
})

test('it learns so after rebinds too, by the tokens of other ids', async () => {
  const tls = await fresh()
  const options = { keepAliveMs: 50 }
  const [left, right] = [await openNode(options, tls), await openNode(options)]
  const pair = await joined(left, right)
  for (let moves = 0; moves < 6; moves++) {
    await pair.wire.rebind()
    await assertAlive(pair.near, pair.far)
    const [port] = pair.wire.upstreamPorts()
    await until('it is followed', () => pair.far.connection.peerAddress.port === port)
  }
  await replace(pair, left, tls)
  pair.far.open('uni').write(new Uint8Array(100))
  await until('it knows', () => pair.far.closes.length === 1)
  assert.is(pair.far.closes[0]?.reason, unknown)
})

test('a node with another key cannot reset what it does not know', async () => {
  const [left, right] = [await openNode(), await openNode()]
  const pair = await joined(left, right)
  const seen = pair.wire.seen.length
  await replace(pair, right, await fresh())
  pair.near.open('uni').write(new Uint8Array(100))
  const answers = (): number =>
    pair.wire.seen.slice(seen).filter(({ up, datagram }) => !up && isShort(datagram)).length
  await until('it is answered more than once', () => answers() >= 2)
  assert.equal(pair.near.closes, [])
})

test('a node at another address cannot either, though it has the same key', async () => {
  const tls = await fresh()
  const [left, right] = [await openNode(), await openNode({}, tls)]
  const other = await openNode({}, tls)
  const { near, far, wire } = await joined(left, right)
  const packet = wire.seen.findLast(({ up, datagram }) => up && isShort(datagram))!.datagram
  const stranger = await udpSocket()
  const answers: Buffer[] = []
  stranger.on('message', (datagram) => answers.push(datagram))
  stranger.send(packet, other.endpoint.address.port, '127.0.0.1')
  await until('the other answers', () => answers.length === 1)
  stranger.send(answers[0]!, left.endpoint.address.port, '127.0.0.1')
  const wireToLeft = await forwarder(left.endpoint.address)
  stranger.send(answers[0]!, wireToLeft.address.port, '127.0.0.1')
  await until('it arrived', () => wireToLeft.seen.length >= 1)
  await assertAlive(near, far)
  await assertAlive(far, near)
})

test('what looks like a reset and is none changes nothing', async () => {
  const { wire, near, far } = await joined(await openNode(), await openNode())
  const random = nodePlatform().random
  for (let count = 0; count < 500; count++) {
    const forged = Buffer.from(random.bytes(21 + (count % 30)))
    forged[0] = 0x40 | (forged[0]! & 0x3f)
    wire.inject(forged)
    if (count % 50 === 0) await assertAlive(near, far)
  }
  await assertAlive(far, near)
})

test('two nodes that do not know each other fall silent', async () => {
  const { endpoint } = await openNode()
  const stranger = await udpSocket()
  const sizes: number[] = []
  const { port } = endpoint.address
  let over = false
  stranger.on('message', (datagram) => {
    sizes.push(datagram.length)
    if (over) return
    over = datagram.length === 21
    stranger.send(datagram, port, '127.0.0.1')
  })
  const first = Buffer.alloc(1200, 0x55)
  stranger.send(first, port, '127.0.0.1')
  await until('the smallest reset came', () => over)
  const expected = Array.from({ length: 42 - 20 }, (_, index) => 42 - index)
  assert.equal(sizes, expected)
  // Nothing answers the smallest: the next answer is to a packet of its own.
  stranger.send(Buffer.alloc(23, 0x55), port, '127.0.0.1')
  await until('the next packet is answered', () => sizes.length === expected.length + 1)
  assert.is(sizes.at(-1), 22)
})

test('what a dialer sends in place of its tokens is ignored', async () => {
  const tls = await fresh()
  const [left, right] = [await openNode({}, tls), await openNode()]
  const pair = await joined(left, right)
  const native = nativeOf(pair.near)
  const { random } = nodePlatform()
  for (let count = 0; count < 200; count++) {
    native.dgramSend(random.bytes(Math.floor(random.unit() * 1000)))
    if (count % 20 === 0) await assertAlive(pair.near, pair.far)
  }
  await assertAlive(pair.far, pair.near)
  await replace(pair, left, tls)
  pair.far.open('uni').write(new Uint8Array(100))
  await until('the tokens told before still count', () => pair.far.closes.length === 1)
})

test('resets are rationed', async () => {
  const { endpoint } = await openNode()
  const honest = await openNode()
  const stranger = await udpSocket()
  stranger.setRecvBufferSize(4 * 1024 * 1024)
  let answers = 0
  stranger.on('message', () => {
    answers += 1
  })
  const { port } = endpoint.address
  const startedAt = performance.now()
  for (let count = 0; count < 4000; count++) {
    stranger.send(Buffer.alloc(60, 0x55), port, '127.0.0.1')
    if (count % 50 === 49) await new Promise(setImmediate)
  }
  await honest.dial(endpoint.address)
  const seconds = (performance.now() - startedAt) / 1000
  await until('some are answered', () => answers > 0)
  assert.ok(answers <= limits.carrierResetsPerSecond * (1 + seconds), `${answers}`)
})

test.run()

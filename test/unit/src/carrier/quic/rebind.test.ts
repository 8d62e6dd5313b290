import { limits } from '../../../../../src/limits.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { udpSocket } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, type Joined, joined, openNode, transfer } from './support.ts'

const test = suite('quic NAT rebinding')
const mib = 1024 * 1024
/** Whoever is behind a NAT must speak to be found again. */
const options = { keepAliveMs: 50, idleTimeoutMs: 60_000 }

const join = async (): Promise<Joined> =>
  joined(await openNode(options), await openNode(options), { records: false })

const ways: Readonly<Record<string, readonly ('up' | 'down')[]>> = {
  'from the acceptor': ['down'],
  'from the dialer': ['up'],
  'both ways': ['up', 'down'],
}

for (const [name, directions] of Object.entries(ways)) {
  test(`bytes in flight ${name} survive five rebinds`, async () => {
    const { wire, near, far } = await join()
    const size = 24 * mib
    const transfers = directions.map((way) =>
      way === 'up' ? transfer(near, far, size) : transfer(far, near, size),
    )
    for (let rebinds = 1; rebinds <= 5; rebinds++) {
      const enough = (rebinds * size) / 8
      await until('some arrived', () => transfers.every(({ came }) => came() >= enough))
      assert.ok(transfers.some(({ done }) => !done()))
      await wire.rebind()
    }
    await until('all arrived', () => transfers.every(({ done }) => done()))
    for (const { check } of transfers) check()
    assert.is(near.closes.length + far.closes.length, 0)
  })
}

test(
  'a rebind on a path that loses and reorders is survived, or both ends know within seconds',
  async () => {
    const [left, right] = [await openNode(options), await openNode(options)]
    const { wire, near, far } = await joined(left, right, { records: false, seed: 21 })
    for (const way of [wire.up, wire.down]) {
      way.loss = 0.02
      way.duplication = 0.02
      way.delayMs = 2
      way.jitterMs = 2
    }
    const size = 4 * mib
    const transfers = [transfer(near, far, size), transfer(far, near, size)]
    const over = (): boolean => near.closes.length === 1 && far.closes.length === 1
    const came = (bytes: number): boolean => transfers.every((each) => each.came() >= bytes)
    for (let rebinds = 1; rebinds <= 3; rebinds++) {
      await until('some arrived', () => over() || came((rebinds * size) / 5), 20_000)
      await wire.rebind()
    }
    await until('all arrived', () => over() || transfers.every(({ done }) => done()), 20_000)
    if (over()) assert.is.not(near.closes[0]?.by, 'idle')
    else for (const { check } of transfers) check()
  },
  { deadlineMs: 60_000 },
)

test('the acceptor learns where its peer is now, the dialer sees no change', async () => {
  const { wire, near, far } = await join()
  const before = far.connection.peerAddress
  await wire.rebind()
  await assertAlive(near, far)
  const [port] = wire.upstreamPorts()
  await until('it knows', () => far.connection.peerAddress.port === port)
  assert.is.not(before.port, port)
  assert.equal(near.connection.peerAddress, wire.address)
})

test('a lost challenge does not stall a connection', async () => {
  const { wire, near, far } = await join()
  await wire.rebind()
  wire.down.cut = true
  const sent = transfer(far, near, mib)
  await until('the challenge is lost', () => wire.down.counts.cut > 0)
  wire.down.cut = false
  const over = (): boolean => near.closes.length === 1 && far.closes.length === 1
  await until('all arrived, or both ends know', () => sent.done() || over())
  if (over()) assert.is.not(near.closes[0]?.by, 'idle')
  else sent.check()
})

test('a peer that is heard and cannot be reached is given up, and learns it', async () => {
  const { wire, near, far } = await join()
  await wire.rebind()
  wire.down.cut = true
  await until('it is given up', () => far.closes.length === 1)
  assert.is(far.closes[0]?.by, 'error')
  wire.down.cut = false
  await until('it learns', () => near.closes.length === 1)
  assert.is(near.closes[0]?.reason, 'the peer no longer knows us')
})

test('a connection that was moved too often ends on both sides at once', async () => {
  const { wire, near, far } = await join()
  for (let moves = 1; moves < limits.carrierConnectionIdsMax; moves++) {
    await wire.rebind()
    await assertAlive(near, far)
  }
  await wire.rebind()
  // Long before the idle timeout, and although quiche drops everything from the new address.
  await until('both know', () => near.closes.length === 1 && far.closes.length === 1)
  assert.is(far.closes[0]?.reason, 'the peer changed its address too often')
  assert.is(near.closes[0]?.reason, 'the peer no longer knows us')
})

test('packets that a stranger repeats do not move the peer', async () => {
  const [left, right] = [await openNode(options), await openNode(options)]
  const { wire, near, far } = await joined(left, right)
  const before = far.connection.peerAddress
  const packets = wire.seen.filter(({ up, datagram }) => up && datagram[0]! < 0x80)
  assert.ok(packets.length > 0)
  const stranger = await udpSocket()
  const { host, port } = right.endpoint.address
  for (const { datagram } of packets) stranger.send(datagram, port, host)
  await assertAlive(near, far)
  await assertAlive(far, near)
  assert.equal(far.connection.peerAddress, before)
})

test.run()

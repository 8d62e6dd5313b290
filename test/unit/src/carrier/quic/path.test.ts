import { assert, suite } from '../../../../support/harness.ts'
import { forwarder } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, type Joined, joined, openNode, transfer } from './support.ts'

const test = suite('quic datagram size')
const mib = 1024 * 1024

async function join(datagramMaxBytes = Number.POSITIVE_INFINITY): Promise<Joined> {
  const pair = await joined(await openNode(), await openNode())
  pair.wire.up.datagramMaxBytes = datagramMaxBytes
  pair.wire.down.datagramMaxBytes = datagramMaxBytes
  return pair
}

const sizeOf = ({ near }: Joined): number => near.connection.statistics().datagramBytes ?? 0

/** Sends until the rule is content with what it found. */
async function sendUntil(pair: Joined, what: string, holds: () => boolean): Promise<void> {
  while (!holds()) {
    const sent = transfer(pair.near, pair.far, 20_000)
    await until(what, () => sent.done())
    sent.check()
  }
}

test('loopback is found to carry 16 KiB', async () => {
  const pair = await join()
  await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) > 16_000)
  assert.is(sizeOf(pair), 16_383)
})

test('a connection that sends little is spared the search', async () => {
  const [left, right] = [await openNode(), await openNode()]
  const wire = await forwarder(right.endpoint.address)
  const near = await left.dial(wire.address)
  await until('it is accepted', () => right.accepted.length === 1)
  for (let count = 0; count < 20; count++) {
    const sent = transfer(near, right.accepted[0]!, 1000)
    await until('it arrives', () => sent.done())
    sent.check()
  }
  assert.is(Math.max(...wire.seen.map(({ datagram }) => datagram.length)), 1200)
})

for (const carried of [1200, 1280, 1472, 9000]) {
  test(`a path that swallows what is larger than ${carried} does not stall`, async () => {
    const pair = await join(carried)
    const [up, down] = [
      transfer(pair.near, pair.far, 4 * mib),
      transfer(pair.far, pair.near, 4 * mib),
    ]
    await until('all arrive', () => up.done() && down.done())
    up.check()
    down.check()
    // Only probes were swallowed: the data never depended on them.
    const lost = pair.near.connection.statistics().lostPackets
    const found = carried * (63 / 64)
    await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) >= found)
    assert.ok(sizeOf(pair) <= carried)
    assert.ok(lost < 50, `${lost} packets lost`)
  })
}

test('a path that shrinks does not stall', async () => {
  const pair = await join()
  await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) === 16_383)
  const sent = transfer(pair.near, pair.far, 16 * mib)
  await until('some arrive', () => sent.came() > mib)
  pair.wire.up.datagramMaxBytes = 1400
  await until('all arrive', () => sent.done())
  sent.check()
  assert.ok(sizeOf(pair) <= 1400, `${sizeOf(pair)}`)
  assert.is(pair.near.closes.length + pair.far.closes.length, 0)
})

test('an outage is not taken for a small path', async () => {
  const pair = await join()
  await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) === 16_383)
  const sent = transfer(pair.near, pair.far, 16 * mib)
  await until('some arrive', () => sent.came() > mib)
  pair.wire.cut = true
  await until('it falls back', () => sizeOf(pair) === 1200)
  pair.wire.cut = false
  await until('all arrive', () => sent.done())
  sent.check()
  await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) === 16_383)
})

test('another path is probed anew', async () => {
  const options = { keepAliveMs: 50 }
  const pair = await joined(await openNode(options), await openNode(options))
  const down = transfer(pair.far, pair.near, mib)
  const size = (): number => pair.far.connection.statistics().datagramBytes ?? 0
  await until('it is found', () => down.done() && size() === 16_383)
  await pair.wire.rebind()
  pair.wire.down.datagramMaxBytes = 1300
  await assertAlive(pair.near, pair.far)
  const again = transfer(pair.far, pair.near, mib)
  await until('it arrives', () => again.done())
  again.check()
  assert.ok(size() <= 1300)
})

test('probes are answered to the peer of a connection and to nobody else', async () => {
  const pair = await join()
  await sendUntil(pair, 'bytes arrive', () => sizeOf(pair) === 16_383)
  const probes = pair.wire.seen.filter(({ up, datagram }) => up && datagram[0] === 4)
  assert.ok(probes.length > 0)
  const answers = (): number =>
    pair.wire.seen.filter(({ up, datagram }) => !up && datagram[0] === 5).length
  const before = answers()
  pair.wire.inject(probes[0]!.datagram)
  await until('the peer is answered', () => answers() === before + 1)
  // From another port, with another id, too short.
  const other = Buffer.from(probes[0]!.datagram)
  other[3] = other[3]! ^ 1
  pair.wire.inject(other)
  pair.wire.inject(probes[0]!.datagram.subarray(0, 12))
  await pair.wire.rebind()
  pair.wire.inject(probes[0]!.datagram)
  await assertAlive(pair.near, pair.far)
  assert.is(answers(), before + 1)
})

test.run()

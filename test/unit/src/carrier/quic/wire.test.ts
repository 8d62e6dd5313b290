import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { Checksum } from '../../../../../src/testing/carrier-witness.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'
import { forwarder } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, openNode } from './support.ts'

const test = suite('quic wire')

test('bytes arrive whole over a path that loses datagrams', async () => {
  useSeed(9)
  const random = seededRandom(9)
  const [left, right] = [await openNode(), await openNode()]
  const wire = await forwarder(right.endpoint.address, { seed: 9 })
  const near = await left.dial(wire.address)
  await until('it is accepted', () => right.accepted.length === 1)
  const far = right.accepted[0]!
  wire.up.loss = 0.03
  wire.down.loss = 0.03
  const sent = [near, far].flatMap((end) =>
    Array.from({ length: 8 }, (_, index) => {
      const stream = end.open('uni')
      const checksum = new Checksum()
      const chunk = random.bytes(100_000 + index)
      checksum.add(chunk)
      stream.write(chunk)
      stream.end()
      return checksum.value
    }),
  )
  const arrived = (): typeof near.incoming => [...near.incoming, ...far.incoming]
  await until('all ended', () => arrived().filter((stream) => stream.ends === 1).length === 16)
  const byValue = (a: number, b: number): number => a - b
  assert.equal(
    arrived()
      .map((stream) => stream.checksum)
      .sort(byValue),
    sent.sort(byValue),
  )
  assert.ok(near.connection.statistics().lostPackets > 0)
})

test('an address can be opened again at once, and reached', async () => {
  const left = await openNode()
  const first = await openNode()
  const { address } = first.endpoint
  const near = await left.dial(address)
  await until('it is accepted', () => first.accepted.length === 1)
  await first.endpoint.close(17)
  await until('the close is heard', () => near.closes.length === 1)
  assert.is(near.closes[0]?.code, 17)
  const second = await openNode({ port: address.port })
  const again = await left.dial(address)
  await until('it is accepted anew', () => second.accepted.length === 1)
  await assertAlive(again, second.accepted[0]!)
})

test('one socket dials and accepts', async () => {
  const [left, right] = [await openNode(), await openNode()]
  await left.dial(right.endpoint.address)
  await until('it is accepted', () => right.accepted.length === 1)
  assert.equal(right.accepted[0]?.connection.peerAddress, left.endpoint.address)
})

test('a node can dial itself', async () => {
  const self = await openNode()
  const near = await self.dial(self.endpoint.address)
  await until('it is accepted', () => self.accepted.length === 1)
  await assertAlive(near, self.accepted[0]!)
  await assertAlive(self.accepted[0]!, near)
})

test.run()

import { assert, suite } from '../../../../support/harness.ts'
import { forwarder } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, openNode } from './support.ts'

const test = suite('quic idle')

test('silence ends a connection on both sides', async () => {
  const [left, right] = [await openNode({ idleTimeoutMs: 300 }), await openNode()]
  const wire = await forwarder(right.endpoint.address)
  const near = await left.dial(wire.address)
  await until('it is accepted', () => right.accepted.length === 1)
  const far = right.accepted[0]!
  await assertAlive(near, far)
  wire.cut = true
  await until('both sides notice', () => near.closes.length === 1 && far.closes.length === 1)
  assert.is(near.closes[0]?.by, 'idle')
  assert.is(far.closes[0]?.by, 'idle')
  assert.is(near.connection.closed, true)
})

test('without keepalive a quiet connection ends', async () => {
  const options = { idleTimeoutMs: 300, keepAliveMs: 0 }
  const [left, right] = [await openNode(options), await openNode(options)]
  const near = await left.dial(right.endpoint.address)
  await until('it ends', () => near.closes.length === 1)
  assert.is(near.closes[0]?.by, 'idle')
})

test('keepalive holds a quiet connection', async () => {
  const options = { idleTimeoutMs: 600 }
  const [left, right] = [await openNode(options), await openNode(options)]
  const wire = await forwarder(right.endpoint.address)
  const near = await left.dial(wire.address)
  await until('it is accepted', () => right.accepted.length === 1)
  // Two pings and their answers per interval, three intervals per idle time: two idle times.
  const quietAt = wire.seen.length
  await until('keepalives pass', () => wire.seen.length - quietAt >= 24)
  assert.is(near.closes.length, 0)
  await assertAlive(near, right.accepted[0]!)
})

test.run()

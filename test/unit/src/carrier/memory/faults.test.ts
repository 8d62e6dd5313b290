import { assert, suite } from '../../../../support/harness.ts'
import { scene } from './support.ts'

const test = suite('memory carrier faults')
const idleTimeoutMs = 30_000

test('a partition holds bytes back, healing brings them', async () => {
  const { network, until, pass, connect } = scene(1)
  const { near, far } = await connect()
  network.setDelay(1, 10)
  network.partition([['a'], ['b']])
  near.open('uni').write(new Uint8Array(100))
  far.open('uni').write(new Uint8Array(200))
  await pass(15_000)
  assert.is(near.incoming.length + far.incoming.length, 0)
  assert.is(near.closes.length + far.closes.length, 0)
  network.heal()
  await until('both arrived', () => {
    return far.incoming[0]?.received === 100 && near.incoming[0]?.received === 200
  })
  await pass(5 * idleTimeoutMs)
  assert.is(near.closes.length + far.closes.length, 0, 'a healed connection lives on')
})

test('bytes in flight when the link is cut are sent again', async () => {
  const { network, until, pass, connect } = scene(1)
  const { near, far } = await connect()
  network.setDelay(50, 50)
  near.open('uni').write(new Uint8Array(100))
  await pass(20)
  network.partition([['a'], ['b']])
  await pass(1000)
  assert.is(far.incoming.length, 0)
  network.heal()
  await until('they arrived', () => far.incoming[0]?.received === 100)
})

test('a lasting partition ends both sides, each on its own', async () => {
  const { world, network, until, connect } = scene(1)
  const { near, far } = await connect()
  network.partition([['a'], ['b']])
  const endedMs: number[] = []
  for (const end of [near, far]) {
    await until('a side gives up', () => end.closes.length === 1)
    assert.is(end.closes[0]?.by, 'idle')
    endedMs.push(world.nowMs)
  }
  assert.ok(world.nowMs <= idleTimeoutMs && world.nowMs >= (idleTimeoutMs * 2) / 3)
  assert.is(near.connection.openStream('bidi'), undefined)
})

test('hosts that no group names stay together', async () => {
  const { network, dial, open, until } = scene(1)
  const [c, d, e] = [await open('c'), await open('d'), await open('e')]
  network.partition([['c']])
  const near = await dial(d, e.endpoint.address)
  near.open('uni').write(new Uint8Array(1))
  await until('it is there', () => e.accepted[0]?.incoming[0]?.received === 1)
  let answered = false
  c.endpoint.dial(d.endpoint.address, 1000).then((result) => {
    answered = result.tag === 'error' && result.reason === 'timeout'
  })
  await until('the other side is out of reach', () => answered)
})

test('one direction cut: the deaf side goes first, the other hears it no more', async () => {
  const { world, network, until, connect } = scene(2)
  const { near, far } = await connect()
  network.blockOneWay('a', 'b')
  far.open('uni').write(new Uint8Array(7))
  await until('the open direction works', () => near.incoming[0]?.received === 7)
  await until('the deaf side gives up', () => far.closes.length === 1)
  const farMs = world.nowMs
  assert.is(near.closes.length, 0)
  await until('the other follows', () => near.closes.length === 1)
  assert.is(near.closes[0]?.by, 'idle')
  assert.ok(world.nowMs - farMs >= (idleTimeoutMs * 2) / 3)
})

test('a close that is lost is learnt by silence', async () => {
  const { network, until, pass, connect } = scene(1)
  const { near, far } = await connect()
  network.partition([['a'], ['b']])
  near.close(3, 'unheard')
  await pass(1)
  network.heal()
  await until('the peer gives up', () => far.closes.length === 1)
  assert.is(near.closes[0]?.by, 'local')
  assert.is(far.closes[0]?.by, 'idle')
})

test('total loss is silence', async () => {
  const { network, until, connect } = scene(1)
  const { near, far } = await connect()
  network.setLoss(1)
  await until('both give up', () => near.closes.length + far.closes.length === 2)
})

test('a crashed endpoint says nothing and hears nothing', async () => {
  const { network, until, pass, connect, open, dial } = scene(1)
  const { a, b, near, far } = await connect()
  far.open('uni').write(new Uint8Array(1))
  assert.is(network.crash(b.endpoint.address), true)
  assert.is(network.crash(b.endpoint.address), false, 'it is gone')
  await until('the survivor notices', () => near.closes.length === 1)
  assert.is(near.closes[0]?.by, 'idle')
  await pass(10 * idleTimeoutMs)
  assert.is(far.closes.length, 0)
  assert.is(far.connection.openStream('uni'), undefined)
  far.close(1, 'from beyond')
  const again = await open('b')
  await dial(a, again.endpoint.address)
  await until('a restarted node is reached', () => again.accepted.length === 1)
})

test('a silent dialer does not hold a half-open place for ever', async () => {
  const { network, until, pass, open, dial } = scene(1, { halfOpenMax: 1 })
  const [a, b, c] = [await open('a'), await open('b'), await open('c')]
  network.setDelay(10, 10)
  let failed = ''
  a.endpoint.dial(b.endpoint.address, 60_000).then((result) => {
    failed = result.tag === 'error' ? result.reason : 'connected'
  })
  await pass(15)
  network.crash(a.endpoint.address)
  let turned = ''
  c.endpoint.dial(b.endpoint.address, 1000).then((result) => {
    turned = result.tag === 'error' ? result.reason : 'connected'
  })
  await until('the place is taken', () => turned !== '')
  assert.is(turned, 'timeout')
  await dial(c, b.endpoint.address)
  await until('the place is free again', () => b.accepted.length === 1)
  assert.is(failed, '', 'a crashed dialer is not answered')
})

test('a dial waits for a node that is not up yet', async () => {
  const { until, pass, open, dial } = scene(1)
  const a = await open('a')
  const dialling = dial(a, { host: 'late', port: 1 })
  await pass(500)
  const late = await open('late')
  await until('it is accepted', () => late.accepted.length === 1)
  const near = await dialling
  assert.is(near.connection.closed, false)
})

test.run()

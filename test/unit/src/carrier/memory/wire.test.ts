import { simPlatform, World } from '../../../../../runtime/platform/sim.ts'
import { memoryNetwork, type NetworkEvent } from '../../../../../src/carrier/memory/index.ts'
import { Checksum } from '../../../../../src/testing/carrier-witness.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { scene } from './support.ts'

const test = suite('memory carrier wire')

test('without faults nothing takes time', async () => {
  const { world, until, connect } = scene(1)
  const { near, far } = await connect()
  near.open('uni').write(new Uint8Array(10))
  await until('it is there', () => far.incoming[0]?.received === 10)
  assert.is(world.nowMs, 0)
})

test('a delay is the time a message takes', async () => {
  const { world, network, until, connect } = scene(1)
  const { near, far } = await connect()
  network.setDelay(40, 40)
  const startMs = world.nowMs
  near.open('uni').write(new Uint8Array(10))
  await until('it is there', () => far.incoming[0]?.received === 10)
  assert.is(world.nowMs - startMs, 40)
  assert.is(near.connection.statistics().rttMs, 80)
})

test('streams overtake each other, bytes of one stream do not', async () => {
  const { network, until, connect, court } = scene(7)
  const { near, far } = await connect()
  network.setDelay(1, 100)
  const order: number[] = []
  far.onStream = (stream) => {
    let next = 0
    stream.onData = (bytes) => {
      for (const byte of bytes) if (byte !== next++) throw new Error('out of order')
      if (next === 20) order.push(stream.stream.id)
    }
  }
  for (let count = 0; count < 20; count++) {
    const stream = near.open('uni')
    for (let byte = 0; byte < 20; byte++) stream.write(new Uint8Array([byte]))
  }
  await until('all are complete', () => order.length === 20)
  assert.not.equal(
    order,
    [...order].sort((x, y) => x - y),
  )
  court.check()
})

test('loss delays and takes nothing', async () => {
  const { network, until, connect, court } = scene(3)
  const { near, far } = await connect()
  network.setDelay(1, 5)
  network.setLoss(0.3)
  const checksum = new Checksum()
  const stream = near.open('uni')
  let left = 400
  const pour = (): void => {
    while (left > 0) {
      const chunk = new Uint8Array(1000).fill(left--)
      checksum.add(chunk)
      if (!stream.write(chunk)) return
    }
    stream.end()
  }
  stream.onDrain = pour
  pour()
  await until('it ended', () => far.incoming[0]?.ends === 1)
  assert.is(far.incoming[0]?.checksum, checksum.value)
  assert.ok(near.connection.statistics().lostPackets > 10)
  court.check()
})

test('a dial gets through loss', async () => {
  const { network, connect } = scene(4)
  network.setDelay(1, 5)
  network.setLoss(0.6)
  const { near, far } = await connect()
  assert.is(near.connection.closed, false)
  assert.is(far.connection.role, 'acceptor')
})

test('borrowed bytes are overwritten after the callback', async () => {
  const { until, connect } = scene(1)
  const { near, far } = await connect()
  let kept: Uint8Array | undefined
  far.onStream = (stream) => {
    stream.onData = (bytes) => {
      kept = bytes
    }
  }
  const written = Buffer.from([1, 2, 3])
  near.open('uni').write(written)
  await until('it is there', () => kept !== undefined)
  assert.not.equal([...kept!], [1, 2, 3])
  assert.equal([...written], [1, 2, 3], 'the copy of the writer is untouched')
})

test('what was carried is counted per connection', async () => {
  const { network, until, connect } = scene(1)
  const { near, far } = await connect()
  near.open('uni').write(new Uint8Array(1234))
  await until('it is there', () => far.incoming[0]?.received === 1234)
  const [sender] = network.traffic().filter(({ from }) => from === 'a:1')
  assert.is(sender?.bytes, 1234)
  assert.is(sender?.to, 'b:1')
  assert.ok(sender !== undefined && sender.packets >= 3, 'handshake and data')
})

test('an address is taken until it is closed', async () => {
  const { network, open, pass, world } = scene(1)
  const first = await open('a', 5)
  const env = {
    platform: simPlatform(world),
    tls: { certPem: '', keyPem: '', certDer: new Uint8Array(1) },
    onConnection: () => undefined,
  }
  const second = await network.carrier({ host: 'a', port: 5 }).open(env)
  assert.is(second.tag === 'error' ? second.reason : second.tag, 'address')
  const closing = first.endpoint.close(0)
  await pass(1)
  await closing
  const third = await network.carrier({ host: 'a', port: 5 }).open(env)
  assert.is(third.tag, 'ok')
  const free = await network.carrier({ host: 'a', port: 0 }).open(env)
  assert.ok(free.tag === 'ok' && free.endpoint.address.port > 0)
})

test('bad options are refused by name', () => {
  const platform = simPlatform(new World(1))
  for (const field of ['idleTimeoutMs', 'windowBytes', 'streamsMax', 'connectionsMax'] as const) {
    for (const value of [0, -1, 1.5, Number.NaN]) {
      assert.throws(
        () => memoryNetwork({ platform, [field]: value }),
        (error: unknown) => error instanceof TypeError && error.message.includes(`${field} `),
      )
    }
  }
  const network = memoryNetwork({ platform })
  assert.throws(() => network.setLoss(1.1), /loss/)
  assert.throws(() => network.setLoss(Number.NaN), /loss/)
  assert.throws(() => network.setDelay(5, 1), /minMs/)
  assert.throws(() => network.setDelay(-1, 1), /minMs/)
})

async function traceOf(seed: number): Promise<readonly string[]> {
  const events: NetworkEvent[] = []
  const { network, until, connect, pass } = scene(seed)
  network.onEvent = (event) => events.push(event)
  network.setDelay(1, 50)
  network.setLoss(0.2)
  const { near, far } = await connect()
  for (let count = 0; count < 5; count++) near.open('bidi').write(new Uint8Array(30_000))
  await pass(30)
  network.partition([['a'], ['b']])
  await pass(2000)
  network.heal()
  await until('all arrived', () => far.incoming.every((stream) => stream.received === 30_000))
  near.close(1, 'done')
  await pass(100_000)
  return events.map((event) => JSON.stringify(event))
}

test('one seed, one trace', async () => {
  const [first, again, other] = [await traceOf(5), await traceOf(5), await traceOf(6)]
  assert.equal(first, again)
  assert.not.equal(first, other)
  for (const tag of ['sent', 'lost', 'held', 'arrived']) {
    assert.ok(
      first.some((line) => line.includes(`"tag":"${tag}"`)),
      `${tag} was seen`,
    )
  }
})

test.run()

import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'
import { type Forwarder, forwarder, silentPort, udpSocket } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, openNode } from './support.ts'

const test = suite('quic hostile input')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Junk of one kind, made from what was seen on the wire. */
type Junk = (wire: Forwarder, random: ReturnType<typeof seededRandom>) => Uint8Array

const anyOf = <T>(list: readonly T[], unit: number): T => list[Math.floor(unit * list.length)]!
const realOne = (wire: Forwarder, unit: number): Buffer =>
  Buffer.from(
    anyOf(
      wire.seen.filter(({ up }) => up).map(({ datagram }) => datagram),
      unit,
    ),
  )

const initialOf = (size: number, random: ReturnType<typeof seededRandom>): Uint8Array => {
  const datagram = random.bytes(size)
  datagram.set([0xc3, 0, 0, 0, 1, 8])
  datagram.set([8], 14)
  datagram.set([0], 23)
  return datagram
}

const junk: Readonly<Record<string, Junk>> = {
  random: (_wire, random) => random.bytes(Math.floor(random.unit() * 1500)),
  empty: () => new Uint8Array(0),
  truncated: (wire, random) => {
    const real = realOne(wire, random.unit())
    return real.subarray(0, Math.floor(random.unit() * real.length))
  },
  'bit-flipped': (wire, random) => {
    const real = realOne(wire, random.unit())
    const at = Math.floor(random.unit() * real.length)
    real[at] = real[at]! ^ (1 << Math.floor(random.unit() * 8))
    return real
  },
  replayed: (wire, random) => realOne(wire, random.unit()),
  'own id, garbage after': (wire, random) => {
    const real = realOne(wire, random.unit())
    real.set(random.bytes(Math.max(real.length - 24, 0)), Math.min(real.length, 24))
    return real
  },
  'small Initials': (_wire, random) => initialOf(100 + Math.floor(random.unit() * 1000), random),
  'large Initials': (_wire, random) => initialOf(1200 + Math.floor(random.unit() * 200), random),
  'other versions': (_wire, random) => {
    const datagram = initialOf(1300, random)
    datagram.set(random.bytes(4), 1)
    return datagram
  },
}

for (const [kind, make] of Object.entries(junk)) {
  test(`a live connection survives ${kind} datagrams`, async () => {
    useSeed(kind.length)
    const random = seededRandom(kind.length)
    const [left, right] = [await openNode(), await openNode()]
    const wire = await forwarder(right.endpoint.address)
    const near = await left.dial(wire.address)
    await until('it is accepted', () => right.accepted.length === 1)
    const far = right.accepted[0]!
    await assertAlive(near, far)
    const stranger = await udpSocket()
    const { host, port } = right.endpoint.address
    for (let count = 0; count < 1500; count++) {
      const datagram = make(wire, random)
      // From the peer's own address, and from a stranger's.
      if (count % 2 === 0) wire.inject(datagram)
      else stranger.send(datagram, port, host)
      if (count % 50 === 49) await turn()
    }
    await assertAlive(near, far)
    await assertAlive(far, near)
    await left.dial(right.endpoint.address)
    await until('new connections are accepted', () => right.accepted.length === 2)
    assert.is(near.closes.length, 0)
  })
}

test('a half-open connection gives way to one that has proved its address', async () => {
  const [silent, honest] = [await openNode(), await openNode()]
  const right = await openNode({ halfOpenMax: 1, handshakeTimeoutMs: 60_000 })
  const wire = await forwarder(right.endpoint.address)
  wire.down.cut = true
  const lost = silent.endpoint.dial(wire.address, 60_000)
  await until('the acceptor answers into the void', () => wire.seen.some(({ up }) => !up))
  await honest.dial(right.endpoint.address)
  await until('the honest one is accepted', () => right.accepted.length === 1)
  await silent.endpoint.close(0)
  const result = await lost
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'closed')
})

test('a handshake has a deadline, after which its place is free', async () => {
  const [silent, honest] = [await openNode(), await openNode()]
  const right = await openNode({ connectionsMax: 1, handshakeTimeoutMs: 1000 })
  const wire = await forwarder(right.endpoint.address)
  wire.down.cut = true
  const lost = silent.endpoint.dial(wire.address, 60_000)
  await until('the acceptor answers into the void', () => wire.seen.some(({ up }) => !up))
  wire.up.cut = true
  const turned = await honest.endpoint.dial(right.endpoint.address, 200)
  assert.is(turned.tag === 'error' ? turned.reason : turned.tag, 'timeout')
  await honest.dial(right.endpoint.address)
  await until('it is accepted after the deadline', () => right.accepted.length === 1)
  await silent.endpoint.close(0)
  const result = await lost
  assert.is(result.tag === 'error' ? result.reason : result.tag, 'closed')
})

test('under pressure a dialer proves its address, and is let in', async () => {
  const [silent, honest] = [await openNode(), await openNode()]
  const right = await openNode({ halfOpenMax: 4, handshakeTimeoutMs: 60_000 })
  const wire = await forwarder(right.endpoint.address)
  wire.down.cut = true
  const lost = silent.endpoint.dial(wire.address, 60_000)
  await until('the acceptor answers into the void', () => wire.seen.some(({ up }) => !up))
  const second = await forwarder(right.endpoint.address)
  const near = await honest.dial(second.address)
  await until('it is accepted', () => right.accepted.length === 1)
  const isRetry = ({ up, datagram }: { up: boolean; datagram: Buffer }): boolean =>
    !up && (datagram[0]! & 0xf0) === 0xf0
  assert.is(second.seen.filter(isRetry).length, 1, 'it was asked to come again, once')
  await assertAlive(near, right.accepted[0]!)
  await assertAlive(right.accepted[0]!, near)
  near.close(6, 'done')
  await until('the close is heard', () => right.accepted[0]?.closes[0]?.code === 6)
  // What proved an address once proves nothing from another.
  const stranger = await udpSocket()
  const before = right.accepted.length
  for (const { up, datagram } of second.seen) {
    if (up) stranger.send(datagram, right.endpoint.address.port, '127.0.0.1')
  }
  await honest.dial(right.endpoint.address)
  await until('the next one is accepted', () => right.accepted.length > before)
  assert.is(right.accepted.length, before + 1)
  await silent.endpoint.close(0)
  await lost
})

test('connections are capped on both sides', async () => {
  const [left, other] = [await openNode({ connectionsMax: 1 }), await openNode()]
  const right = await openNode({ connectionsMax: 1 })
  await left.dial(right.endpoint.address)
  const more = await left.endpoint.dial(right.endpoint.address, 1000)
  assert.is(more.tag === 'error' ? more.reason : more.tag, 'limit')
  const refused = await other.endpoint.dial(right.endpoint.address, 300)
  assert.is(refused.tag === 'error' ? refused.reason : refused.tag, 'timeout')
  assert.is(right.accepted.length, 1)
})

test('many dials to silence leave nothing behind', async () => {
  const { endpoint } = await openNode({ connectionsMax: 20 })
  const nobody = await silentPort()
  for (let round = 0; round < 3; round++) {
    const dials = Array.from({ length: 20 }, () => endpoint.dial(nobody, 50))
    const reasons = (await Promise.all(dials)).map((dial) => dial.tag === 'error' && dial.reason)
    assert.equal([...new Set(reasons)], ['timeout'])
  }
})

test.run()

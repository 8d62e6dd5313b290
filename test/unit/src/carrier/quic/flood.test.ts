import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { limits } from '../../../../../src/limits.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'
import { forwarder, udpSocket } from '../../../../support/udp.ts'
import { turn, until } from '../../../../support/until.ts'
import { assertAlive, type Node, openNode } from './support.ts'

const test = suite('quic floods')
const perTurn = 50
/** Passes a Retry, and not the certificate of the acceptor. */
const retryMaxBytes = 300

const isRetry = (datagram: Buffer): boolean => (datagram[0]! & 0xf0) === 0xf0

type Random = ReturnType<typeof seededRandom>

/** An Initial that nobody can open. */
function garbageInitial(random: Random): Uint8Array {
  const datagram = random.bytes(1200)
  datagram.set([0xc3, 0, 0, 0, 1, 8])
  datagram.set([8], 14)
  datagram.set([0], 23)
  return datagram
}

/** Dials and hears nothing after it has proved its address: a dialer that falls silent. */
async function silentDials(right: Node, count: number, upstreamHost: string): Promise<Node> {
  const silent = await openNode()
  const wire = await forwarder(right.endpoint.address, { upstreamHost, records: false })
  wire.down.datagramMaxBytes = retryMaxBytes
  for (let dials = 0; dials < count; dials++) {
    void silent.endpoint.dial(wire.address, 60_000)
    if (dials % perTurn === perTurn - 1) await turn()
  }
  const answered = (): number => wire.down.counts.tooLarge
  await until('the acceptor answers into the void', () => answered() >= count)
  return silent
}

test(
  '60,000 garbage Initials keep nobody out and cost little memory',
  async () => {
    useSeed(60)
    const random = seededRandom(60)
    const [honest, right] = [await openNode(), await openNode()]
    const stranger = await udpSocket()
    const { host, port } = right.endpoint.address
    const datagrams = Array.from({ length: 100 }, () => garbageInitial(random))
    const rss: number[] = []
    let dialled = 0
    for (let sent = 0; sent < 60_000; sent++) {
      const datagram = datagrams[sent % datagrams.length]!
      datagram.set(random.bytes(8), 6)
      stranger.send(datagram, port, host)
      if (sent % perTurn === perTurn - 1) await turn()
      if (sent % 6000 === 5999) {
        await honest.dial(right.endpoint.address)
        dialled += 1
        rss.push(process.memoryUsage().rss)
      }
    }
    await until('every honest dial was accepted', () => right.accepted.length === dialled)
    const grown = (rss.at(-1)! - rss[0]!) / 1024 / 1024
    assert.ok(grown < 48, `${grown.toFixed(0)} MiB more`)
  },
  { deadlineMs: 60_000 },
)

const places: [string, string][] = [['the address of the honest one', '127.0.0.1']]
// Elsewhere the loopback has one address.
if (process.platform === 'linux') places.push(['an address of their own', '127.0.0.2'])
else test.skip('dialers that fall silent at another address', 'needs 127.0.0.2')

for (const [where, upstreamHost] of places) {
  test(`dialers that fall silent at ${where} keep nobody out`, async () => {
    const right = await openNode({ halfOpenMax: 40, handshakeTimeoutMs: 60_000 })
    const silent = await silentDials(right, 100, upstreamHost)
    const honest = await openNode()
    for (let dials = 1; dials <= 5; dials++) {
      const near = await honest.dial(right.endpoint.address)
      await until('it is accepted', () => right.accepted.length === dials)
      await assertAlive(near, right.accepted[dials - 1]!)
    }
    await silent.endpoint.close(0)
  })
}

test('forged addresses cannot push out a handshake', async () => {
  const right = await openNode({ halfOpenMax: 40, handshakeTimeoutMs: 60_000 })
  const [slow, model] = [await openNode(), await openNode()]
  const wire = await forwarder(right.endpoint.address)
  wire.down.delayMs = 300
  const dialling = slow.dial(wire.address)
  await until('the acceptor has answered', () => wire.seen.some(({ up }) => !up))
  // First packets of real dialers, from addresses that never answer.
  const stranger = await udpSocket()
  const { host, port } = right.endpoint.address
  const nowhere = await forwarder(right.endpoint.address)
  nowhere.up.cut = true
  for (let dials = 0; dials < 200; dials++) void model.endpoint.dial(nowhere.address, 60_000)
  await until('they are made', () => nowhere.seen.length >= 200)
  for (const { datagram } of nowhere.seen) stranger.send(datagram, port, host)
  const near = await dialling
  await until('it is accepted', () => right.accepted.length === 1)
  await assertAlive(near, right.accepted[0]!)
  await model.endpoint.close(0)
})

test('fruitless attempts make dialers prove their address, for a while', async () => {
  const random = seededRandom(3)
  const [honest, right] = [await openNode(), await openNode()]
  const wire = await forwarder(right.endpoint.address)
  /** How often an honest dialer is asked. */
  const asked = async (): Promise<number> => {
    const from = wire.seen.length
    await honest.dial(wire.address)
    return wire.seen.slice(from).filter(({ up, datagram }) => !up && isRetry(datagram)).length
  }
  assert.is(await asked(), 0)
  const stranger = await udpSocket()
  let turnedAway = 0
  stranger.on('message', () => {
    turnedAway += 1
  })
  const { host, port } = right.endpoint.address
  for (let sent = 0; sent < 2 * limits.carrierJunkAttemptsPerSecond; sent++) {
    stranger.send(garbageInitial(random), port, host)
  }
  await until('they are turned away', () => turnedAway > 0)
  assert.is(await asked(), 1)
  let last = 1
  while (last !== 0) last = await asked()
  await until('all of them were let in', () => right.accepted.length >= 3)
})

test.run()

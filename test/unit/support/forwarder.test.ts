import type { Socket } from 'node:dgram'
import type { Address } from '../../../src/carrier/carrier.ts'
import { assert, suite } from '../../support/harness.ts'
import { type Forwarder, forwarder, udpSocket } from '../../support/udp.ts'
import { until } from '../../support/until.ts'

const test = suite('forwarder')

type End = { readonly socket: Socket; readonly got: string[]; readonly ports: number[] }

async function openEnd(): Promise<End> {
  const socket = await udpSocket()
  const end: End = { socket, got: [], ports: [] }
  socket.on('message', (datagram, from) => {
    end.got.push(String(datagram))
    end.ports.push(from.port)
  })
  return end
}

const addressOf = ({ socket }: End): Address => ({ host: '127.0.0.1', port: socket.address().port })

function say(end: End, wire: Forwarder, text: string): void {
  end.socket.send(text, wire.address.port, wire.address.host)
}

test('it passes both ways and keeps dialers apart', async () => {
  const [target, one, two] = [await openEnd(), await openEnd(), await openEnd()]
  const wire = await forwarder(addressOf(target))
  say(one, wire, 'one')
  say(two, wire, 'two')
  await until('both arrive', () => target.got.length === 2)
  assert.is(new Set(target.ports).size, 2)
  target.got.forEach((text, index) => {
    target.socket.send(`for ${text}`, target.ports[index]!, '127.0.0.1')
  })
  await until('both are answered', () => one.got.length === 1 && two.got.length === 1)
  assert.equal([one.got, two.got], [['for one'], ['for two']])
  assert.is(wire.seen.filter(({ up }) => up).length, 2)
})

test('the same share is lost with the same seed', async () => {
  const lostOf = async (seed: number): Promise<number> => {
    const [target, dialer] = [await openEnd(), await openEnd()]
    const wire = await forwarder(addressOf(target), { seed })
    wire.up.loss = 0.3
    for (let count = 0; count < 200; count++) {
      say(dialer, wire, `${count}`)
      await until('it came in', () => wire.seen.length === count + 1)
    }
    const { lost, passed } = wire.up.counts
    await until('the others arrive', () => target.got.length === passed)
    assert.is(lost + passed, 200)
    return lost
  }
  const lost = await lostOf(5)
  assert.ok(lost > 30 && lost < 90, `${lost} of 200`)
  assert.is(await lostOf(5), lost)
})

test('delayed datagrams stay in order; jitter reorders them', async () => {
  const [target, dialer] = [await openEnd(), await openEnd()]
  const wire = await forwarder(addressOf(target))
  wire.up.delayMs = 20
  const sent = Array.from({ length: 50 }, (_, index) => `${index}`)
  for (const text of sent) say(dialer, wire, text)
  await until('all came in', () => wire.seen.length === 50)
  assert.is(target.got.length, 0)
  await until('all arrive', () => target.got.length === 50)
  assert.equal(target.got, sent)
  wire.up.jitterMs = 20
  for (const text of sent) say(dialer, wire, text)
  await until('all arrive again', () => target.got.length === 100)
  assert.not.equal(target.got.slice(50), sent)
  assert.equal(new Set(target.got.slice(50)), new Set(sent))
})

test('duplication, a size limit and a cut', async () => {
  const [target, dialer] = [await openEnd(), await openEnd()]
  const wire = await forwarder(addressOf(target))
  wire.up.duplication = 1
  say(dialer, wire, 'twice')
  await until('it arrives twice', () => target.got.length === 2)
  wire.up.duplication = 0
  wire.up.datagramMaxBytes = 100
  say(dialer, wire, 'x'.repeat(101))
  say(dialer, wire, 'y'.repeat(100))
  await until('the small one arrives', () => target.got.length === 3)
  assert.is(target.got[2]?.[0], 'y')
  assert.is(wire.up.counts.tooLarge, 1)
  wire.up.cut = true
  say(dialer, wire, 'cut')
  await until('it came in', () => wire.up.counts.cut === 1)
  target.socket.send('answer', target.ports[0]!, '127.0.0.1')
  await until('the other way is open', () => dialer.got.length === 1)
  assert.is(target.got.length, 3)
})

test('a rebind changes the port the target sees, and its old one is dead', async () => {
  const [target, dialer] = [await openEnd(), await openEnd()]
  const wire = await forwarder(addressOf(target))
  say(dialer, wire, 'before')
  await until('it arrives', () => target.got.length === 1)
  await wire.rebind()
  say(dialer, wire, 'after')
  await until('the next arrives', () => target.got.length === 2)
  assert.is.not(target.ports[0], target.ports[1])
  assert.equal(wire.upstreamPorts(), [target.ports[1]])
  for (const port of target.ports) target.socket.send(`to ${port}`, port, '127.0.0.1')
  await until('the new one answers', () => dialer.got.length === 1)
  assert.equal(dialer.got, [`to ${target.ports[1]}`])
})

test.run()

import { loadBinding, type NativeConnection } from '../../../../../src/carrier/quic/binding.ts'
import { QuicConnection } from '../../../../../src/carrier/quic/connection.ts'
import { ReadArea } from '../../../../../src/carrier/quic/read-area.ts'
import type { StreamOwner } from '../../../../../src/carrier/quic/stream.ts'
import { Streams } from '../../../../../src/carrier/quic/streams.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { udpSocket } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'
import { assertAlive, joined, openNode, transfer } from './support.ts'

const test = suite('quic binding traps')
const mib = 1024 * 1024

/** A connection of the bare binding that presents no certificate. */
async function bareDialer(): Promise<NativeConnection> {
  const loaded = await loadBinding()
  if (loaded.tag === 'error') throw new Error(loaded.message)
  const { Config, Connection } = loaded.quiche
  const config = Config.withBoringSslCtx(false, true, null, null, null, null)
  config.setApplicationProtos(['skein/1'])
  const end = { host: '127.0.0.1', port: 9 }
  return Connection.connect(null, new Uint8Array(8).fill(7), end, end, config)
}

test('small windows move much data without a flow control error', async () => {
  const options = { streamWindowBytes: 64 * 1024, connectionWindowBytes: 128 * 1024 }
  const { near, far } = await joined(await openNode(options), await openNode(options), {
    records: false,
  })
  const transfers = [0, 1].flatMap(() => [
    transfer(near, far, 24 * mib),
    transfer(far, near, 24 * mib),
  ])
  await until('all arrive', () => transfers.every(({ done }) => done()))
  for (const { check } of transfers) check()
  assert.is(near.closes.length + far.closes.length, 0)
})

test('streams larger than every window end, and give their credit back', async () => {
  const options = { streamsMax: 2, streamWindowBytes: 4096, connectionWindowBytes: 8192 }
  const { near, far } = await joined(await openNode(options), await openNode(options))
  for (let count = 0; count < 20; count++) {
    const sent = transfer(near, far, 20_000)
    await until('it ends', () => sent.done())
    sent.check()
  }
})

test('every connection id this carrier chooses has 8 bytes', async () => {
  const { wire } = await joined(await openNode(), await openNode())
  const long = wire.seen.map(({ datagram }) => datagram).filter((datagram) => datagram[0]! >= 0xc0)
  assert.ok(long.length >= 3)
  for (const datagram of long) {
    const dcidLength = datagram[5]!
    const scidLength = datagram[6 + dcidLength]
    assert.is(scidLength, 8)
    // The first one, of the dialer's choice, is quiche's.
    if (datagram !== long[0]) assert.ok(dcidLength === 8 || dcidLength === long[0]![5])
  }
})

test('what was written before a close arrives before it', async () => {
  const { near, far } = await joined(await openNode(), await openNode())
  const met = far.incoming.length
  const stream = near.open('uni')
  stream.write(new Uint8Array(3000))
  stream.end()
  near.close(9, 'done')
  await until('the close is heard', () => far.closes.length === 1)
  assert.is(far.incoming[met]?.received, 3000)
  assert.is(far.incoming[met]?.ends, 1)
  assert.equal(far.closes, [{ by: 'peer', code: 9, reason: 'done' }])
})

test('the code of a stop is not lost when something is written as it comes', async () => {
  const { near, far } = await joined(await openNode(), await openNode())
  const { connection } = near
  if (!(connection instanceof QuicConnection)) throw new Error('not of this carrier')
  const other = near.open('bidi')
  const receive = connection.receive.bind(connection)
  let received = 0
  connection.receive = (...datagram) => {
    const taken = receive(...datagram)
    received += 1
    // As a timer does that fires before the connection is driven.
    other.write(new Uint8Array(1))
    connection.flushWrites()
    return taken
  }
  // On a busy machine the peer's next datagrams come before that.
  const drive = connection.drive.bind(connection)
  let busy = false
  connection.drive = () => {
    if (!busy) drive()
  }
  for (let code = 200; code < 220; code++) {
    const stopped = near.open('uni')
    const met = far.incoming.length
    stopped.write(new Uint8Array(10))
    await until('it is met', () => far.incoming.length > met)
    busy = true
    const before = received
    far.incoming.find(({ stream }) => stream.id === stopped.stream.id)?.reset(code)
    // The stop, what acknowledges our answer to it, and one more.
    await until('they are here', () => received >= before + 3)
    busy = false
    connection.drive()
    await until('the sender is told', () => stopped.resets.length === 1)
    assert.equal(stopped.resets, [code])
  }
})

test('quiche is not asked for readable streams when there are none', async () => {
  const real = await bareDialer()
  const asked: string[] = []
  const native = new Proxy(real, {
    get(target, name) {
      asked.push(String(name))
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
  const nothing = (): void => undefined
  const owner: StreamOwner = {
    native,
    wantsWrite: nothing,
    wantsRead: nothing,
    wantsFlush: nothing,
    changed: nothing,
  }
  const streams = new Streams(owner, 'dialer')
  for (let turns = 0; turns < 10; turns++) {
    streams.read(new ReadArea(100, 10), nothing)
    streams.checkStopped()
    streams.pump(new Uint8Array(100))
  }
  assert.equal([...new Set(asked)], ['isReadable'])
})

test('a dialer without a certificate believes itself connected and is never accepted', async () => {
  const right = await openNode()
  const native = await bareDialer()
  const socket = await udpSocket()
  const { host, port } = right.endpoint.address
  const here = { host: '127.0.0.1', port: 9 }
  const out = Buffer.alloc(1500)
  const flush = (): void => {
    for (let packet = native.send(out); packet !== null; packet = native.send(out)) {
      socket.send(Buffer.from(out.subarray(0, packet[0])), port, host)
    }
  }
  let believed = false
  socket.on('message', (datagram) => {
    native.recv(datagram, { from: here, to: here })
    believed ||= native.isEstablished()
    flush()
  })
  flush()
  await until('it is refused', () => native.peerError() !== null)
  assert.is(believed, true)
  assert.is(native.peerError()?.errorCode, 0x174)
  assert.is(right.accepted.length, 0)
  const honest = await openNode()
  const near = await honest.dial(right.endpoint.address)
  await until('others are accepted', () => right.accepted.length === 1)
  await assertAlive(near, right.accepted[0]!)
})

test.run()

import { bindSocket, DatagramSocket } from '../../../../../src/carrier/quic/socket.ts'
import { assert, cleanup, suite } from '../../../../support/harness.ts'
import { udpSocket } from '../../../../support/udp.ts'
import { until } from '../../../../support/until.ts'

const test = suite('quic socket')

async function bound(): Promise<DatagramSocket> {
  const result = await bindSocket('127.0.0.1', 0, () => undefined)
  if (result.tag === 'error') throw new Error(result.message)
  cleanup(() => result.socket.close())
  return result.socket
}

test('a packet is on its way before the next is built in the same buffer', async () => {
  const socket = await bound()
  const peer = await udpSocket()
  peer.setRecvBufferSize(4 * 1024 * 1024)
  const got: number[] = []
  peer.on('message', (datagram) => {
    // Overwritten before it left, a datagram would be that of a later number, or a mixture.
    assert.ok(datagram.every((byte) => byte === datagram[0]))
    got.push(datagram[0]!)
  })
  const { port } = peer.address()
  for (let count = 0; count < 200; count++) {
    socket.out.fill(count, 0, 1200)
    socket.send(1200, '127.0.0.1', port)
  }
  await until('all arrive', () => got.length === 200)
  assert.equal(
    got,
    Array.from({ length: 200 }, (_, count) => count),
  )
})

test('a buffer the kernel did not take at once is left alone', async () => {
  const raw = await udpSocket()
  const socket = new DatagramSocket(raw, 4)
  const before = socket.out
  // What a full kernel leaves behind.
  raw.getSendQueueCount = () => 1
  const view = socket.view(1200)
  socket.send(10, '127.0.0.1', raw.address().port)
  assert.is.not(socket.out, before)
  assert.is.not(socket.view(1200).buffer, view.buffer)
  raw.getSendQueueCount = () => 0
  const after = socket.out
  socket.send(10, '127.0.0.1', raw.address().port)
  assert.is(socket.out, after)
})

test('views are the beginning of the buffer, and few are kept', async () => {
  const socket = await bound()
  for (let size = 1200; size < 1400; size++) {
    const view = socket.view(size)
    assert.is(view.length, size)
    assert.is(view.buffer, socket.out.buffer)
    assert.is(view.byteOffset, socket.out.byteOffset)
  }
  assert.is(socket.view(1399), socket.view(1399))
})

test.run()

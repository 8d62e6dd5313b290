import { seededRandom } from '../../../../../runtime/platform/sim.ts'
import { keyOf, routingKey } from '../../../../../src/carrier/quic/packet.ts'
import { assert, suite, useSeed } from '../../../../support/harness.ts'

const test = suite('quic packet routing')
const id = Uint8Array.from([1, 2, 3, 4, 250, 251, 252, 253])

test('a short header is routed by its eight bytes', () => {
  assert.is(routingKey(Buffer.from([0x40, ...id, 9, 9])), keyOf(id))
})

test('a long header is routed by the length it states', () => {
  const head = [0xc0, 0, 0, 0, 1]
  assert.is(routingKey(Buffer.from([...head, 8, ...id, 0, 0])), keyOf(id))
  assert.is(routingKey(Buffer.from([...head, 3, 1, 2, 3, 0])), keyOf(id.subarray(0, 3)))
})

test('ids longer than RFC 9000 allows or than the datagram have no route', () => {
  const head = [0xc0, 0, 0, 0, 1]
  assert.is(routingKey(Buffer.from([...head, 21, ...new Uint8Array(30)])), undefined)
  assert.is(routingKey(Buffer.from([...head, 20, ...new Uint8Array(19)])), undefined)
  assert.is(routingKey(Buffer.alloc(0)), undefined)
  assert.is(routingKey(Buffer.alloc(8)), undefined)
})

test('random bytes never throw', () => {
  useSeed(3)
  const random = seededRandom(3)
  let routed = 0
  for (let i = 0; i < 20_000; i++) {
    const datagram = Buffer.from(random.bytes(Math.floor(random.unit() * 40)))
    const key = routingKey(datagram)
    if (key === undefined) continue
    routed += 1
    assert.ok(key.length <= 20)
  }
  assert.ok(routed > 1000)
})

test.run()

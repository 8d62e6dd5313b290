import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { WriteQueue } from '../../../../src/carrier/write-queue.ts'
import { assert, suite, useSeed } from '../../../support/harness.ts'

const test = suite('carrier write queue')

test('an empty queue has an empty head', () => {
  const queue = new WriteQueue()
  queue.push(new Uint8Array(0))
  assert.is(queue.bytes, 0)
  assert.is(queue.head(new Uint8Array(16)).length, 0)
})

test('a large chunk is handed on without a copy', () => {
  const queue = new WriteQueue()
  const chunk = new Uint8Array(10_000)
  queue.push(chunk)
  queue.push(new Uint8Array(1))
  const head = queue.head(new Uint8Array(65_536))
  assert.is(head.buffer, chunk.buffer)
  assert.is(head.length, 10_000)
})

test('small chunks are gathered up to the size of the scratch', () => {
  const queue = new WriteQueue()
  for (let i = 0; i < 10; i++) queue.push(new Uint8Array([i, i]))
  assert.equal([...queue.head(new Uint8Array(5))], [0, 0, 1, 1, 2])
  queue.consume(3)
  assert.equal([...queue.head(new Uint8Array(5))], [1, 2, 2, 3, 3])
  assert.is(queue.bytes, 17)
})

test('clear forgets everything', () => {
  const queue = new WriteQueue()
  queue.push(new Uint8Array(100))
  queue.consume(30)
  queue.clear()
  queue.push(new Uint8Array([5]))
  assert.is(queue.bytes, 1)
  assert.equal([...queue.head(new Uint8Array(9))], [5])
})

test('a chunk whose memory is gone counts as zeros', () => {
  const queue = new WriteQueue()
  const given = Uint8Array.of(1, 2, 3, 4)
  queue.push(given)
  queue.push(Uint8Array.of(5))
  queue.consume(1)
  structuredClone(given, { transfer: [given.buffer] })
  assert.equal([...queue.head(new Uint8Array(9))], [0, 0, 0, 5])
  queue.consume(3)
  assert.equal([queue.bytes, [...queue.head(new Uint8Array(9))]], [1, [5]])
})

test('small chunks are gathered up to a large one, which is not copied', () => {
  const queue = new WriteQueue()
  const large = new Uint8Array(10_000)
  for (const chunk of [Uint8Array.of(1), Uint8Array.of(2), large]) queue.push(chunk)
  assert.equal([...queue.head(new Uint8Array(65_536))], [1, 2])
  queue.consume(2)
  assert.is(queue.head(new Uint8Array(65_536)).buffer, large.buffer)
})

test('what comes out is what went in, however it is taken', () => {
  useSeed(11)
  const random = seededRandom(11)
  const queue = new WriteQueue()
  const scratch = new Uint8Array(65_536)
  let pushed = 0
  let taken = 0
  for (let round = 0; round < 20_000; round++) {
    if (random.unit() < 0.55) {
      const size = Math.floor(random.unit() ** 6 * 9000)
      queue.push(Uint8Array.from({ length: size }, () => pushed++ & 0xff))
    } else if (queue.bytes > 0) {
      const head = queue.head(scratch)
      assert.ok(head.length > 0)
      const count = 1 + Math.floor(random.unit() * head.length)
      for (const byte of head.subarray(0, count)) {
        if (byte !== (taken++ & 0xff)) throw new Error(`byte ${taken - 1} is wrong`)
      }
      queue.consume(count)
    }
    if (queue.bytes !== pushed - taken) throw new Error(`count is wrong in round ${round}`)
  }
  assert.ok(taken > 1_000_000)
})

test.run()

/** Messages cut and put together; and fragments that are missing, doubled, late or never end. */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { Body, fragments, Reassembly } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('fragment')
const piece = limits.distFragmentBytes

function bodyOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31) % 251)
}

/** Each fragment as the body of its frame. */
function cut(id: number, type: number, body: Uint8Array): Buffer[] {
  const cuts = [...fragments(id, type, new Body(body))]
  return cuts.map(({ head, pieces }) => Buffer.concat([head, ...pieces]))
}

function first(id: number, total: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(id, 0)
  head[8] = 1
  head.writeUInt32BE(total, 9)
  return Buffer.concat([head, bytes])
}

function later(id: number, index: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id, 0)
  head.writeUInt32BE(index, 4)
  return Buffer.concat([head, bytes])
}

test('the layout', () => {
  assert.equal(
    cut(0x01020304, 9, bodyOf(2)).map((bytes) => bytes.toString('hex')),
    ['010203040000000009000000020' + '01f'],
  )
})

test('every length around the size of a fragment comes back', () => {
  for (const size of [0, 1, piece - 1, piece, piece + 1, 2 * piece, 5 * piece + 17]) {
    const reassembly = new Reassembly()
    const body = bodyOf(size)
    const parts = cut(7, 42, body)
    assert.is(parts.length, Math.max(1, Math.ceil(size / piece)))
    const results = parts.map((part) => {
      const result = reassembly.push(part)
      part.fill(0xff)
      return result
    })
    assert.ok(results.slice(0, -1).every((result) => result.tag === 'more'))
    assert.equal(results.at(-1), { tag: 'done', type: 42, body })
    assert.is(reassembly.unfinished, 0)
    assert.is(reassembly.chargedBytes, 0)
  }
})

test('messages interleave in any way that keeps the order of each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(4 * piece), { minLength: 1, maxLength: 4 }),
      fc.infiniteStream(fc.nat()),
      (sizes, choices) => {
        const reassembly = new Reassembly()
        const queues = sizes.map((size, id) => cut(id, id, bodyOf(size)))
        const done: number[] = []
        while (queues.some((queue) => queue.length > 0)) {
          const open = queues.filter((queue) => queue.length > 0)
          const part = open[choices.next().value % open.length]!.shift()!
          const result = reassembly.push(part)
          if (result.tag === 'error') return false
          if (result.tag === 'done') {
            assert.equal(result.body, bodyOf(sizes[result.type]!))
            done.push(result.type)
          }
        }
        return done.length === sizes.length && reassembly.chargedBytes === 0
      },
    ),
    { numRuns: 20 },
  )
})

test('a fragment missing, doubled, out of order or of no message is an error', () => {
  const [a, b, c] = cut(5, 1, bodyOf(3 * piece)) as [Buffer, Buffer, Buffer]
  const order = { tag: 'error', reason: 'order', id: 5 }
  const cases: readonly (readonly Buffer[])[] = [[a, c], [a, b, b], [a, a], [b], [a, b, c, c]]
  for (const sequence of cases) {
    const reassembly = new Reassembly()
    const results = sequence.map((part) => reassembly.push(part))
    assert.ok(results.slice(0, -1).every((result) => result.tag !== 'error'))
    assert.equal(results.at(-1), order)
  }
})

test('bytes beyond the declared total are an error', () => {
  const reassembly = new Reassembly()
  assert.equal(reassembly.push(first(1, 2, bodyOf(3))), { tag: 'error', reason: 'overrun', id: 1 })
  assert.equal(reassembly.push(first(2, 4, bodyOf(3))), { tag: 'more' })
  assert.equal(reassembly.push(later(2, 1, bodyOf(2))), { tag: 'error', reason: 'overrun', id: 2 })
})

test('fragments without a header or without bytes are errors', () => {
  const reassembly = new Reassembly()
  for (let size = 0; size < 8; size += 1) {
    assert.equal(reassembly.push(new Uint8Array(size)), {
      tag: 'error',
      reason: 'malformed',
      id: 0,
    })
  }
  const whole = first(3, 9, new Uint8Array(0))
  for (let size = 8; size < 13; size += 1) {
    const result = reassembly.push(whole.subarray(0, size))
    assert.equal(result, { tag: 'error', reason: 'malformed', id: 3 })
  }
  assert.equal(reassembly.push(whole), { tag: 'error', reason: 'malformed', id: 3 })
  reassembly.push(first(4, 9, bodyOf(1)))
  const empty = reassembly.push(later(4, 1, new Uint8Array(0)))
  assert.equal(empty, { tag: 'error', reason: 'malformed', id: 4 })
})

test('declared bytes of unfinished messages are bounded, the memory is what arrived', () => {
  const reassembly = new Reassembly()
  const quarter = limits.distMaxMessageBytes / 4
  for (let id = 0; id < 4; id += 1)
    assert.is(reassembly.push(first(id, quarter, bodyOf(1))).tag, 'more')
  assert.is(reassembly.chargedBytes, limits.distMaxMessageBytes)
  assert.equal(reassembly.push(first(4, 1, bodyOf(1))), { tag: 'error', reason: 'size', id: 4 })
  const alone = new Reassembly()
  const over = first(1, limits.distMaxMessageBytes + 1, bodyOf(1))
  assert.equal(alone.push(over), { tag: 'error', reason: 'size', id: 1 })
})

test('the number of unfinished messages is bounded', () => {
  const reassembly = new Reassembly()
  for (let id = 0; id < limits.distUnfinishedMessagesMax; id += 1) {
    assert.is(reassembly.push(first(id, 2, bodyOf(1))).tag, 'more')
  }
  const id = limits.distUnfinishedMessagesMax
  assert.equal(reassembly.push(first(id, 2, bodyOf(1))), { tag: 'error', reason: 'count', id })
  const finished = reassembly.push(later(0, 1, bodyOf(1)))
  assert.is(finished.tag, 'done')
  assert.is(reassembly.push(first(id, 2, bodyOf(1))).tag, 'more')
})

test('a message that trickles in byte by byte is put together', () => {
  const reassembly = new Reassembly()
  const body = bodyOf(3000)
  assert.is(reassembly.push(first(1, body.length, body.subarray(0, 1))).tag, 'more')
  for (let index = 1; index < body.length - 1; index += 1) {
    assert.is(reassembly.push(later(1, index, body.subarray(index, index + 1))).tag, 'more')
  }
  const end = reassembly.push(later(1, body.length - 1, body.subarray(-1)))
  assert.equal(end, { tag: 'done', type: 1, body })
})

test('what is held grows with what has come, and is whole at once when enough has', () => {
  const reassembly = new Reassembly()
  const total = 64 * 1024 * 1024
  const before = process.memoryUsage().arrayBuffers
  assert.is(reassembly.push(first(1, total, bodyOf(1000))).tag, 'more')
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000, 'declared, not held')
  const part = new Uint8Array(total / 16)
  assert.is(reassembly.push(later(1, 1, part)).tag, 'more')
  const held = process.memoryUsage().arrayBuffers - before
  assert.ok(held > total * 0.9 && held < total * 1.3, `${held} held`)
})

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 24 }), { maxLength: 20 }), (parts) => {
      const reassembly = new Reassembly()
      for (const part of parts) reassembly.push(part)
      return reassembly.chargedBytes <= limits.distMaxMessageBytes
    }),
    { numRuns: 500 },
  )
})

test.run()

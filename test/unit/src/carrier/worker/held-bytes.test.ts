/** Bytes that wait are given back as they came, whatever the pieces were. */
import { HeldBytes } from '../../../../../src/carrier/worker/held-bytes.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('worker carrier: held bytes')

function drained(held: HeldBytes): { bytes: number[]; pieces: number } {
  const bytes: number[] = []
  let pieces = 0
  for (let piece = held.take(); piece !== undefined; piece = held.take()) {
    bytes.push(...piece)
    pieces += 1
  }
  return { bytes, pieces }
}

test('pieces of every size come back in order and joined', () => {
  const held = new HeldBytes()
  const expected: number[] = []
  for (const size of [1, 3, 0, 16_383, 1, 1, 40_000, 7, 16_384, 2]) {
    const piece = Uint8Array.from({ length: size }, (_, at) => (at + size) & 0xff)
    held.append(piece)
    expected.push(...piece)
    piece.fill(0)
  }
  assert.is(held.bytes, expected.length)
  const { bytes, pieces } = drained(held)
  assert.equal(bytes, expected)
  assert.ok(pieces <= 5, `${pieces} pieces`)
  assert.is(held.bytes, 0)
})

test('single bytes share a block', () => {
  const held = new HeldBytes()
  for (let n = 0; n < 20_000; n++) held.append(Uint8Array.of(n))
  assert.is(drained(held).pieces, 2)
})

test('it can be used again after it was emptied, and after it was cleared', () => {
  const held = new HeldBytes()
  held.append(Uint8Array.of(1))
  held.take()
  held.append(Uint8Array.of(2, 3))
  held.clear()
  assert.is(held.bytes, 0)
  held.append(Uint8Array.of(4))
  assert.equal(drained(held).bytes, [4])
})

test.run()

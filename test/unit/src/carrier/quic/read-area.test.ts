import { ReadArea } from '../../../../../src/carrier/quic/read-area.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('quic read area')

test('what was kept is not read into again; the rest of its memory is', () => {
  const area = new ReadArea(100, 20)
  const { buffer } = area.bytes
  area.bytes.set([1, 2, 3])
  const kept = area.bytes.subarray(0, 3)
  area.keep(3)
  assert.is(area.bytes.buffer, buffer)
  assert.is(area.bytes.length, 97)
  area.bytes.fill(9)
  assert.equal([...kept], [1, 2, 3])
})

test('a rest too small to read into is given up, with nothing of it shared', () => {
  const area = new ReadArea(100, 20)
  const { buffer } = area.bytes
  area.keep(80)
  assert.is(area.bytes.length, 20)
  area.keep(1)
  assert.is.not(area.bytes.buffer, buffer)
  assert.is(area.bytes.length, 100)
})

test('nothing kept: the same bytes serve again', () => {
  const area = new ReadArea(100, 20)
  assert.is(area.bytes, area.bytes)
  area.keep(100)
  assert.is(area.bytes.length, 100)
})

test.run()

/** Medians and spreads of a few rounds. */
import { median, spread } from '../../bench/median.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench median')

test('the middle of an odd number, the mean of the middle two of an even one', () => {
  assert.is(median([7]), 7)
  assert.is(median([30, 10, 20]), 20)
  assert.is(median([4, 1, 3, 2]), 2.5)
})

test('numbers are ordered as numbers', () => {
  assert.is(median([100, 9, 20]), 20)
})

test('the rounds stay as they were', () => {
  const values = [3, 1, 2]
  median(values)
  assert.equal(values, [3, 1, 2])
})

test('no rounds have no median', () => {
  assert.throws(() => median([]), /no values/)
})

test('the spread is relative to the median', () => {
  assert.is(spread([10, 10, 10]), 0)
  assert.is(spread([8, 10, 13]), 0.5)
})

test.run()

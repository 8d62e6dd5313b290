/** Medians, spreads and quantiles. */
import { median, quantile, spread } from '../../bench/median.ts'
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

test('rounds that agree have no spread, whatever they agree on', () => {
  assert.is(spread([0, 0]), 0)
  assert.is(spread([-2]), 0)
  assert.is(spread([-1, -2, -3]), 1)
})

test('a quantile is a value that was seen, by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
  assert.is(quantile(hundred, 0.99), 99)
  assert.is(quantile(hundred, 0.5), 50)
  assert.is(quantile(hundred, 1), 100)
  assert.is(quantile([7], 0.99), 7)
  assert.is(quantile([1, 2], 0.51), 2)
})

test('a share that is none is refused', () => {
  assert.throws(() => quantile([], 0.5), /no values/)
  for (const q of [0, 1.01, Number.NaN]) assert.throws(() => quantile([1], q), /expected a share/)
})

test.run()

import { Budget } from '../../../../../src/carrier/quic/budget.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('budget')

test('a second of it at once, then so many per second', () => {
  const budget = new Budget(10)
  const taken = (nowMs: number): number => {
    let count = 0
    while (budget.take(nowMs)) count += 1
    return count
  }
  assert.is(taken(5000), 10)
  assert.is(budget.has(5000), false)
  assert.is(taken(5099), 0)
  assert.is(taken(5100), 1)
  assert.is(taken(5600), 5)
  assert.is(taken(1_000_000), 10)
})

test('looking takes nothing', () => {
  const budget = new Budget(1)
  for (let count = 0; count < 5; count++) assert.is(budget.has(count), true)
  assert.is(budget.take(5), true)
  assert.is(budget.take(5), false)
})

test.run()

import { AddressBudget } from '../../../../src/dist/address-budget.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('address budget')

const max = limits.authAttemptsPerAddressMax
const perSecond = limits.authAttemptsForgivenPerSecond

/** How many connections of `count` at `nowMs` get a place. */
function taken(budget: AddressBudget, host: string, count: number, nowMs: number): number {
  let got = 0
  for (let n = 0; n < count; n++) if (budget.take(host, nowMs)) got++
  return got
}

test('an address has so many places and no more; others have theirs', () => {
  const budget = new AddressBudget()
  assert.is(taken(budget, '10.0.0.1', 10_000, 0), max)
  assert.is(taken(budget, '10.0.0.2', 1, 0), 1)
  assert.is(taken(budget, '10.0.0.1', 1, 0), 0)
})

test('places come back with time, at the named rate, and never more than there are', () => {
  const budget = new AddressBudget()
  taken(budget, 'h', max, 0)
  assert.is(taken(budget, 'h', 10_000, 1_000), perSecond)
  assert.is(taken(budget, 'h', 10_000, 3_000), 2 * perSecond)
  assert.is(taken(budget, 'h', 10_000, 3_600_000), max)
})

test('a thousand attempts a second for a minute get what the rate allows', () => {
  const budget = new AddressBudget()
  let got = 0
  for (let ms = 0; ms < 60_000; ms++) got += taken(budget, 'h', 1, ms)
  const allowed = max + 60 * perSecond
  assert.ok(got <= allowed && got >= allowed - 1, `${got} of ${allowed}`)
})

test('those that prove themselves cost nothing, and leave nothing behind', () => {
  const budget = new AddressBudget()
  for (let n = 0; n < 10 * max; n++) {
    assert.ok(budget.take('h', 0))
    budget.giveBack('h', 0)
  }
  assert.is(budget.size, 0)
})

test('asking takes nothing', () => {
  const budget = new AddressBudget()
  for (let n = 0; n < 2 * max; n++) assert.ok(budget.has('h', 0))
  assert.is(budget.size, 0)
  taken(budget, 'h', max, 0)
  assert.not(budget.has('h', 0))
  assert.ok(budget.has('h', 1_000))
})

test('the first refusal is told apart, again after the address has recovered', () => {
  const budget = new AddressBudget()
  taken(budget, 'h', max, 0)
  assert.equal([budget.refuse('h'), budget.refuse('h')], [true, false])
  taken(budget, 'h', 1, 1_000)
  assert.not(budget.refuse('h'), 'still near its limit')
  taken(budget, 'h', max, 3_600_000)
  assert.ok(budget.refuse('h'))
})

test('the table is bounded: who failed first is forgotten first', () => {
  const budget = new AddressBudget()
  const hostOf = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
  taken(budget, 'early', max, 0)
  for (let n = 0; n < limits.authAddressesMax - 1; n++) budget.take(hostOf(n), 1)
  assert.not(budget.take('early', 1))
  budget.take('one more', 2)
  assert.is(budget.size, limits.authAddressesMax)
  assert.ok(budget.take('early', 2), 'forgotten')
  for (let n = 0; n < 100_000; n++) budget.take(hostOf(n), 3)
  assert.is(budget.size, limits.authAddressesMax)
})

test('all addresses of one IPv6 network share its places', () => {
  const budget = new AddressBudget()
  let got = 0
  for (let n = 1; n <= 2 * max; n++) got += taken(budget, `2001:db8::${n.toString(16)}`, 1, 0)
  assert.is(got, max)
  assert.is(taken(budget, '2001:db8:0:1::1', 1, 0), 1)
})

test.run()

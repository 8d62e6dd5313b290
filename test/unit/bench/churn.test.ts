/** The verdict on a churn, shown to fail, and a short churn that adds up. */

import { startRuntime } from '../../../runtime/index.ts'
import { churn } from '../../bench/churn/churn.ts'
import { churnSuite } from '../../bench/churn/suite.ts'
import { completed, discrepancies, emptyTally, type Tally } from '../../bench/churn/tally.ts'
import { type ChurnReport, growthBytes, rowsOf } from '../../bench/churn/verdict.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'

const test = suite('bench churn')

const operations = 10_000_000
const each = operations / 5
const whole: Tally = {
  ...emptyTally(),
  spawned: each,
  ended: each,
  crashed: each,
  crashesSeen: each,
  called: each,
  answered: each,
  monitored: each,
  downs: each / 2,
  demonitored: each / 2,
  timersSet: each,
  fired: each / 2,
  cancelled: each / 2,
}

/** A mark per tenth: a start, a step while things warm up, then `bytesPerOperation` more each. */
function marks(bytesPerOperation: number, noise: readonly number[] = [0]): number[] {
  const grown = Array.from({ length: 11 }, (_, tenth) => {
    const leak = (bytesPerOperation * operations * tenth) / 10
    return (tenth === 0 ? 6e6 : 7.5e6) + leak + (noise[tenth % noise.length] ?? 0)
  })
  return grown
}

function verdicts(changed: Partial<ChurnReport>): (boolean | null)[] {
  const report: ChurnReport = { checked: false, tally: whole, left: 0, heap: marks(0), ...changed }
  return rowsOf(report, operations).map((row) => row.ok)
}

test('a heap that swings and does not grow is flat, whatever it took to warm up', () => {
  assert.is(growthBytes(marks(0)), 0)
  assert.equal(verdicts({ heap: marks(0, [0, 3e5, -2e5, 1e5]) }), [true, true])
})

test('a leak of a byte for each operation is found, also among swings', () => {
  assert.is(Math.round(growthBytes(marks(1))), 8_000_000)
  assert.equal(verdicts({ heap: marks(1, [0, 3e5, -2e5, 1e5]) }), [false, true])
})

test('one odd mark in the middle of a flat heap is no leak', () => {
  const heap = marks(0)
  heap[6] = 12e6
  assert.equal(verdicts({ heap }), [true, true])
})

test('a heap that shrinks is no leak', () => {
  assert.equal(verdicts({ heap: marks(-0.1) }), [true, true])
})

test('an entry that is left over fails the run', () => {
  assert.equal(verdicts({ left: 1 }), [true, false])
})

test('a run that lost, doubled or skipped something has failed, however flat its heap', () => {
  const wrong: readonly Partial<Tally>[] = [
    { ended: each - 1 },
    { ended: each + 1 },
    { crashesSeen: each - 1 },
    { answered: each - 1 },
    { downs: each / 2 - 1 },
    { demonitored: each / 2 + 1 },
    { fired: each / 2 - 1 },
    { cancelled: each / 2 + 1 },
    { strange: 1 },
    { spawned: each - 1, ended: each - 1 },
  ]
  for (const change of wrong) {
    assert.equal(
      verdicts({ tally: { ...whole, ...change } }),
      [false, false],
      JSON.stringify(change),
    )
  }
})

test('what does not add up is said in words', () => {
  assert.equal(discrepancies(whole), [])
  assert.equal(discrepancies({ ...whole, fired: each / 2 - 1, strange: 2 }), [
    '2000000 timers set, 1999999 fired or cancelled',
    '2 strange messages, 0 expected',
  ])
})

test('a short churn performs every kind, leaves nothing and marks every tenth', async () => {
  const node = startRuntime({ quiet: true })
  cleanup(() => node.stop())
  const seen: number[] = []
  const { tally, left } = await churn(node, 1, async (tenth) => {
    seen.push(tenth)
  })
  assert.equal(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.equal(discrepancies(tally), [])
  assert.is(completed(tally), 25_000)
  for (const kind of ['spawned', 'crashed', 'called', 'monitored', 'timersSet'] as const) {
    assert.is(tally[kind], 5_000, kind)
  }
  assert.is(left, 0)
})

test('options that mean nothing here are refused', async () => {
  const refused = (given: object): Promise<string> =>
    churnSuite
      .run({ rounds: undefined, only: undefined, operations: 1, ...given }, () => undefined)
      .then(() => 'not refused', String)
  assert.match(await refused({ rounds: 5 }), /--rounds means nothing to churn/)
  assert.match(await refused({ only: 'x' }), /--only means nothing to churn/)
})

test.run()

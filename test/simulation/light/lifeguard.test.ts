/**
 * Lifeguard's experiment, reduced: a few cells with blocks in which SWIM alone goes wrong. The
 * whole of it is `npm run sim -- --paper lifeguard`.
 */
import { assert, suite } from '../../support/harness.ts'
import { lifeguardPlan, paperLifeguard } from './lifeguard.ts'
import { BlockableLoop } from './lifeguard-loop.ts'

const test = suite('light simulation: lifeguard')

test('a blocked loop takes overdue timers first, then mail, as far as it gets', () => {
  const loop = new BlockableLoop()
  const done: string[] = []
  loop.mail(() => done.push('at once'))
  loop.blocked = true
  for (const name of ['mail 1', 'mail 2']) loop.mail(() => done.push(name))
  for (const name of ['timer 1', 'timer 2']) loop.timer(() => done.push(name))
  loop.blocked = false
  assert.not.ok(loop.drain(0.15))
  assert.equal(done, ['at once', 'timer 1', 'timer 2', 'mail 1'])
  loop.mail(() => done.push('mail 3'))
  assert.ok(loop.drain(1))
  assert.equal(done.slice(4), ['mail 2', 'mail 3'])
})

test(
  'local health avoids at least 9 of 10 false verdicts, at no cost to true ones',
  () => {
    const plan = {
      ...lifeguardPlan,
      nodes: 48,
      blocked: [8],
      blockMs: [2_048, 16_384],
      openMs: [1],
      runMs: 60_000,
    }
    const { ok, rows } = paperLifeguard(plan, () => {})
    const row = (metric: string): readonly (number | null | undefined)[] => {
      const found = rows.find((each) => each.metric === metric)
      return [found?.paperProfile, found?.ours]
    }
    const [without, withIt] = row('false memberDown')
    assert.ok((without ?? 0) >= 10, `only ${without} without it: nothing was put to the test`)
    assert.ok((withIt ?? 1) <= 0.1 * (without ?? 0), `${withIt} of ${without}`)
    const [plainSeconds, seconds] = row('first detection, s')
    assert.ok((seconds ?? 0) > 2 && (seconds ?? 0) <= 1.2 * (plainSeconds ?? 0))
    assert.ok(ok)
  },
  { deadlineMs: 20_000 },
)

test.run()

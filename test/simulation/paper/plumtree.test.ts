/**
 * Plumtree's tables with 1,000 nodes, fewer cycles and two failures: what `npm run sim -- --paper
 * plumtree` asks of a run is asked here, one seed of it. Messages within 1 % of the published ones
 * in proportion (5 % where the tree never rests), RMR 0 when stable, healing within 4 cycles,
 * nothing delivered twice.
 */
import { assert, suite, useSeed } from '../../support/harness.ts'
import { paperPlumtree, plumtreePlan } from './plumtree.ts'
import { plumtreeRows } from './plumtree-rows.ts'
import type { StableFigures } from './plumtree-run.ts'

const test = suite('plumtree tables')

const plan = {
  ...plumtreePlan(1000),
  stabilisation: 10,
  cycles: 16,
  ourCycles: 14,
  failures: [40, 80],
  steadyCycles: 1,
}

test(
  'every figure that is asked for holds with 1,000 nodes',
  () => {
    useSeed(1)
    const { ok, rows } = paperPlumtree(plan, 1, () => undefined)
    const bad = rows.filter((row) => row.ok === false)
    assert.equal(bad, [])
    assert.ok(ok)
    const at = (metric: string, where: string) => {
      const row = rows.find((each) => each.metric === metric && each.at === where)
      return row?.paperProfile ?? Number.NaN
    }
    assert.is(Math.round(at('payload messages', 'm-s')), 999)
    assert.ok(
      at('control messages', 'opt m-s, 7') < at('control messages', 'opt m-s'),
      'a way that much shorter is rare',
    )
    assert.ok(at('RMR', 's-s, cycle 0') > at('RMR', 's-s, cycle 1'), 'a tree forms at once')
    const hops = 'hops to the last delivery'
    assert.ok(
      at(hops, 's-s, stable') < at(hops, 'm-s, stable'),
      'a tree suits the node it grew from',
    )
    assert.is(at('nodes reached', 'opt m-s'), 1000)
    assert.ok(at('RMR, highest while healing', 'm-s, 40% failed') > 1)
  },
  { deadlineMs: 240_000 },
)

test('rows fail on figures that are off', () => {
  const cost = { payload: 9999, catchUp: 0, delivered: 10_000, twice: 0, lastHop: 9 }
  const stable = (control: number, more: object = {}): ReadonlyMap<string, StableFigures> =>
    new Map(
      ['s-s', 'm-s', 'opt s-s'].map((name) => {
        const costs = [{ ...cost, control, ...more }]
        return [name, { costs, settled: costs, floodCopies: 39_984 }]
      }),
    )
  const bad = (control: number, more: object = {}): string[] => {
    const figures = { stable: stable(control, more), failures: new Map(), steady: new Map() }
    const rows = plumtreeRows({ ...plumtreePlan(10_000), failures: [] }, [figures], [])
    return rows.flatMap((row) => (row.ok === false && row.at.includes('m-s') ? [row.metric] : []))
  }
  // The optimised strategy and the steady crashes were not measured, which is not ok either.
  const unmeasured = bad(29_990)
  const more = (metrics: string[]): string[] => {
    const left = [...metrics]
    for (const metric of unmeasured) left.splice(left.indexOf(metric), 1)
    return left
  }
  assert.equal(more(bad(29_700)), [])
  assert.equal(more(bad(29_600)), ['control messages'])
  assert.equal(more(bad(29_990, { payload: 10_100 })), ['payload messages', 'RMR'])
  assert.equal(more(bad(29_990, { twice: 1 })), ['deliveries beyond the first'])
})

test.run()

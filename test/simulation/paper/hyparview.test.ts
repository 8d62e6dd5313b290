/**
 * HyParView's tables at 1,000 nodes with one seed: the same experiments as at 10,000, held against
 * what holds at this size. Fewer cycles than in the paper, which change the graph no more, and
 * fewer messages.
 */
import { assert, suite } from '../../support/harness.ts'
import { defaultProfile, hyparviewPlan, paperProfile } from './hyparview.ts'
import { hyparviewRows } from './hyparview-rows.ts'
import { type HyparviewFigures, type HyparviewPlan, runHyparview } from './hyparview-run.ts'
import { paperResult } from './rows.ts'

const nodes = 1_000
const seed = 1
const plan: HyparviewPlan = {
  ...hyparviewPlan(nodes, 200),
  cycles: 10,
  failures: [30, 50, 80],
  healings: [50, 80],
}
const deadline = { deadlineMs: 110_000 }

const test = suite('paper: hyparview')

const figures = (figures: HyparviewFigures, name: string): void => {
  assert.is(figures.unreachable, 0, `${name}: every node is reachable after the joins`)
  assert.is(figures.oneWayEdges, 0, `${name}: edges are agreed by both ends`)
  // A random graph of degree 5 has 4.7; ln n / ln 4 is 4.98.
  assert.ok(figures.averagePath > 4.4 && figures.averagePath < 5.2, `${figures.averagePath}`)
  assert.ok(figures.inDegree > 4.9 && figures.inDegree <= 5, `${figures.inDegree}`)
  assert.is(figures.stableReliability, 100)
  for (const [percent, reliability] of figures.reliability) {
    assert.ok(reliability >= 98, `${name}: ${percent}% failed, noticed on close: ${reliability}`)
  }
  // Strictly on send the dead are found by those who send, and by those who are asked for room.
  for (const [percent, reliability] of figures.reliabilityOnSend) {
    assert.ok(reliability >= 97, `${name}: ${percent}% failed, noticed on send: ${reliability}`)
  }
  for (const [percent, cycles] of figures.healing) {
    assert.ok(cycles <= 2, `${name}: ${percent}% failed, healed in ${cycles}`)
  }
}

test(
  'the rules of the paper',
  () => {
    const run = runHyparview(plan, seed, paperProfile())
    figures(run, 'paper')
    // Chance alone gives 4 / n.
    assert.ok(run.clustering <= 16 / nodes, `${run.clustering}`)
  },
  deadline,
)

test(
  "skein's defaults, whose nodes are never cut off, not even before the first cycle",
  () => {
    const run = runHyparview(plan, seed, defaultProfile())
    figures(run, 'defaults')
    assert.is(run.unreachableAtOnce, 0)
  },
  deadline,
)

test('the same seed gives the same figures, another seed others', () => {
  const small = { ...plan, nodes: 60, cycles: 5, messages: 20, pathSources: 60 }
  const first = runHyparview(small, 3, defaultProfile())
  assert.equal(runHyparview(small, 3, defaultProfile()), first)
  assert.not.equal(runHyparview(small, 4, defaultProfile()), first)
})

const perfect: HyparviewFigures = {
  unreachableAtOnce: 0,
  unreachable: 0,
  clustering: 0.00092,
  averagePath: 6.38542,
  lastHop: 9,
  stableReliability: 100,
  inDegree: 5,
  inDegreeFull: 100,
  oneWayEdges: 0,
  reliability: new Map([10, 20, 30, 40, 50, 60, 70, 80, 90, 95].map((at) => [at, 100])),
  reliabilityOnSend: new Map(),
  healing: new Map([10, 20, 30, 40, 50, 60, 70, 80, 90].map((at) => [at, 1])),
  happened: 1,
}

test('a node with none but dead peers refuses whom it could take, unless it checks them', () => {
  const paper = paperProfile()
  const checks = runHyparview({ ...plan, failures: [80], healings: [] }, seed, paper)
  const options = { ...paper.options, roomCheckMs: 0 }
  const trusts = runHyparview({ ...plan, failures: [80], healings: [] }, seed, {
    ...paper,
    options,
  })
  const [most, least] = [checks, trusts].map((run) => run.reliabilityOnSend.get(80) ?? 0)
  assert.ok((most ?? 0) >= 98 && (least ?? 100) <= 95, `${most} with, ${least} without`)
})

const isOk = (paper: Partial<HyparviewFigures>, ours: Partial<HyparviewFigures> = {}): boolean => {
  const full = hyparviewPlan(10_000, 1_000)
  const rows = hyparviewRows(full, [{ ...perfect, ...paper }], [{ ...perfect, ...ours }])
  return paperResult('hyparview', 10_000, 1, rows).ok
}

const without = (at: number, value: number): ReadonlyMap<number, number> =>
  new Map(perfect.reliability).set(at, value)

test('ok is what is asked at 10,000 nodes, and nothing less', () => {
  assert.is(isOk({}), true)
  assert.is(isOk({ clustering: 0.00101, averagePath: 6.9, inDegree: 4.6 }), true)
  assert.is(isOk({ clustering: 0.00103 }), false)
  assert.is(isOk({ averagePath: 5.7 }), false)
  assert.is(isOk({ inDegree: 4.4 }), false)
  assert.is(isOk({}, { clustering: 0.01, averagePath: 7.5, inDegree: 4.4 }), true)
  for (const one of [
    { unreachable: 1 },
    { reliability: without(90, 97.9) },
    { reliability: without(10, 97.9) },
    { healing: new Map(perfect.healing).set(80, 3) },
    { healing: new Map(perfect.healing).set(90, 5) },
  ]) {
    assert.is(isOk(one), false, JSON.stringify(Object.keys(one)))
    assert.is(isOk({}, one), false, JSON.stringify(Object.keys(one)))
  }
  assert.is(isOk({ reliability: without(90, 98) }, { reliability: without(95, 20) }), true)
  const at1000 = hyparviewPlan(1_000, 1_000)
  const small = { ...perfect, clustering: 0.008, averagePath: 4.7, reliability: without(90, 96) }
  assert.is(paperResult('p', 1_000, 1, hyparviewRows(at1000, [small], [small])).ok, true)
  const worse = { ...small, reliability: without(90, 95.9) }
  assert.is(paperResult('p', 1_000, 1, hyparviewRows(at1000, [worse], [small])).ok, false)
  assert.is(isOk({ unreachableAtOnce: 50 }), true)
  assert.is(isOk({}, { unreachableAtOnce: 1 }), false)
})

test.run()

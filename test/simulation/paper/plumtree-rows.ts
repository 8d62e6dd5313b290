/** Plumtree's figures beside what was measured, and what is asked of each. */
import type { PlumtreePlan } from './plumtree.ts'
import type { BroadcastCost } from './plumtree-layer.ts'
import {
  type FailureFigures,
  type PlumtreeRun,
  redundancyOf,
  type StableFigures,
} from './plumtree-run.ts'
import { mean, type PaperRow } from './rows.ts'

/** By strategy: `s-s` and `m-s` for one sender and many, with `opt` when the tree is optimised. */
export type PlumtreeFigures = {
  readonly stable: ReadonlyMap<string, StableFigures>
  /** And by percent failed. */
  readonly failures: ReadonlyMap<string, ReadonlyMap<number, FailureFigures>>
  readonly steady: ReadonlyMap<string, ReturnType<PlumtreeRun['failSteadily']>>
}

export const publishedNodes = 10_000
const names = ['s-s', 'm-s', 'opt s-s', 'opt m-s'] as const
type Name = (typeof names)[number]
const toTheLetter = 'opt m-s, 7'
/** The defaults, but that no node changes a sound link for another once a minute. */
export const linksAtRest = 'opt m-s, links at rest'

const published: {
  readonly flood: number
  readonly payload: number
  readonly control: Readonly<Record<Name, number>>
  readonly lastHop: Readonly<Record<Name, number>>
  readonly lastHopAfter40: Readonly<Record<string, number>>
  readonly reliability: ReadonlyMap<number, number>
  readonly healing: ReadonlyMap<number, number>
  readonly redundancyPeak: ReadonlyMap<number, number>
} = {
  flood: 39_984,
  payload: 9_999,
  control: { 's-s': 29_987.33, 'm-s': 29_990, 'opt s-s': 29_989.33, 'opt m-s': 38_976 },
  lastHop: { 's-s': 10, 'm-s': 63, 'opt s-s': 8.5, 'opt m-s': 17.5 },
  lastHopAfter40: { 's-s': 10, 'm-s': 36, 'opt m-s': 16 },
  reliability: new Map([
    [10, 99],
    [20, 99],
    [30, 99],
    [40, 99],
    [50, 95],
    [60, 56],
    [70, 15],
    [80, 0],
    [90, 0],
  ]),
  healing: new Map([
    [10, 1],
    [20, 1],
    [30, 1],
    [40, 1],
    [50, 1],
    [60, 2],
    [70, 1],
    [80, 3],
    [90, 4],
  ]),
  redundancyPeak: new Map([
    [40, 1.9],
    [60, 2.6],
    [80, 2],
  ]),
}

const messagesTolerance = 0.01
/** Where the tree never rests: with fewer nodes it is less deep, and not quite in proportion. */
const restlessElsewhere = 0.05
/** Payload and control are the mean of so many messages, the last, once the tree has settled. */
const settledMax = 50
/** Copies beyond the needed ones, per node: less than this is none. */
const noRedundancy = 0.0005
/** Of ours, which go on changing links. */
const restlessRedundancy = 0.05
const healingMax = 4
/** Points below the published reliability allowed, up to so many percent failed. */
const reliabilityPoints = 2
const reliabilityUpToPercent = 40

type Pick = (figures: PlumtreeFigures) => number | undefined
type Measured = { readonly paperProfile: number | null; readonly ours: number | null }
type Both = (pick: Pick) => Measured

export function plumtreeRows(
  plan: PlumtreePlan,
  paper: readonly PlumtreeFigures[],
  ours: readonly PlumtreeFigures[],
): PaperRow[] {
  const both: Both = (pick) => ({ paperProfile: over(paper, pick), ours: over(ours, pick) })
  return [
    ...messageRows(plan, both),
    ...names.flatMap((name) => stableRows(name, both)),
    restingRow(both),
    ...plan.failures.flatMap((percent) => failureRows(percent, both)),
    ...steadyRows(both),
  ]
}

function over(all: readonly PlumtreeFigures[], pick: Pick): number | null {
  const values = all.flatMap((figures) => pick(figures) ?? [])
  return values.length === 0 ? null : mean(values)
}

const blank = { plotted: false, tolerance: '', ok: null } as const

function messageRows({ nodes }: PlumtreePlan, both: Both): PaperRow[] {
  const part = (nodes - 1) / (publishedNodes - 1)
  const row = (
    metric: string,
    at: string,
    value: number,
    pick: Pick,
    most = messagesTolerance,
  ): PaperRow => {
    const measured = both(pick)
    const { paperProfile } = measured
    const ok = paperProfile !== null && Math.abs(paperProfile / (value * part) - 1) <= most
    const tolerance = `paper profile within ${100 * most} %`
    return { ...blank, metric, at, published: value * part, ...measured, tolerance, ok }
  }
  const restless = nodes === publishedNodes ? messagesTolerance : restlessElsewhere
  const flood: Pick = ({ stable }) => stable.get('m-s')?.floodCopies
  return [
    row('messages of a flood', 'stable', published.flood, flood),
    ...names.map((name) => row('payload messages', name, published.payload, late(name, 'payload'))),
    ...names.map((name) => {
      const most = name === 'opt m-s' ? restless : messagesTolerance
      return row('control messages', name, published.control[name], late(name, 'control'), most)
    }),
    {
      ...blank,
      metric: 'control messages',
      at: toTheLetter,
      published: published.control['opt m-s'] * part,
      ...both(late(toTheLetter, 'control')),
    },
  ]
}

/** The mean over the last messages. */
function late(
  name: Name | typeof toTheLetter | typeof linksAtRest,
  what: keyof BroadcastCost | ((cost: BroadcastCost) => number),
): Pick {
  return ({ stable }) => {
    const figures = stable.get(name)
    if (figures === undefined || figures.settled.length === 0) return undefined
    const costs = figures.settled.slice(-settledMax)
    return mean(costs.map((cost) => (typeof what === 'function' ? what(cost) : cost[what])))
  }
}

function stableRows(name: Name, both: Both): PaperRow[] {
  const redundancy = (cycle: number): Pick => {
    return ({ stable }) => {
      const cost = stable.get(name)?.costs.at(cycle)
      return cost === undefined ? undefined : redundancyOf(cost)
    }
  }
  const settled = both(late(name, redundancyOf))
  const twice: Pick = ({ stable }) =>
    stable.get(name)?.costs.reduce((sum, cost) => sum + cost.twice, 0)
  const rmr = (at: string, cycle: number, value: number): PaperRow => ({
    ...blank,
    metric: 'RMR',
    at,
    published: value,
    plotted: true,
    ...both(redundancy(cycle)),
  })
  return [
    ...(name === 's-s'
      ? [rmr('s-s, cycle 0', 0, 2), rmr('s-s, cycle 1', 1, 0.9), rmr('s-s, cycle 2', 2, 0.05)]
      : []),
    {
      ...blank,
      metric: 'RMR',
      at: `${name}, stable`,
      published: 0,
      ...settled,
      tolerance: `paper profile < ${noRedundancy}, ours < ${restlessRedundancy}`,
      ok:
        settled.paperProfile !== null &&
        settled.paperProfile < noRedundancy &&
        (settled.ours ?? 0) < restlessRedundancy,
    },
    {
      ...blank,
      metric: 'hops to the last delivery',
      at: `${name}, stable`,
      published: published.lastHop[name],
      plotted: true,
      ...both(late(name, 'lastHop')),
    },
    {
      ...blank,
      metric: 'nodes reached',
      at: name,
      published: null,
      ...both(late(name, 'delivered')),
    },
    exactly('deliveries beyond the first', name, both(twice)),
  ]
}

function restingRow(both: Both): PaperRow {
  const settled = both(late(linksAtRest, redundancyOf))
  return {
    ...blank,
    metric: 'RMR',
    at: `${linksAtRest}, stable`,
    published: 0,
    ...settled,
    tolerance: `ours < ${noRedundancy}`,
    ok: settled.ours !== null && settled.ours < noRedundancy,
  }
}

/** Nobody may get anything twice, in either profile. */
function exactly(metric: string, at: string, measured: Measured): PaperRow {
  const none = (value: number | null): boolean => value === null || value === 0
  return {
    ...blank,
    metric,
    at,
    published: 0,
    ...measured,
    tolerance: '0 in both',
    ok: none(measured.paperProfile) && none(measured.ours),
  }
}

function failureRows(percent: number, both: Both): PaperRow[] {
  const rows: PaperRow[] = []
  const pick =
    (name: string, what: keyof FailureFigures): Pick =>
    ({ failures }) =>
      failures.get(name)?.get(percent)?.[what]
  for (const name of ['s-s', 'm-s', 'opt m-s'] as const) {
    const at = `${name}, ${percent}% failed`
    const reliability = both(pick(name, 'reliability'))
    const values = [reliability.paperProfile, reliability.ours].flatMap((value) => value ?? [])
    if (values.length === 0) continue
    const value = published.reliability.get(percent) ?? null
    const asked = percent <= reliabilityUpToPercent && value !== null
    const least = (value ?? 0) - reliabilityPoints
    rows.push({
      ...blank,
      metric: 'first message unnoticed, % reached',
      at,
      published: value,
      plotted: true,
      ...reliability,
      tolerance: asked ? `>= ${least}` : '',
      ok: asked ? Math.min(...values) >= least : null,
    })
    const healing = both(pick(name, 'healing'))
    const cycles = [healing.paperProfile, healing.ours].flatMap((count) => count ?? [])
    rows.push({
      ...blank,
      metric: 'healing cycles',
      at,
      published: published.healing.get(percent) ?? null,
      plotted: true,
      ...healing,
      tolerance: `<= ${healingMax}`,
      ok: Math.max(...cycles) <= healingMax,
    })
    rows.push({
      ...blank,
      metric: 'RMR, highest while healing',
      at,
      published: published.redundancyPeak.get(percent) ?? null,
      plotted: true,
      ...both(pick(name, 'redundancy')),
    })
    rows.push({
      ...blank,
      metric: 'cycles until RMR < 0.05 again',
      at,
      published: null,
      ...both(pick(name, 'treeAgain')),
    })
    if (percent !== 40) continue
    rows.push({
      ...blank,
      metric: 'hops to the last delivery',
      at,
      published: published.lastHopAfter40[name] ?? null,
      plotted: true,
      ...both(pick(name, 'lastHop')),
    })
  }
  return rows
}

function steadyRows(both: Both): PaperRow[] {
  return (['m-s', 'opt m-s'] as const).flatMap((name) => {
    const at = `${name}, 0.5% of the nodes crash each cycle`
    const reliability = both(({ steady }) => steady.get(name)?.reliability)
    const values = [reliability.paperProfile, reliability.ours].flatMap((value) => value ?? [])
    return [
      {
        ...blank,
        metric: 'reached, %',
        at,
        published: 100,
        ...reliability,
        tolerance: '>= 99.9',
        ok: values.length > 0 && Math.min(...values) >= 99.9,
      },
      {
        ...blank,
        metric: 'RMR',
        at,
        published: 0.02,
        plotted: true,
        ...both(({ steady }) => steady.get(name)?.redundancy),
      },
    ]
  })
}

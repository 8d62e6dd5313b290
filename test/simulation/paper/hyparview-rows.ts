/**
 * What the HyParView paper published beside what was measured, and what is asked of it. Table 1 is
 * exact; figures 2, 4 and 5 are read off plots. All of it holds for 10,000 nodes: at another size
 * the graph figures are held against those of a random graph of that size with four ways on from a
 * node, and the others against the paper's all the same.
 */
import {
  type HyparviewFigures,
  type HyparviewPlan,
  healedPoints,
  pointsOfOne,
} from './hyparview-run.ts'
import { mean, type PaperRow } from './rows.ts'

const publishedNodes = 10_000
const published = {
  clustering: 0.00092,
  averagePath: 6.38542,
  lastHop: 9,
  inDegree: 5,
  /** By percent failed, as the healing cycles. */
  reliability: [
    [10, 100],
    [20, 100],
    [30, 100],
    [40, 100],
    [50, 100],
    [60, 100],
    [70, 100],
    [80, 100],
    [90, 100],
    [95, 91],
  ],
  healing: [
    [10, 1],
    [20, 1],
    [30, 1],
    [40, 1],
    [50, 1],
    [60, 1],
    [70, 2],
    [80, 2],
    [90, 4],
  ],
} as const

/**
 * Points below the published reliability that are allowed, up to this failure; and those of one
 * node cut off at sizes that the paper has no figures for.
 */
const reliabilityPoints = 2
const reliabilityUpToPercent = 90
/** Cycles within which failures of so many percent must heal. */
const healingMax: ReadonlyMap<number, number> = new Map([
  [80, 2],
  [90, 4],
])
const graphTolerance = 0.1
/**
 * At other sizes: how far a path may be from ln n / ln 4, and how much more clustered than chance.
 */
const pathTolerance = 0.15
const clusteringTimes = 4

type Pick = (figures: HyparviewFigures) => number
type Runs = {
  readonly paper: readonly HyparviewFigures[]
  readonly ours: readonly HyparviewFigures[]
}

export function hyparviewRows(
  plan: HyparviewPlan,
  paper: readonly HyparviewFigures[],
  ours: readonly HyparviewFigures[],
): PaperRow[] {
  const runs: Runs = { paper, ours }
  return [
    {
      ...note(runs, 'membership cycles', 'before stable', () => 0),
      published: 50,
      paperProfile: plan.cycles,
      ours: plan.ourCycles,
    },
    ...joinRows(runs),
    ...graphRows(plan, runs),
    ...reliabilityRows(plan, runs),
    ...healingRows(plan, runs),
  ]
}

/** Says so where not all seeds were measured. */
function seedsOf(those: Runs, all: Runs): string {
  return those.paper.length === all.paper.length ? '' : `, ${those.paper.length} seed`
}

function measured({ paper, ours }: Runs, pick: Pick): { paperProfile: number; ours: number } {
  return { paperProfile: mean(paper.map(pick)), ours: mean(ours.map(pick)) }
}

/** A row of which nothing is asked. */
function note(runs: Runs, metric: string, at: string, pick: Pick): PaperRow {
  const row = { metric, at, published: null, plotted: false, tolerance: '', ok: null }
  return { ...row, ...measured(runs, pick) }
}

function joinRows(runs: Runs): PaperRow[] {
  const none = [...runs.paper, ...runs.ours].every(({ unreachable }) => unreachable === 0)
  const noneOfOurs = runs.ours.every(({ unreachableAtOnce }) => unreachableAtOnce === 0)
  return [
    {
      ...note(runs, 'unreachable nodes', 'joins, no cycle', (of) => of.unreachableAtOnce),
      tolerance: '0 in ours, every seed',
      ok: noneOfOurs,
    },
    {
      ...note(runs, 'unreachable nodes', 'joins, one cycle', (of) => of.unreachable),
      tolerance: '0 in both, every seed',
      ok: none,
    },
  ]
}

function graphRows({ nodes }: HyparviewPlan, runs: Runs): PaperRow[] {
  const graphRow = (
    metric: string,
    pick: Pick,
    value: { published: number; plotted: boolean },
    elsewhere: { tolerance: string; ok: (measured: number) => boolean },
  ): PaperRow => {
    const row = { ...note(runs, metric, 'stable', pick), ...value }
    const figure = measured(runs, pick).paperProfile
    if (nodes !== publishedNodes) {
      return { ...row, tolerance: elsewhere.tolerance, ok: elsewhere.ok(figure) }
    }
    const ok = near(figure, value.published, graphTolerance)
    return { ...row, tolerance: 'paper profile within 10 %', ok }
  }
  const clusteringMax = (clusteringTimes * 4) / nodes
  const path = Math.log(nodes) / Math.log(4)
  const exactly = (value: number) => ({ published: value, plotted: false })
  return [
    graphRow('clustering coefficient', (of) => of.clustering, exactly(published.clustering), {
      tolerance: `paper profile <= ${clusteringTimes} times 4 / n`,
      ok: (figure) => figure <= clusteringMax,
    }),
    graphRow('average shortest path', (of) => of.averagePath, exactly(published.averagePath), {
      tolerance: 'paper profile within 15 % of ln n / ln 4',
      ok: (figure) => near(figure, path, pathTolerance),
    }),
    graphRow(
      'mean in-degree',
      (of) => of.inDegree,
      { published: published.inDegree, plotted: true },
      {
        tolerance: 'paper profile within 10 %',
        ok: (figure) => near(figure, published.inDegree, graphTolerance),
      },
    ),
    note(runs, 'nodes with in-degree 5, %', 'stable', (of) => of.inDegreeFull),
    note(runs, 'edges without their reverse', 'stable', (of) => of.oneWayEdges),
    {
      ...note(runs, 'hops to the last delivery', 'stable', (of) => of.lastHop),
      published: published.lastHop,
    },
    {
      ...note(runs, 'reliability, %', 'stable', (of) => of.stableReliability),
      published: 100,
    },
  ]
}

/** What `onClose` asks for; `onSend`, of the first seeds, is shown and decides nothing. */
function reliabilityRows({ nodes, messages, failures }: HyparviewPlan, runs: Runs): PaperRow[] {
  const metric = `reliability of ${messages} messages, %`
  const rows: PaperRow[] = []
  for (const [percent, value] of published.reliability) {
    if (!failures.includes(percent)) continue
    const pick: Pick = (of) => of.reliability.get(percent) ?? 0
    const { paperProfile, ours } = measured(runs, pick)
    const asked = percent <= reliabilityUpToPercent
    const least = value - reliabilityPoints - elsewherePoints(nodes, percent)
    rows.push({
      ...note(runs, metric, `${percent}% failed, noticed on close`, pick),
      published: value,
      plotted: true,
      tolerance: asked ? `>= ${least} in both` : '',
      ok: asked ? Math.min(paperProfile, ours) >= least : null,
    })
  }
  const onSend = only(runs, ({ reliabilityOnSend }) => reliabilityOnSend.size > 0)
  for (const [percent, value] of published.reliability) {
    if (!failures.includes(percent)) continue
    const pick: Pick = (of) => of.reliabilityOnSend.get(percent) ?? 0
    const at = `${percent}% failed, noticed on send${seedsOf(onSend, runs)}`
    const row = note(onSend, metric, at, pick)
    rows.push({ ...row, published: value, plotted: true })
  }
  return rows
}

function healingRows({ healings }: HyparviewPlan, runs: Runs): PaperRow[] {
  const metric = `healing cycles, to ${healedPoints} point`
  const rows: PaperRow[] = []
  for (const [percent, value] of published.healing) {
    if (!healings.includes(percent)) continue
    const pick: Pick = (of) => of.healing.get(percent) ?? Number.POSITIVE_INFINITY
    const those = only(runs, ({ healing }) => healing.has(percent))
    const { paperProfile, ours } = measured(those, pick)
    const max = healingMax.get(percent)
    rows.push({
      ...note(those, metric, `${percent}% failed${seedsOf(those, runs)}`, pick),
      published: value,
      plotted: true,
      tolerance: max === undefined ? '' : `<= ${max} in both`,
      ok: max === undefined ? null : isHealed(those) && Math.max(paperProfile, ours) <= max,
    })
  }
  return rows
}

/** The runs in which a figure was measured. */
function only({ paper, ours }: Runs, isMeasured: (figures: HyparviewFigures) => boolean): Runs {
  return { paper: paper.filter(isMeasured), ours: ours.filter(isMeasured) }
}

/** What nobody has measured has not healed. */
function isHealed({ paper, ours }: Runs): boolean {
  return paper.length > 0 && ours.length > 0
}

function elsewherePoints(nodes: number, percent: number): number {
  return nodes === publishedNodes ? 0 : pointsOfOne(nodes, percent)
}

function near(figure: number, wanted: number, tolerance: number): boolean {
  return Math.abs(figure / wanted - 1) <= tolerance
}

/**
 * `npm run sim -- --paper lifeguard`: what local health is worth (arXiv 1707.00788v2, section V,
 * Table IV). 128 nodes, C of which stand still for D ms, run for I ms, and so on for two minutes;
 * C, D and I are a subset of the paper's grid. A false positive is a node that was never blocked
 * and was held to be down, by anybody (FP) or by one that was never blocked either (FP-). For
 * detection, as many stand still for good, and it counts when somebody first finds each of them.
 *
 * The paper profile is SWIM with its fixed suspicion timeout, as the paper's baseline; ours is the
 * whole of local health. The published figures are percent of that baseline; seconds are not
 * comparable, since here nobody probes at rest: it takes four ticks of 500 ms to lose a channel.
 */
import {
  defaultVerdictOptions,
  plainVerdictOptions,
  type VerdictOptions,
} from '../../../src/membership/verdict/options.ts'
import { type PaperResult, type PaperRow, paperResult } from '../paper/rows.ts'
import { LifeguardWorld } from './lifeguard-world.ts'
import { drawSome, nodeRandoms } from './node-random.ts'

export type LifeguardPlan = {
  readonly nodes: number
  readonly seeds: number
  readonly blocked: readonly number[]
  readonly blockMs: readonly number[]
  readonly openMs: readonly number[]
  readonly runMs: number
}

export const lifeguardPlan: LifeguardPlan = {
  nodes: 128,
  seeds: 1,
  blocked: [4, 16, 32],
  blockMs: [2_048, 16_384],
  openMs: [1, 64, 1_024],
  runMs: 120_000,
}

type Figures = {
  falseDowns: number
  falseDownsAtHealthy: number
  readonly firstDetectionsMs: number[]
}

const settleMs = 5_000
const falseRatioMax = 0.1
const detectionRatioMax = 1.2
const percentiles = [50, 99, 99.9] as const
const publishedFalsePercent = 1.53
const publishedHealthyPercent = 1.89

export function paperLifeguard(
  plan: LifeguardPlan,
  progress: (line: string, happened: number) => void,
): PaperResult {
  const plain = figuresOf(plan, plainVerdictOptions, (line, happened) =>
    progress(`without local health, ${line}`, happened),
  )
  const ours = figuresOf(plan, defaultVerdictOptions, (line, happened) =>
    progress(`with local health, ${line}`, happened),
  )
  return paperResult('lifeguard', plan.nodes, plan.seeds, rowsOf(plain, ours))
}

function figuresOf(
  plan: LifeguardPlan,
  options: VerdictOptions,
  progress: (line: string, happened: number) => void,
): Figures {
  const figures: Figures = { falseDowns: 0, falseDownsAtHealthy: 0, firstDetectionsMs: [] }
  let happened = 0
  for (let seed = 1; seed <= plan.seeds; seed++) {
    for (const count of plan.blocked) {
      for (const forMs of plan.blockMs) {
        for (const openMs of plan.openMs) {
          happened += falsePositives(plan, options, { seed, count, forMs, openMs }, figures)
        }
      }
      happened += detections(plan, options, { seed, count }, figures)
      progress(`seed ${seed}, ${count} blocked`, happened)
    }
  }
  return figures
}

function falsePositives(
  { nodes, runMs }: LifeguardPlan,
  options: VerdictOptions,
  cell: { seed: number; count: number; forMs: number; openMs: number },
  figures: Figures,
): number {
  const { seed, count, forMs, openMs } = cell
  const world = new LifeguardWorld(nodes, seed, options)
  world.engine.runUntil(settleMs)
  const blocked = new Set(drawSome(nodeRandoms(seed + 1_000, 1)[0]!, nodes, count))
  const untilMs = settleMs + runMs
  for (const node of blocked) world.block(node, { forMs, openMs, untilMs })
  world.engine.runUntil(untilMs + settleMs)
  for (const { by, node } of world.downs) {
    if (blocked.has(node)) continue
    figures.falseDowns++
    if (!blocked.has(by)) figures.falseDownsAtHealthy++
  }
  return world.engine.happened
}

function detections(
  { nodes, runMs }: LifeguardPlan,
  options: VerdictOptions,
  { seed, count }: { readonly seed: number; readonly count: number },
  figures: Figures,
): number {
  const world = new LifeguardWorld(nodes, seed, options)
  world.engine.runUntil(settleMs)
  const blocked = drawSome(nodeRandoms(seed + 2_000, 1)[0]!, nodes, count)
  const untilMs = settleMs + runMs
  for (const node of blocked) world.block(node, { forMs: runMs, openMs: 1, untilMs })
  world.engine.runUntil(untilMs - 1)
  for (const node of blocked) {
    const first = world.downs.find((down) => down.node === node)
    figures.firstDetectionsMs.push((first?.atMs ?? Number.POSITIVE_INFINITY) - settleMs)
  }
  return world.engine.happened
}

function rowsOf(plain: Figures, ours: Figures): PaperRow[] {
  const row = (
    metric: string,
    at: string,
    values: readonly [plain: number, ours: number],
    asked: { published?: number; tolerance?: string; ok?: boolean } = {},
  ): PaperRow => ({
    metric,
    at,
    published: asked.published ?? null,
    plotted: false,
    paperProfile: values[0],
    ours: values[1],
    tolerance: asked.tolerance ?? '',
    ok: asked.ok ?? null,
  })
  const share = (one: number, of: number): number => (of === 0 ? 0 : (100 * one) / of)
  const percent = share(ours.falseDowns, plain.falseDowns)
  const [plainMedian, median] = [plain, ours].map(({ firstDetectionsMs }) =>
    percentile(firstDetectionsMs, 50),
  ) as [number, number]
  return [
    row('false memberDown', 'anybody', [plain.falseDowns, ours.falseDowns]),
    row('false memberDown, % of those without', 'anybody', [100, percent], {
      published: publishedFalsePercent,
      tolerance: `at most ${falseRatioMax * 100} %, of more than 0`,
      ok: plain.falseDowns > 0 && percent <= falseRatioMax * 100,
    }),
    row('false memberDown', 'healthy', [plain.falseDownsAtHealthy, ours.falseDownsAtHealthy]),
    row(
      'false memberDown, % of those without',
      'healthy',
      [100, share(ours.falseDownsAtHealthy, plain.falseDownsAtHealthy)],
      { published: publishedHealthyPercent },
    ),
    ...percentiles.map((at) =>
      row(
        'first detection, s',
        `percentile ${at}`,
        [
          percentile(plain.firstDetectionsMs, at) / 1_000,
          percentile(ours.firstDetectionsMs, at) / 1_000,
        ],
        at === 50
          ? {
              tolerance: `at most ${detectionRatioMax} times that without`,
              ok: median <= detectionRatioMax * plainMedian,
            }
          : {},
      ),
    ),
  ]
}

/** The smallest value that so many percent do not exceed. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}

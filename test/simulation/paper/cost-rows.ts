/**
 * `npm run sim -- --cost`: the cost of a node by the size of its cluster, as rows, and what is
 * asked: that it does not grow. Up to about 40 nodes the views are not full and a node costs less,
 * so what grows is judged from 100 nodes on.
 */
import { type Cost, measureCost } from './cost.ts'
import { type PaperResult, type PaperRow, paperResult } from './rows.ts'

export const costSizes: readonly number[] = [10, 100, 1_000, 10_000]

export const costMetrics = {
  restMessages: 'messages per node and minute at rest',
  restBytes: 'bytes per node and minute at rest',
  restMembershipBytes: 'of these, bytes of the membership',
  broadcastMessages: 'messages per node and broadcast',
  broadcastBytes: 'bytes per node and broadcast of 1 byte',
  payloads: 'payloads per node and broadcast',
  reached: 'nodes reached by a broadcast, %',
} as const satisfies Partial<Record<keyof Cost, string>>

/** A cluster of 10,000 may cost a node so many times what one of 100 does, and no more. */
const growthMax = 1.1
const growthFrom = 100

type CostOf = ReadonlyMap<number, Cost>

export function costResult(
  sizes: readonly number[],
  progress: (line: string, happened: number) => void,
): PaperResult {
  const costs = new Map<number, Cost>()
  for (const nodes of sizes) {
    const cost = measureCost({
      nodes,
      seed: 1,
      restMs: 120_000,
      measureMs: 120_000,
      warmUps: 10,
      broadcasts: 10,
    })
    costs.set(nodes, cost)
    progress(`${nodes} nodes`, cost.happened)
  }
  return paperResult('cost', Math.max(...sizes), 1, costRows(costs))
}

export function costRows(costs: CostOf): PaperRow[] {
  const rows: PaperRow[] = []
  for (const key of ['restMessages', 'restBytes', 'restMembershipBytes'] as const) {
    for (const [nodes, cost] of costs) rows.push(plain(costMetrics[key], nodes, cost[key]))
  }
  for (const key of ['broadcastMessages', 'broadcastBytes', 'payloads'] as const) {
    for (const [nodes, cost] of costs) rows.push(plain(costMetrics[key], nodes, cost[key]))
  }
  for (const [nodes, { reached }] of costs) {
    const row = plain(costMetrics.reached, nodes, reached)
    rows.push({ ...row, tolerance: '100', ok: reached === 100 })
  }
  for (const key of ['restMessages', 'restBytes'] as const) rows.push(...growth(costs, key))
  return rows
}

function plain(metric: string, nodes: number, ours: number): PaperRow {
  const none = { published: null, plotted: false, paperProfile: null }
  return { metric, at: `${nodes} nodes`, ...none, ours, tolerance: '', ok: null }
}

function growth(costs: CostOf, key: 'restMessages' | 'restBytes'): PaperRow[] {
  const sizes = [...costs.keys()].filter((nodes) => nodes >= growthFrom).sort((a, b) => a - b)
  const [least] = sizes
  const most = sizes.at(-1)
  if (least === undefined || most === undefined || least === most) return []
  const times = costs.get(most)![key] / costs.get(least)![key]
  return [
    {
      ...plain(`${costMetrics[key]}, times`, most, times),
      at: `${most} nodes against ${least}`,
      tolerance: `<= ${growthMax}`,
      ok: times <= growthMax,
    },
  ]
}

/**
 * `npm run sim -- --paper P` and `--cost`: which tables there are, their options, and how a table
 * is shown: progress on stderr, the table, and the result as one line of JSON, last.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { lifeguardPlan, paperLifeguard } from '../light/lifeguard.ts'
import { costSvg } from './cost-plot.ts'
import { costResult, costSizes } from './cost-rows.ts'
import { hyparviewPlan, paperHyparview } from './hyparview.ts'
import { paperPlumtree, plumtreePlan } from './plumtree.ts'
import { type PaperResult, tableOf } from './rows.ts'

export type PaperOptions = {
  readonly nodes: number
  readonly seeds: number
  /** Messages after each failure. */
  readonly messages: number
}

export type Progress = (line: string, happened: number) => void

const papers: Readonly<Record<string, (options: PaperOptions, progress: Progress) => PaperResult>> =
  {
    hyparview: ({ nodes, seeds, messages }, progress) =>
      paperHyparview(hyparviewPlan(nodes, messages), seeds, progress),
    lifeguard: ({ nodes, seeds }, progress) =>
      paperLifeguard({ ...lifeguardPlan, nodes, seeds }, progress),
    plumtree: ({ nodes, seeds }, progress) => paperPlumtree(plumtreePlan(nodes), seeds, progress),
  }

type Io = { readonly print: (line: string) => void; readonly say: (line: string) => void }

const usage = [
  `usage: npm run sim -- --paper ${Object.keys(papers).join('|')}`,
  '[--nodes N] [--seeds K] [--messages M] [--json]',
  '| --cost [--nodes N] [--svg FILE] [--json]',
].join(' ')
const nodesRange = [10, 100_000] as const
const nodesDefault = 10_000
const seedsMax = 100
const messagesMax = 100_000

/** Whether the arguments of `npm run sim` ask for a table. */
export function asksForTable(args: readonly string[]): boolean {
  return args.some((arg) => /^--(paper|cost)(=|$)/.test(arg))
}

/** True when the table is ok. */
export async function tableCommand(args: readonly string[], io: Io): Promise<boolean> {
  const startedAt = performance.now()
  const progress: Progress = (line, happened) => {
    const seconds = (performance.now() - startedAt) / 1_000
    io.say(`${line}: ${happened} events; ${seconds.toFixed(1)} s since the start`)
  }
  const asked = parseTable(args)
  if (asked.tag === 'error') {
    io.say(asked.message)
    return false
  }
  const result = asked.run(progress)
  if (asked.svg !== undefined) {
    await mkdir(dirname(asked.svg), { recursive: true })
    await writeFile(asked.svg, costSvg(result.rows))
    io.say(`drawn: ${asked.svg}`)
  }
  for (const line of tableOf(result.rows)) io.print(line)
  io.print(JSON.stringify(result))
  return result.ok
}

type Asked =
  | {
      readonly tag: 'ok'
      readonly run: (progress: Progress) => PaperResult
      readonly svg?: string | undefined
    }
  | { readonly tag: 'error'; readonly message: string }

export function parseTable(args: readonly string[]): Asked {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        paper: { type: 'string' },
        cost: { type: 'boolean', default: false },
        nodes: { type: 'string' },
        seeds: { type: 'string', default: '5' },
        messages: { type: 'string', default: '1000' },
        svg: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const { paper: name, cost, svg } = values
    const usual = name === 'lifeguard' ? lifeguardPlan.nodes : nodesDefault
    const nodes = whole('--nodes', values.nodes ?? `${usual}`, ...nodesRange)
    const seeds = whole('--seeds', values.seeds, 1, seedsMax)
    const messages = whole('--messages', values.messages, 1, messagesMax)
    if (cost && name !== undefined) return refuse('--cost and --paper are two tables: ask for one')
    if (cost) {
      const sizes = costSizes.filter((size) => size <= nodes)
      return { tag: 'ok', run: (progress) => costResult(sizes, progress), svg }
    }
    if (svg !== undefined) return refuse('--svg draws --cost')
    const paper = Object.hasOwn(papers, name ?? '') ? papers[name ?? ''] : undefined
    if (paper === undefined) return refuse(`--paper: no such paper: ${JSON.stringify(name)}`)
    return { tag: 'ok', run: (progress) => paper({ nodes, seeds, messages }, progress) }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new Error(`${option} must be a whole number from ${min} to ${max}, got "${text}"`)
}

function refuse(why: string): Asked {
  return { tag: 'error', message: `${why}; ${usage}` }
}

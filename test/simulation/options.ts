/** The arguments of `npm run sim`, checked: a mistake is answered with the option's name. */
import { parseArgs } from 'node:util'
import type { ScenarioName } from './named-run.ts'
import type { SizeRange } from './scenario.ts'

export type SimOptions =
  | {
      readonly tag: 'one'
      readonly seed: number
      readonly scenario?: ScenarioName
      readonly size?: SizeRange
      readonly verbose: boolean
    }
  | {
      readonly tag: 'many'
      readonly seed: number
      readonly many: number
      readonly jobs: number
      readonly scenario?: ScenarioName
      readonly size?: SizeRange
    }
  | { readonly tag: 'survivors'; readonly seed: number; readonly nodes: number }
  | { readonly tag: 'error'; readonly message: string }

const usage = [
  'usage: npm run sim -- --seed N [--nodes A-B] [--verbose | --many K [--jobs J]] [--json]',
  '| --scenario names --seed N [--nodes A-B] [--verbose | --many K [--jobs J]] [--json]',
  '| --scenario survivors [--seed N] [--nodes N] [--json]',
].join(' ')
const seedMax = 2 ** 32 - 1
const manyMax = 1_000_000
const jobsMax = 64
const nodesMin = 2
const nodesMax = 200
/** Of the scenario `survivors`. */
const survivorsDefault = 200

export function parseOptions(args: readonly string[]): SimOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        many: { type: 'string' },
        nodes: { type: 'string' },
        jobs: { type: 'string', default: '1' },
        scenario: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        // The result is one line of JSON in any case.
        json: { type: 'boolean', default: false },
      },
    })
    if (values.scenario !== undefined && values.scenario !== 'names') return scenarioOptions(values)
    const seed = whole('--seed', values.seed, 0, seedMax)
    const isNames = values.scenario === 'names'
    const drawn = {
      ...(isNames ? { scenario: 'names' as const } : {}),
      ...(values.nodes === undefined ? {} : { size: range('--nodes', values.nodes) }),
    }
    const { verbose } = values
    if (verbose && values.many !== undefined) {
      return refuse('--verbose shows one seed: leave out --many')
    }
    // The result of names is that of many seeds, and there may be one.
    const isOne = values.many === undefined && (verbose || !isNames)
    if (isOne) return { tag: 'one', seed, ...drawn, verbose }
    const many = whole('--many', values.many ?? '1', 1, manyMax)
    const jobs = whole('--jobs', values.jobs, 1, jobsMax)
    return { tag: 'many', seed, many, jobs, ...drawn }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

type Values = Readonly<Record<string, string | boolean | undefined>>

function scenarioOptions(values: Values): SimOptions {
  const { scenario, seed = '1', nodes = String(survivorsDefault) } = values
  if (scenario !== 'survivors') {
    return refuse(`--scenario must be names or survivors, got "${scenario}"`)
  }
  if (values.many !== undefined || values.verbose === true) {
    return refuse('--scenario goes with --seed and --nodes alone')
  }
  return {
    tag: 'survivors',
    seed: whole('--seed', String(seed), 0, seedMax),
    nodes: whole('--nodes', String(nodes), nodesMin, nodesMax),
  }
}

function whole(option: string, text: string | undefined, min: number, max: number): number {
  const value = Number(text)
  if (text !== undefined && /^\d+$/.test(text) && value >= min && value <= max) return value
  const got = text === undefined ? 'nothing' : JSON.stringify(text)
  throw new Error(`${option} must be a whole number from ${min} to ${max}, got ${got}`)
}

/** `30-60`, or `40` alone. */
function range(option: string, text: string): SizeRange {
  const [min = '', max = min, ...rest] = text.split('-')
  const least = whole(option, rest.length === 0 ? min : text, nodesMin, nodesMax)
  return { min: least, max: whole(option, max, least, nodesMax) }
}

function refuse(why: string): SimOptions {
  return { tag: 'error', message: `${why}; ${usage}` }
}

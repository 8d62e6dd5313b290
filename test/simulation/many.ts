/**
 * Many seeds, in as many OS processes as there are jobs. Each job asks for the next seed when it
 * is done with one, so that slow seeds hold nobody; a job that dies fails the seed it was at.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { diskFaults, type FaultCounts } from './faults.ts'
import { kindsOf, type NamedRun, replayOf, runNamed, type ScenarioName } from './named-run.ts'
import { clockFaults } from './run.ts'
import type { SeedResult } from './run-seed.ts'
import { faultKinds, type SizeRange } from './scenario.ts'

export type ManyResult = {
  readonly seeds: number
  readonly failed: readonly { readonly seed: number; readonly replay: string }[]
  readonly faults: FaultCounts
}

export type ManyOptions = {
  readonly first: number
  readonly count: number
  readonly jobs: number
  /** Default `mixed`. */
  readonly scenario?: ScenarioName
  /** Default: each seed draws its own. */
  readonly size?: SizeRange | undefined
  /** Results of an interrupted run of the same seeds. */
  readonly known?: readonly SeedResult[]
  /** Told of each seed as it is done, not of the known ones. */
  readonly onSeed: (result: SeedResult, done: number) => void
}

/** Below so many seeds chance alone may leave a kind of fault out. */
const enoughSeeds = 20
/** A kind of fault fires in two of three scenarios, a few times each: once in five is too few. */
const faultsPerSeedMin = 0.2
/** Clocks are right in many scenarios. */
const clockFaultsPerSeedMin = 0.1
/**
 * What a disk loses takes a crash in the right moment. Where names are looked at nothing is stored
 * but what nodes keep for themselves, and no more is asked of it than that it happens.
 */
const diskFaultsPerSeedMin: Readonly<Record<ScenarioName, number>> = { mixed: 0.1, names: 0.05 }
const seedDeadlineMs = 300_000

export async function runMany(options: ManyOptions): Promise<ManyResult> {
  const { first, count, jobs, scenario = 'mixed', size, known = [], onSeed } = options
  const run: NamedRun = { scenario, size }
  const failed: { seed: number; replay: string }[] = []
  const faults: FaultCounts = {}
  const isKnown = new Set(known.map(({ seed }) => seed))
  let next = first
  let done = 0
  const take = (): number | undefined => {
    while (isKnown.has(next)) next += 1
    return next < first + count ? next++ : undefined
  }
  const add = (result: SeedResult): void => {
    done += 1
    for (const [kind, fired] of Object.entries(result.faults)) {
      faults[kind] = (faults[kind] ?? 0) + fired
    }
    if (result.violations.length > 0) {
      failed.push({ seed: result.seed, replay: replayOf(result.seed, run) })
    }
  }
  const judge = (result: SeedResult): void => {
    add(result)
    onSeed(result, done)
  }
  for (const result of known) add(result)
  if (jobs === 1) {
    for (let seed = take(); seed !== undefined; seed = take()) judge(await runNamed(seed, run))
  } else {
    const workers = Math.min(jobs, count)
    await Promise.all(Array.from({ length: workers }, () => work(take, judge, run)))
  }
  failed.sort((a, b) => a.seed - b.seed)
  return { seeds: done, failed, faults }
}

/** Kinds of faults that fired too seldom for the run to prove anything. */
export function rareFaults(
  { seeds, faults }: ManyResult,
  scenario: ScenarioName = 'mixed',
): readonly string[] {
  if (seeds < enoughSeeds) return []
  const rare = (kinds: readonly string[], perSeedMin: number): readonly string[] =>
    kinds.filter((kind) => (faults[kind] ?? 0) < seeds * perSeedMin)
  return [
    ...rare([...faultKinds, ...kindsOf(scenario)], faultsPerSeedMin),
    ...rare(diskFaults, diskFaultsPerSeedMin[scenario]),
    ...rare(clockFaults, clockFaultsPerSeedMin),
  ]
}

/** One job: an OS process after the other, until no seed is left. */
async function work(
  take: () => number | undefined,
  judge: (result: SeedResult) => void,
  run: NamedRun,
): Promise<void> {
  let child: ChildProcess | undefined
  for (let seed = take(); seed !== undefined; seed = take()) {
    child ??= startJob()
    const result = await ask(child, seed, run)
    if (result.tag === 'ok') judge(result.result)
    else {
      child.kill('SIGKILL')
      child = undefined
      judge(lost(seed, result.why))
    }
  }
  child?.kill()
}

function startJob(): ChildProcess {
  const file = fileURLToPath(new URL('./job.ts', import.meta.url))
  return spawn(process.execPath, [...process.execArgv, file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

type Reply =
  | { readonly tag: 'ok'; readonly result: SeedResult }
  | { readonly tag: 'lost'; readonly why: string }

function ask(child: ChildProcess, seed: number, run: NamedRun): Promise<Reply> {
  return new Promise((resolve) => {
    const settle = (reply: Reply): void => {
      clearTimeout(timer)
      child.removeAllListeners()
      resolve(reply)
    }
    const timer = setTimeout(
      () => settle({ tag: 'lost', why: `no result within ${seedDeadlineMs} ms` }),
      seedDeadlineMs,
    )
    child.once('message', (result: SeedResult) => settle({ tag: 'ok', result }))
    child.once('exit', (code) => settle({ tag: 'lost', why: `its process ended with ${code}` }))
    child.send({ seed, run })
  })
}

function lost(seed: number, why: string): SeedResult {
  const nothing = { nodes: 0, virtualMs: 0, events: 0, digest: '', wallMs: 0, faults: {}, tail: [] }
  return { ...nothing, seed, violations: [why] }
}

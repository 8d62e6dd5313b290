/** The scenarios that many seeds are run of, by name; each seed draws the rest. */
import { namesKinds } from './names/extension.ts'
import { runNames } from './names/run.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import type { SizeRange } from './scenario.ts'

/** `mixed`: everything at once, what `npm run sim` does unless told. */
export type ScenarioName = 'mixed' | 'names'

export type NamedRun = {
  readonly scenario: ScenarioName
  /** Default: each seed draws its own. */
  readonly size?: SizeRange | undefined
}

export function runNamed(
  seed: number,
  { scenario, size }: NamedRun,
  onLine?: (line: string) => void,
): Promise<SeedResult> {
  const options = { size, ...(onLine === undefined ? {} : { onLine }) }
  return scenario === 'names' ? runNames(seed, options) : runSeed(seed, options)
}

export function replayOf(seed: number, { scenario, size }: NamedRun): string {
  const which = scenario === 'mixed' ? '' : ` --scenario ${scenario}`
  const nodes = size === undefined ? '' : ` --nodes ${size.min}-${size.max}`
  return `npm run sim --${which} --seed ${seed}${nodes} --verbose`
}

/** What must have happened, beside the faults, for a run of many seeds to prove anything. */
export function kindsOf(scenario: ScenarioName): readonly string[] {
  return scenario === 'names' ? namesKinds : []
}

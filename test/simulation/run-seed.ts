/**
 * Runs one seed: turmoil, then the liveness phase, in which everything is healed and what was
 * promised must come true within a bounded virtual time; then every node is stopped in order.
 */
import { Simulation } from '../../src/testing/index.ts'
import type { MakeChecker } from './checkers/checker.ts'
import { allCheckers } from './checkers/index.ts'
import type { MakeExtension } from './extension.ts'
import { allExtensions } from './extensions/index.ts'
import type { FaultCounts } from './faults.ts'
import { Run } from './run.ts'
import { drawScenario, type Scenario, type SizeRange } from './scenario.ts'

export type SeedResult = {
  readonly seed: number
  readonly nodes: number
  readonly virtualMs: number
  readonly events: number
  readonly digest: string
  readonly violations: readonly string[]
  readonly faults: FaultCounts
  /** What it took, by the host's clock. */
  readonly wallMs: number
  /** Last lines of the log, for a failure. */
  readonly tail: readonly string[]
}

export type RunOptions = {
  /** Default: drawn. */
  readonly size?: SizeRange | undefined
  /** Default: drawn for that size. */
  readonly scenario?: Scenario
  readonly checkers?: readonly MakeChecker[]
  readonly extensions?: readonly MakeExtension[]
  readonly onLine?: (line: string) => void
}

export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  const { size, checkers = allCheckers, extensions = allExtensions } = options
  const startedAt = performance.now()
  const { scenario = drawScenario(seed, size) } = options
  const { nodes, tickMs, idleTimeoutMs } = scenario
  const sim = new Simulation({ seed, nodes, tickMs, idleTimeoutMs })
  sim.log.onLine = options.onLine
  const run = new Run(sim, scenario, checkers, extensions)
  let faults: FaultCounts = {}
  try {
    faults = await run.turmoil()
    await run.liveness()
    await run.end()
  } catch (error) {
    run.witness.accuse(error instanceof Error ? error.message : String(error))
    run.witness.finish()
  }
  sim.close()
  const { violations } = run.witness
  const { count, digest, tail } = sim.log
  return {
    seed,
    nodes: nodes.length,
    virtualMs: sim.world.nowMs,
    events: count,
    digest,
    violations,
    faults,
    wallMs: performance.now() - startedAt,
    tail,
  }
}

/**
 * The scenario `names`: a cluster under all the faults of the others, whose processes have names of
 * every kind: registered with metadata and without, servers started under via names, global ones
 * that several want, members of groups.
 */

import type { MakeExtension } from '../extension.ts'
import { cluster } from '../extensions/cluster.ts'
import type { FaultCounts } from '../faults.ts'
import { runSeed, type SeedResult } from '../run-seed.ts'
import { drawScenario, type SizeRange } from '../scenario.ts'
import { drawNames } from './draw.ts'
import { names } from './extension.ts'

export type NamesOptions = {
  /** Bounds of the number of nodes. Default 30 to 50. */
  readonly size?: SizeRange | undefined
  /** On all nodes together. Default 1,000. */
  readonly count?: number
  readonly onLine?: (line: string) => void
}

export const namesSize: SizeRange = { min: 30, max: 50 }
export const namesCount = 1_000

export async function runNames(seed: number, options: NamesOptions = {}): Promise<SeedResult> {
  const { size = namesSize, count = namesCount, onLine } = options
  let counts: FaultCounts = {}
  const result = await runSeed(seed, {
    // What agents do to each other is seen by the other scenarios.
    scenario: { ...drawScenario(seed, size), agentsPerNode: 0 },
    extensions: [
      withReplicas(count),
      names(count, (given) => {
        counts = given
      }),
    ],
    ...(onLine === undefined ? {} : { onLine }),
  })
  return { ...result, faults: { ...result.faults, ...counts } }
}

/** The cluster, with the periods drawn for its tables. */
function withReplicas(count: number): MakeExtension {
  return (sim, witness, scenario) => {
    const { replica } = drawNames(scenario.seed, scenario.nodes, count)
    const made = cluster(sim, witness, scenario)
    return {
      ...made,
      bootOptions(name) {
        const options = made.bootOptions?.(name) ?? {}
        return { ...options, cluster: { ...options.cluster, replica } }
      },
    }
  }
}

/**
 * One seed draws the whole scenario: how many nodes, the timings, what the workload does how
 * often, which kinds of faults come and how often. Each kind is left out of some scenarios
 * altogether, because what all of them do together hides what one alone would show.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import type { Weights } from './workload/agent.ts'

export type FaultKind =
  | 'crash'
  | 'stop'
  | 'partition'
  | 'oneWay'
  | 'path'
  | 'heal'
  | 'disconnectAll'
  /** A process of dist is killed: the net kernel, the supervisor of the links, or one link. */
  | 'distCrash'

export const faultKinds: readonly FaultKind[] = [
  'crash',
  'stop',
  'partition',
  'oneWay',
  'path',
  'heal',
  'disconnectAll',
  'distCrash',
]

export type Scenario = {
  readonly seed: number
  readonly nodes: readonly string[]
  readonly agentsPerNode: number
  readonly tickMs: number
  readonly idleTimeoutMs: number
  /** Wall clocks are wrong by up to this, either way. */
  readonly skewMaxMs: number
  /** How long faults come. */
  readonly turmoilMs: number
  /** Mean time between two faults. */
  readonly faultEveryMs: number
  readonly faults: Readonly<Record<FaultKind, number>>
  /** Bounds for the loss and the delay of a bad path. */
  readonly lossMax: number
  readonly delayMaxMs: number
  readonly weights: Weights
  readonly restMaxMs: number
  readonly largeOneIn: number
}

const nodesMax = 10

export function drawScenario(seed: number): Scenario {
  // A stream of its own: what the run draws must not depend on how much is drawn here.
  const random = seededRandom(seed ^ 0x5ce7a210)
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[below(choices.length)] ?? choices[0]
  // Small clusters are where most races are; large ones are rare and slow.
  const count = pick(2, 2, 2, 3, 3, 4, 5, 2 + below(nodesMax - 1))
  return {
    seed,
    nodes: Array.from({ length: count }, (_, i) => `n${i + 1}@h${i + 1}`),
    agentsPerNode: count > 5 ? 1 : 1 + below(3),
    tickMs: pick(50, 100, 250, 500),
    idleTimeoutMs: pick(1_000, 3_000, 10_000),
    skewMaxMs: pick(0, 0, 12_000),
    turmoilMs: 8_000 + below(12_000),
    faultEveryMs: pick(150, 500, 1_500, 3_000),
    faults: {
      crash: sometimes(random, 3),
      stop: sometimes(random, 2),
      partition: sometimes(random, 3),
      oneWay: sometimes(random, 3),
      path: sometimes(random, 3),
      heal: 2,
      disconnectAll: sometimes(random, 3),
      distCrash: sometimes(random, 2),
    },
    lossMax: pick(0, 0.05, 0.3),
    delayMaxMs: pick(1, 20, 200),
    weights: {
      rest: 1,
      send: 1 + below(5),
      call: below(4),
      calls: below(4),
      monitor: below(4),
      demonitor: below(2),
      link: below(3),
      unlink: below(3),
      spawn: below(4),
      exit: sometimes(random, 1),
      disconnect: sometimes(random, 1) / 2,
      crash: sometimes(random, 1) / 4,
    },
    restMaxMs: pick(5, 50, 400),
    largeOneIn: pick(8, 30, 1_000),
  }
}

/** 0 in one of three scenarios, up to `max` in the others. */
function sometimes(random: Random, max: number): number {
  return random.unit() < 1 / 3 ? 0 : max * (0.2 + 0.8 * random.unit())
}

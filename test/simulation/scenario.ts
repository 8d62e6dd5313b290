/**
 * One seed draws the whole scenario, swarm style: how many nodes and who knows whom, the timings,
 * what is wrong with the machines, what the workload does how often, which kinds of faults come and
 * how often. Each kind is left out of some scenarios altogether, because what all of them do
 * together hides what one alone would show.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { seededRandom } from '../../runtime/platform/sim.ts'
import { type ClusterDraw, drawCluster } from './cluster-draw.ts'
import { drawNeighbours, type Neighbours } from './topology.ts'
import type { Weights } from './workload/agent.ts'

/** Bounds of the number of nodes, both included. */
export type SizeRange = { readonly min: number; readonly max: number }

export type FaultKind =
  | 'crash'
  | 'stop'
  | 'partition'
  | 'oneWay'
  /** A node that is not heard by anybody, or hears nobody. */
  | 'mute'
  | 'deaf'
  /** One direction of one link loses and delays on its own. */
  | 'link'
  | 'path'
  | 'heal'
  /** A machine stands still for a while. */
  | 'pause'
  /** Every step of a machine takes its time for a while. */
  | 'slow'
  | 'clockStep'
  | 'disconnectAll'
  /** A process of dist is killed: the net kernel, the supervisor of the links, or one link. */
  | 'distCrash'

export const faultKinds: readonly FaultKind[] = [
  'crash',
  'stop',
  'partition',
  'oneWay',
  'mute',
  'deaf',
  'link',
  'path',
  'heal',
  'pause',
  'slow',
  'clockStep',
  'disconnectAll',
  'distCrash',
]

export type Scenario = {
  readonly seed: number
  readonly nodes: readonly string[]
  /** Whom a node talks to, most of the time. */
  readonly neighbours: Neighbours
  readonly agentsPerNode: number
  readonly tickMs: number
  readonly idleTimeoutMs: number
  /** Wall clocks are wrong by up to this at boot, either way. */
  readonly skewMaxMs: number
  /** Wall clocks jump by up to this, either way. */
  readonly stepMaxMs: number
  /** Clocks run too fast or too slow by up to this. */
  readonly driftMaxPpm: number
  /** The longest operation of the slowest disk. */
  readonly diskMaxMs: number
  /** The longest step of a slow machine, and for how long it is one. */
  readonly stepCostMaxMs: number
  readonly slowMaxMs: number
  readonly pauseMaxMs: number
  /** Nodes are spread over so many places. */
  readonly places: number
  /** One-way delay between two places, at most. */
  readonly farMaxMs: number
  /** How long faults come. */
  readonly turmoilMs: number
  /** Mean time between two faults. */
  readonly faultEveryMs: number
  readonly faults: Readonly<Record<FaultKind, number>>
  /** Bounds for the loss and the delay of a bad path. */
  readonly lossMax: number
  readonly delayMaxMs: number
  readonly cluster: ClusterDraw
  readonly weights: Weights
  readonly restMaxMs: number
  readonly largeOneIn: number
}

/** Up to so many nodes all talk to all. */
const fullMeshMax = 10
const large: SizeRange = { min: 30, max: 60 }

export function drawScenario(seed: number, size?: SizeRange): Scenario {
  // A stream of its own: what the run draws must not depend on how much is drawn here.
  const random = seededRandom(seed ^ 0x5ce7a210)
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[below(choices.length)] ?? choices[0]
  const within = ({ min, max }: SizeRange): number => min + below(max - min + 1)
  // Small clusters are where most races are; large ones are rare and slow.
  const drawn = pick(2, 2, 2, 3, 3, 4, 5, 2 + below(fullMeshMax - 1), 6, within(large))
  const count = size === undefined ? drawn : within(size)
  const many = count > fullMeshMax
  const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}@h${i + 1}`)
  const scenario = {
    seed,
    nodes,
    neighbours: drawNeighbours(random, nodes, many ? 3 + below(4) : count - 1),
    agentsPerNode: count > 5 ? 1 : 1 + below(3),
    tickMs: many ? pick(1_000, 2_000, 4_000) : pick(50, 100, 250, 500),
    idleTimeoutMs: pick(1_000, 3_000, 10_000),
    skewMaxMs: pick(0, 0, 12_000),
    stepMaxMs: pick(100, 10_000, 7_200_000),
    driftMaxPpm: pick(0, 200, 20_000),
    diskMaxMs: pick(0, 50, 300, 1_000),
    stepCostMaxMs: pick(0.2, 1, 4),
    slowMaxMs: 500 + below(4_000),
    pauseMaxMs: pick(100, 1_000, 8_000),
    places: pick(1, 1, 2, 3),
    farMaxMs: pick(5, 40, 150),
    turmoilMs: 8_000 + below(12_000),
    faultEveryMs: many ? pick(200, 600, 1_500) : pick(150, 500, 1_500, 3_000),
    faults: drawFaults(random),
    lossMax: pick(0, 0.05, 0.3),
    delayMaxMs: pick(1, 20, 200),
    weights: drawWeights(random),
    restMaxMs: many ? pick(200, 800, 3_000) : pick(5, 50, 400),
    largeOneIn: pick(8, 30, 1_000),
  }
  return { ...scenario, cluster: drawCluster(seed, nodes, { stepMaxMs: scenario.stepMaxMs, many }) }
}

function drawFaults(random: Random): Scenario['faults'] {
  return {
    crash: sometimes(random, 3),
    stop: sometimes(random, 2),
    partition: sometimes(random, 3),
    oneWay: sometimes(random, 2),
    mute: sometimes(random, 1),
    deaf: sometimes(random, 1),
    link: sometimes(random, 2),
    path: sometimes(random, 2),
    heal: 2,
    pause: sometimes(random, 2),
    slow: sometimes(random, 2),
    clockStep: sometimes(random, 2),
    disconnectAll: sometimes(random, 2),
    distCrash: sometimes(random, 2),
  }
}

function drawWeights(random: Random): Weights {
  const below = (limit: number): number => Math.floor(random.unit() * limit)
  return {
    rest: 1,
    send: 1 + below(5),
    call: below(4),
    calls: below(4),
    monitor: below(4),
    demonitor: below(2),
    link: below(3),
    unlink: below(3),
    spawn: below(4),
    extra: 3 + below(6),
    exit: sometimes(random, 1),
    disconnect: sometimes(random, 1) / 2,
    crash: sometimes(random, 1) / 4,
  }
}

/** 0 in one of three scenarios, up to `max` in the others. */
function sometimes(random: Random, max: number): number {
  return random.unit() < 1 / 3 ? 0 : max * (0.2 + 0.8 * random.unit())
}

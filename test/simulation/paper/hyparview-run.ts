/**
 * One run of the HyParView experiments (DSN 2007, section 5) with one seed and one profile of
 * rules: graph figures after the cycles; then, each time from that same overlay, simultaneous
 * failures, followed by messages before any membership cycle (figure 2), or by cycles with ten
 * broadcasts each until these reach as many of the living as before, less `healedPoints` or one
 * node (figure 4).
 *
 * How a node learns that a peer has crashed decides figure 2, so both ways are measured. `onClose`:
 * the channels of a crashed process close, as TCP's do, and every reaction to that comes before the
 * first message. `onSend`: nobody notices before it sends to the dead itself; a node that has sent
 * nothing counts dead peers as peers, until it is asked for room and checks them (`roomCheckMs`).
 * `onClose` decides, for it is what TCP and QUIC do and what the published figures come out of,
 * down to the 91 % at 95 % failed; `onSend` is printed beside it.
 */
import {
  clusteringCoefficient,
  inDegrees,
  oneWayEdges,
  sampleSources,
  shortestPaths,
  unreachable,
} from '../light/graph.ts'
import { contact, Overlay, type Profile } from './overlay.ts'

export type HyparviewPlan = {
  readonly nodes: number
  readonly cycles: number
  /** With skein's defaults, whose cycles take twice as many messages: fewer, to save time. */
  readonly ourCycles: number
  /** Messages after each failure. */
  readonly messages: number
  /** Nodes from which shortest paths are measured. */
  readonly pathSources: number
  /** Percent of nodes that fail, for the reliability and for the healing. */
  readonly failures: readonly number[]
  readonly healings: readonly number[]
  /** Healing is given up after so many cycles. */
  readonly healingCyclesMax: number
  /** Seeds above this one are measured for what is asked alone, to save time. */
  readonly wholeSeeds: number
  /** Percent of nodes that fail, of the healings that are asked for. */
  readonly askedHealings: readonly number[]
}

export type HyparviewFigures = {
  /** Right after the joins, before any cycle; and when every node has acted once. */
  readonly unreachableAtOnce: number
  readonly unreachable: number
  readonly clustering: number
  readonly averagePath: number
  /** Hops to the last node reached, over `stableMessages` broadcasts. */
  readonly lastHop: number
  readonly stableReliability: number
  readonly inDegree: number
  /** Percent of the nodes whose in-degree is the size of the active view. */
  readonly inDegreeFull: number
  readonly oneWayEdges: number
  /** By percent failed: mean percent of the living that a message reaches, noticing `onClose`. */
  readonly reliability: ReadonlyMap<number, number>
  /** The same noticing `onSend`; nothing where it was not measured. */
  readonly reliabilityOnSend: ReadonlyMap<number, number>
  /** By percent failed: cycles until healed. */
  readonly healing: ReadonlyMap<number, number>
  readonly happened: number
}

const stableMessages = 100
const broadcastsPerCycle = 10
/** A node all of whose peers and spares died is cut off for good under the paper's rules. */
export const healedPoints = 1

/** What one living node cut off costs: it gets no message, and nobody gets its own. */
export function pointsOfOne(nodes: number, percent: number): number {
  return 200 / (nodes - Math.round((nodes * percent) / 100))
}

export function runHyparview(
  plan: HyparviewPlan,
  seed: number,
  profile: Profile,
): HyparviewFigures {
  const overlay = new Overlay(plan.nodes, seed, profile)
  const cut = (): number => unreachable(overlay.membership.graph(), contact)
  overlay.joinAll()
  const unreachableAtOnce = cut()
  overlay.runCycles(1)
  const unreachableLater = cut()
  overlay.runCycles(plan.cycles - 1)
  const restore = overlay.keep()
  const fail = (percent: number): void => {
    restore(seed * 1_000 + percent)
    overlay.failPercent(percent)
  }
  const graph = graphFigures(overlay, plan, profile.options.activeSize)
  const reliability = new Map<number, number>()
  const reliabilityOnSend = new Map<number, number>()
  for (const percent of plan.failures) {
    if (seed <= plan.wholeSeeds) {
      fail(percent)
      reliabilityOnSend.set(percent, overlay.reliability(plan.messages))
    }
    fail(percent)
    overlay.noticeClosedChannels()
    reliability.set(percent, overlay.reliability(plan.messages))
  }
  const healing = new Map<number, number>()
  for (const percent of seed <= plan.wholeSeeds ? plan.healings : plan.askedHealings) {
    fail(percent)
    const wanted =
      graph.stableReliability - Math.max(healedPoints, pointsOfOne(plan.nodes, percent))
    healing.set(percent, cyclesToHeal(overlay, wanted, plan.healingCyclesMax))
  }
  return {
    unreachableAtOnce,
    unreachable: unreachableLater,
    ...graph,
    reliability,
    reliabilityOnSend,
    healing,
    happened: overlay.engine.happened,
  }
}

function graphFigures(overlay: Overlay, plan: HyparviewPlan, activeSize: number) {
  const graph = overlay.membership.graph()
  const degrees = inDegrees(graph)
  const sources = sampleSources(graph, plan.pathSources, overlay.random)
  const stableReliability = overlay.reliability(stableMessages)
  let hops = 0
  for (const source of sampleSources(graph, stableMessages, overlay.random)) {
    hops += overlay.flood.run(source).lastHop
  }
  return {
    clustering: clusteringCoefficient(graph),
    averagePath: shortestPaths(graph, sources).average,
    lastHop: hops / Math.min(stableMessages, graph.size),
    stableReliability,
    inDegree: graph.targets.length / graph.size,
    inDegreeFull: (100 * (degrees[activeSize] ?? 0)) / graph.size,
    oneWayEdges: oneWayEdges(graph),
  }
}

/** The first cycle after the failure whose broadcasts reach as many as before; max + 1 if none. */
function cyclesToHeal(overlay: Overlay, wanted: number, cyclesMax: number): number {
  for (let cycle = 1; cycle <= cyclesMax; cycle++) {
    overlay.runCycles(1)
    if (overlay.reliability(broadcastsPerCycle) >= wanted) return cycle
  }
  return cyclesMax + 1
}

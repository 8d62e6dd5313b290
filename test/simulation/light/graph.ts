/**
 * Measures of an overlay as a directed graph in typed arrays. The definitions are those of the
 * HyParView paper: clustering and in-degree over the active views as they stand, shortest paths
 * over the directed edges, averaged over the pairs that have one.
 */
import type { Random } from '../../../runtime/platform/platform.ts'
import { drawSome } from './node-random.ts'

/** Node `v` points to `targets[offsets[v]]` up to, without, `targets[offsets[v + 1]]`. */
export type Graph = {
  readonly size: number
  readonly offsets: Int32Array
  readonly targets: Int32Array
}

export type Edges = (node: number) => readonly number[]

export function buildGraph(size: number, edges: Edges): Graph {
  const offsets = new Int32Array(size + 1)
  const targets: number[] = []
  for (let node = 0; node < size; node++) {
    for (const target of edges(node)) targets.push(target)
    offsets[node + 1] = targets.length
  }
  return { size, offsets, targets: Int32Array.from(targets) }
}

/** The same nodes with every edge turned round. */
export function reversed({ size, offsets, targets }: Graph): Graph {
  const turnedOffsets = new Int32Array(size + 1)
  for (const target of targets) turnedOffsets[target + 1]!++
  for (let node = 0; node < size; node++) turnedOffsets[node + 1]! += turnedOffsets[node]!
  const next = turnedOffsets.slice()
  const turned = new Int32Array(targets.length)
  for (let node = 0; node < size; node++) {
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
      turned[next[targets[at]!]!++] = node
    }
  }
  return { size, offsets: turnedOffsets, targets: turned }
}

/**
 * For each node the part of the pairs of its neighbours that are neighbours of each other, averaged
 * over all nodes; a node with fewer than two neighbours counts as 0. Edges count in both
 * directions.
 */
export function clusteringCoefficient(graph: Graph): number {
  const neighbours = neighbourSets(graph)
  let sum = 0
  for (const mine of neighbours) {
    const peers = [...mine]
    let linked = 0
    for (let a = 0; a < peers.length; a++) {
      for (let b = a + 1; b < peers.length; b++) if (neighbours[peers[a]!]!.has(peers[b]!)) linked++
    }
    if (peers.length > 1) sum += (2 * linked) / (peers.length * (peers.length - 1))
  }
  return graph.size === 0 ? 0 : sum / graph.size
}

function neighbourSets({ size, offsets, targets }: Graph): Set<number>[] {
  const sets = Array.from({ length: size }, () => new Set<number>())
  for (let node = 0; node < size; node++) {
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
      const target = targets[at]!
      if (target === node) continue
      sets[node]!.add(target)
      sets[target]!.add(node)
    }
  }
  return sets
}

/** Hops from `source` to every node; -1 where there is no way. `queue` is scratch of equal size. */
export function hopsFrom(
  graph: Graph,
  source: number,
  hops: Int32Array,
  queue: Int32Array,
): number {
  const { offsets, targets } = graph
  hops.fill(-1)
  hops[source] = 0
  queue[0] = source
  let length = 1
  for (let head = 0; head < length; head++) {
    const node = queue[head]!
    const next = hops[node]! + 1
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
      const target = targets[at]!
      if (hops[target] !== -1) continue
      hops[target] = next
      queue[length++] = target
    }
  }
  return length
}

export type Paths = {
  /** Mean hops over the pairs that have a way; 0 if none has. */
  readonly average: number
  /** Ordered pairs without a way, among those looked at. */
  readonly missing: number
  /** The longest shortest path seen. */
  readonly longest: number
}

/** Shortest paths from `sources` to every other node. */
export function shortestPaths(graph: Graph, sources: readonly number[]): Paths {
  const hops = new Int32Array(graph.size)
  const queue = new Int32Array(graph.size)
  let sum = 0
  let pairs = 0
  let missing = 0
  let longest = 0
  for (const source of sources) {
    const reached = hopsFrom(graph, source, hops, queue)
    for (let at = 0; at < reached; at++) sum += hops[queue[at]!]!
    longest = Math.max(longest, hops[queue[reached - 1]!]!)
    pairs += reached - 1
    missing += graph.size - reached
  }
  return { average: pairs === 0 ? 0 : sum / pairs, missing, longest }
}

/** At most `count` sources, drawn without repetition. */
export function sampleSources(graph: Graph, count: number, random: Random): number[] {
  return drawSome(random, graph.size, count)
}

/** How many nodes have each in-degree: `[d]` is the number of nodes that d others point to. */
export function inDegrees({ size, targets }: Graph): number[] {
  const degrees = new Int32Array(size)
  for (const target of targets) degrees[target]!++
  const counts: number[] = []
  for (const degree of degrees) {
    while (counts.length <= degree) counts.push(0)
    counts[degree]!++
  }
  return counts
}

/** Nodes that `source` cannot reach, or that cannot reach it. */
export function unreachable(graph: Graph, source: number): number {
  const forth = new Int32Array(graph.size)
  const back = new Int32Array(graph.size)
  const queue = new Int32Array(graph.size)
  hopsFrom(graph, source, forth, queue)
  hopsFrom(reversed(graph), source, back, queue)
  let cut = 0
  for (let node = 0; node < graph.size; node++) if (forth[node] === -1 || back[node] === -1) cut++
  return cut
}

/** Edges whose other end does not point back. */
export function oneWayEdges({ size, offsets, targets }: Graph): number {
  const pointsBack = (from: number, to: number): boolean => {
    for (let at = offsets[from]!; at < offsets[from + 1]!; at++) if (targets[at] === to) return true
    return false
  }
  let count = 0
  for (let node = 0; node < size; node++) {
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
      if (!pointsBack(targets[at]!, node)) count++
    }
  }
  return count
}

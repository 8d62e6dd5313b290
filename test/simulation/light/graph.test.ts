/** The graph measures, against graphs whose figures are known and against slow definitions. */
import { assert, suite } from '../../support/harness.ts'
import {
  buildGraph,
  clusteringCoefficient,
  type Graph,
  inDegrees,
  oneWayEdges,
  reversed,
  sampleSources,
  shortestPaths,
  unreachable,
} from './graph.ts'
import { nodeRandoms } from './node-random.ts'

const test = suite('light simulation: graph measures')

const everyNode = (graph: Graph): number[] => Array.from({ length: graph.size }, (_, node) => node)
const complete = (size: number): Graph =>
  buildGraph(size, (node) => everyNumber(size).filter((other) => other !== node))
const ring = (size: number): Graph =>
  buildGraph(size, (node) => [(node + 1) % size, (node + size - 1) % size])
const everyNumber = (size: number): number[] => Array.from({ length: size }, (_, at) => at)

test('a complete graph: everybody knows everybody, one hop away', () => {
  const graph = complete(6)
  assert.is(clusteringCoefficient(graph), 1)
  assert.equal(shortestPaths(graph, everyNode(graph)), { average: 1, missing: 0, longest: 1 })
  assert.equal(inDegrees(graph), [0, 0, 0, 0, 0, 6])
  assert.is(unreachable(graph, 0), 0)
  assert.is(oneWayEdges(graph), 0)
})

test('a ring of ten: no triangle, 25 / 9 hops on average', () => {
  const graph = ring(10)
  assert.is(clusteringCoefficient(graph), 0)
  const { average, missing, longest } = shortestPaths(graph, everyNode(graph))
  assert.is(average, 25 / 9)
  assert.is(missing, 0)
  assert.is(longest, 5)
  assert.equal(inDegrees(graph), [0, 0, 10])
})

test('a triangle with a tail: each node its own part', () => {
  const edges = [[1, 2, 3], [0, 2], [0, 1], [0]]
  const graph = buildGraph(4, (node) => edges[node]!)
  assert.ok(Math.abs(clusteringCoefficient(graph) - (1 / 3 + 1 + 1 + 0) / 4) < 1e-12)
})

test('edges of one direction: counted, turned round, and in the way of who is reached', () => {
  const edges = [[1], [2], [], [0]]
  const graph = buildGraph(4, (node) => edges[node]!)
  assert.is(oneWayEdges(graph), 3)
  assert.equal([...reversed(graph).targets], [3, 0, 1])
  assert.equal([...reversed(graph).offsets], [0, 1, 2, 3, 3])
  assert.is(unreachable(graph, 0), 3)
  assert.equal(shortestPaths(graph, [0]), { average: 1.5, missing: 1, longest: 2 })
  assert.equal(inDegrees(graph), [1, 3])
})

test('two islands are seen', () => {
  const graph = buildGraph(6, (node) => [node < 3 ? (node + 1) % 3 : 3 + ((node - 2) % 3)])
  assert.is(unreachable(graph, 0), 3)
  assert.is(shortestPaths(graph, [0, 3]).missing, 6)
})

test('an empty graph and one without edges have figures too', () => {
  assert.is(clusteringCoefficient(buildGraph(0, () => [])), 0)
  const lonely = buildGraph(3, () => [])
  assert.is(clusteringCoefficient(lonely), 0)
  assert.equal(shortestPaths(lonely, [1]), { average: 0, missing: 2, longest: 0 })
  assert.is(unreachable(lonely, 1), 2)
})

test('drawn graphs: paths and clustering as their definitions give them', () => {
  for (const [seed, random] of nodeRandoms(7, 20).entries()) {
    const size = 5 + Math.floor(random.unit() * 20)
    const linked = everyNumber(size).map((node) =>
      everyNumber(size).filter((other) => other !== node && random.unit() < 0.2),
    )
    const graph = buildGraph(size, (node) => linked[node]!)
    const { average, missing } = shortestPaths(graph, everyNode(graph))
    const slow = slowPaths(linked)
    assert.ok(Math.abs(average - slow.average) < 1e-9, `seed ${seed}`)
    assert.is(missing, slow.missing)
    assert.ok(Math.abs(clusteringCoefficient(graph) - slowClustering(linked)) < 1e-9)
  }
})

test('a sample of sources has no node twice and gives nearly the figure of all', () => {
  const graph = ring(400)
  const sources = sampleSources(graph, 50, nodeRandoms(3, 1)[0]!)
  assert.is(new Set(sources).size, 50)
  assert.is(sampleSources(graph, 1_000, nodeRandoms(3, 1)[0]!).length, 400)
  const all = shortestPaths(graph, everyNode(graph)).average
  assert.ok(Math.abs(shortestPaths(graph, sources).average - all) < 1e-9)
})

/** Floyd and Warshall. */
function slowPaths(linked: readonly (readonly number[])[]): { average: number; missing: number } {
  const all = everyNumber(linked.length)
  const far = all.map((a) =>
    all.map((b) => (a === b ? 0 : linked[a]!.includes(b) ? 1 : Number.POSITIVE_INFINITY)),
  )
  for (const via of all) {
    for (const a of all) {
      for (const b of all) far[a]![b] = Math.min(far[a]![b]!, far[a]![via]! + far[via]![b]!)
    }
  }
  const pairs = all.flatMap((a) => all.filter((b) => b !== a).map((b) => far[a]![b]!))
  const known = pairs.filter(Number.isFinite)
  const sum = known.reduce((total, hops) => total + hops, 0)
  return { average: known.length ? sum / known.length : 0, missing: pairs.length - known.length }
}

function slowClustering(linked: readonly (readonly number[])[]): number {
  const all = everyNumber(linked.length)
  const joined = (a: number, b: number): boolean => linked[a]!.includes(b) || linked[b]!.includes(a)
  const parts = all.map((node) => {
    const peers = all.filter((other) => joined(node, other))
    const pairs = peers.flatMap((a) => peers.filter((b) => b > a).map((b) => joined(a, b)))
    return pairs.length === 0 ? 0 : pairs.filter(Boolean).length / pairs.length
  })
  return parts.reduce((total, part) => total + part, 0) / linked.length
}

test.run()

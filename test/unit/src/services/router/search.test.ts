/** The search rule on graphs of every shape: what is in reach is found, and all ends in time. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import {
  type Arrival,
  type ArrivalEnv,
  arrive,
  stepSearch,
} from '../../../../../src/services/router/search.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { goal, nameOf, pidOn, SearchNetwork } from './search-network.ts'

const test = suite('search rule')

const size = 10
const place = fc.nat(size - 1)
const edges = fc.uniqueArray(
  fc.tuple(place, place).filter(([a, b]) => a < b),
  { minLength: 4, maxLength: 24, selector: ([a, b]) => a * size + b },
)
const places = fc.uniqueArray(place, { maxLength: 3 }).map((them) => new Set(them))
const honest = {
  size,
  liars: new Map<number, string>(),
  silent: new Set<number>(),
  roundTripMs: 0,
} as const

test('a service is found if and only if it is within five hops', () => {
  fc.assert(
    fc.property(edges, places, (edges, holders) => {
      const network = new SearchNetwork({ ...honest, edges, holders })
      const reach = network.within(0, limits.routeTtl, () => true)
      const outcome = network.search(0)
      const isThere = [...holders].some((holder) => reach.has(holder))
      assert.is(outcome.tag === 'found', isThere, JSON.stringify(outcome))
      if (outcome.tag === 'found') assert.is(holders.has(Number(outcome.node[1])), true)
    }),
    { numRuns: 500 },
  )
})

test('nobody on the way is asked, and each node hands a search on a few times at most', () => {
  fc.assert(
    fc.property(edges, (edges) => {
      const network = new SearchNetwork({ ...honest, edges, holders: new Set() })
      network.search(0)
      for (const { from, to, trail } of network.asks) {
        assert.not(trail.visited.includes(to))
        assert.is(trail.visited.at(-1), from)
        assert.ok(trail.visited.length + trail.ttl <= limits.routeTtl)
      }
      assert.ok(network.asks.length <= 2 * edges.length * limits.routeTtl)
    }),
    { numRuns: 300 },
  )
})

test('however slow and silent the others are, it ends by its deadline', () => {
  const slow = fc.record({ edges, holders: places, silent: places, roundTripMs: fc.nat(3_000) })
  fc.assert(
    fc.property(slow, (drawn) => {
      const network = new SearchNetwork({ ...honest, ...drawn })
      network.search(0)
      assert.ok(network.nowMs <= limits.routeDeadlineMs, `${network.nowMs} ms`)
    }),
    { numRuns: 500 },
  )
})

test('silent neighbours hide nothing from those who answer', () => {
  // Star: all but one never answer.
  const edges = Array.from({ length: 6 }, (_, at) => [0, at + 1] as const)
  const graph = { ...honest, edges, holders: new Set([6]), silent: new Set([1, 2, 3, 4, 5]) }
  const outcome = new SearchNetwork({ ...graph, roundTripMs: 10 }).search(0)
  assert.is(outcome.tag === 'found' && outcome.node, nameOf(6))
})

const lies = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: size - 1 }), fc.nat(size + 2)), {
  maxLength: 3,
  selector: ([liar]) => liar,
})

test('a lie is never taken for found', () => {
  fc.assert(
    fc.property(edges, places, lies, (edges, drawn, lies) => {
      const liars = new Map(lies.map(([liar, about]) => [liar, nameOf(about)]))
      const holders = new Set([...drawn].filter((holder) => !liars.has(holder)))
      const outcome = new SearchNetwork({ ...honest, edges, holders, liars }).search(0)
      if (outcome.tag === 'error' || outcome.via !== undefined) return
      const said = Number(outcome.node.slice(1, outcome.node.indexOf('@')))
      // A liar may speak for itself: that is its own service.
      assert.ok(holders.has(said) || liars.get(said) === outcome.node, outcome.node)
    }),
    { numRuns: 1_000 },
  )
})

test('lying neighbours hide nothing that the others lead to', () => {
  fc.assert(
    fc.property(edges, places, lies, (drawn, holding, lies) => {
      const liars = new Map(lies.map(([liar, about]) => [liar, nameOf(about)]))
      const isLying = (at: number): boolean => liars.has(at)
      const edges = drawn.filter(([a, b]) => a === 0 || !(isLying(a) || isLying(b)))
      const holders = new Set([...holding].filter((holder) => !isLying(holder)))
      const network = new SearchNetwork({ ...honest, edges, holders, liars })
      const reach = network.within(0, limits.routeTtl, (at) => !isLying(at))
      const isThere = [...holders].some((holder) => reach.has(holder))
      const outcome = network.search(0)
      assert.ok(!isThere || (outcome.tag === 'found' && outcome.via === undefined))
    }),
    { numRuns: 1_000 },
  )
})

const arrival: Arrival = { goal, id: 'x', own: false, ttl: 3, visited: ['a@h'], leftMs: 1_000 }
const env: ArrivalEnv = {
  self: 's@h',
  nowMs: 0,
  here: undefined,
  seenTtl: undefined,
  full: false,
  neighbours: ['a@h', 'b@h'],
}

function refusal(given: Partial<Arrival>, surroundings: Partial<ArrivalEnv>): unknown {
  const step = arrive({ ...arrival, ...given }, { ...env, ...surroundings })
  return step.tag === 'answer' && step.result.tag === 'error' ? step.result.reason : step.tag
}

test('why a hop answers at once', () => {
  const here = { tag: 'found', node: 's@h', pid: pidOn('s@h') } as const
  assert.is(refusal({}, {}), 'ask')
  assert.is(refusal({ visited: ['s@h', 'a@h'] }, {}), 'relayLoop')
  assert.is(refusal({ visited: ['s@h', 'a@h'] }, { here }), 'relayLoop')
  assert.is(refusal({}, { here }), 'answer')
  assert.is(refusal({}, { here, full: true, seenTtl: 5 }), 'answer')
  assert.is(refusal({}, { seenTtl: 3 }), 'notFound')
  assert.is(refusal({}, { seenTtl: 2 }), 'ask')
  assert.is(refusal({ ttl: 0 }, {}), 'ttlExpired')
  assert.is(refusal({ ttl: 0 }, { neighbours: ['a@h'] }), 'notFound')
  assert.is(refusal({}, { neighbours: ['a@h'] }), 'notFound')
  assert.is(refusal({}, { full: true }), 'overloaded')
})

test('the most hopeful failure is told', () => {
  const neighbours = ['b@h', 'c@h', 'd@h']
  let step = arrive(arrival, { ...env, neighbours })
  for (const reason of ['ttlExpired', 'timeout', 'notFound'] as const) {
    if (step.tag !== 'ask') throw new Error(step.tag)
    step = stepSearch(step.search, { tag: 'replied', result: { tag: 'error', reason } }, 0)
  }
  assert.equal(step, { tag: 'failed', reason: 'timeout', doubted: undefined })
})

test('what is said of a third node is asked of that node, and doubted if it is not so', () => {
  const own = { ...arrival, own: true, visited: [], ttl: limits.routeTtl }
  const begun = arrive(own, { ...env, neighbours: ['b@h', 'c@h'] })
  if (begun.tag !== 'ask') throw new Error(begun.tag)
  const found = { tag: 'found', node: 'z@h', pid: pidOn('z@h') } as const
  const step = stepSearch(begun.search, { tag: 'replied', result: found }, 0)
  if (step.tag !== 'confirm') throw new Error(step.tag)
  assert.is(step.node, 'z@h')
  assert.equal(step.trail.visited, ['s@h'])
  assert.is(step.trail.ttl, 0)
  const confirmed = stepSearch(step.search, { tag: 'replied', result: found }, 0)
  assert.is(confirmed.tag === 'found' && confirmed.via, undefined)
  const denied = { tag: 'error', reason: 'ttlExpired' } as const
  const next = stepSearch(step.search, { tag: 'replied', result: denied }, 0)
  assert.is(next.tag === 'ask' && next.node, 'c@h')
  const unreached = stepSearch(step.search, { tag: 'lost' }, 0)
  if (unreached.tag !== 'ask') throw new Error(unreached.tag)
  const end = stepSearch(unreached.search, { tag: 'late' }, 0)
  assert.is(end.tag === 'found' && end.via, 'b@h')
})

test.run()

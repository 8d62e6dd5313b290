/** What a router keeps: ways, searches it has seen, work for others. All of it is bounded. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import { RouteCache } from '../../../../../src/services/router/cache.ts'
import { InFlight } from '../../../../../src/services/router/in-flight.ts'
import { type HopEnv, nextHop } from '../../../../../src/services/router/next-hop.ts'
import { SeenSearches } from '../../../../../src/services/router/seen.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('tables of a router')

const way = { node: 'c@h', via: 'b@h' }

test('a way is given until it is old, and swept when it is (RTR-04)', () => {
  const cache = new RouteCache()
  cache.put('sx', way, 0)
  const lastMs = limits.routeCacheTtlMs - 1
  assert.equal(cache.service('sx', lastMs), way)
  assert.is(cache.node('c@h', lastMs), 'b@h')
  cache.put('sy', way, 10)
  cache.sweep(limits.routeCacheTtlMs)
  assert.is(cache.service('sx', lastMs), undefined)
  assert.equal(cache.service('sy', lastMs), way)
  assert.is(cache.service('sy', limits.routeCacheTtlMs + 10), undefined)
  assert.not(cache.has('sy'))
  assert.not(cache.has(undefined))
})

test('ways go with their service, their node and their neighbour (RTR-03)', () => {
  const cache = new RouteCache()
  cache.put('sx', way, 0)
  cache.dropService('sx', 'd@h')
  assert.ok(cache.has('sx'))
  cache.dropService('sx', 'c@h')
  assert.not(cache.has('sx'))
  for (const gone of ['c@h', 'b@h']) {
    cache.put('sx', way, 0)
    cache.put('sother', { node: 'd@h', via: 'e@h' }, 0)
    cache.dropNode(gone)
    assert.is(cache.size, 2, `what has to do with ${gone} is dropped, the other way is kept`)
    assert.ok(cache.has('sother'))
    cache.clear()
    assert.is(cache.size, 0)
  }
  cache.put('sx', way, 0)
  cache.dropWay('c@h', 'd@h')
  assert.is(cache.node('c@h', 1), 'b@h')
  cache.dropWay('c@h', 'b@h')
  assert.is(cache.node('c@h', 1), undefined)
})

test('there are never more ways than the limit, and the newest are kept', () => {
  const cache = new RouteCache()
  const count = limits.routeCacheMax + 500
  for (let at = 0; at < count; at++) cache.put(`s${at}`, { node: `n${at}@h`, via: 'b@h' }, at)
  assert.is(cache.services, limits.routeCacheMax)
  assert.is(cache.size, 2 * limits.routeCacheMax)
  assert.not(cache.has('s499'))
  assert.ok(cache.has('s500'))
})

test('searches are remembered for as long as one lasts, and so many of them', () => {
  const seen = new SeenSearches()
  seen.add('x', 3, 0)
  assert.is(seen.ttlOf('x', limits.routeDeadlineMs - 1), 3)
  assert.is(seen.ttlOf('x', limits.routeDeadlineMs), undefined)
  for (let at = 0; at < limits.routeSeenMax + 100; at++) seen.add(`s${at}`, 1, 1)
  assert.is(seen.size, limits.routeSeenMax)
  seen.add('late', 1, limits.routeDeadlineMs + 2)
  assert.is(seen.size, 1)
})

test('work for others is bounded in all and by node, and what is left makes room', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()))
  fc.assert(
    fc.property(steps, (steps) => {
      const inFlight = new InFlight({ max: 5, perPeerMax: 2 })
      const model = new Map<string, number>()
      for (const [node, enters] of steps) {
        const held = model.get(node) ?? 0
        const all = [...model.values()].reduce((sum, count) => sum + count, 0)
        assert.is(inFlight.isFull(node), all >= 5 || held >= 2)
        if (enters && !inFlight.isFull(node)) {
          inFlight.enter(node)
          model.set(node, held + 1)
        } else if (!enters) {
          inFlight.leave(node)
          model.set(node, Math.max(0, held - 1))
        }
      }
      assert.is(
        inFlight.size,
        [...model.values()].reduce((sum, count) => sum + count, 0),
      )
    }),
  )
})

const env: HopEnv = {
  self: 's@h',
  target: 't@h',
  visited: ['o@h'],
  ttl: 2,
  connected: false,
  neighbours: ['o@h', 'b@h', 'c@h'],
  known: undefined,
  unit: 0,
}

test('where a packet goes next, and why it goes nowhere (RTR-06, PRX-03)', () => {
  const next = (given: Partial<HopEnv>) => nextHop({ ...env, ...given })
  const refused = (reason: string) => ({ tag: 'refused', reason })
  assert.equal(next({}), { tag: 'via', node: 'b@h', known: false })
  assert.equal(next({ unit: 0.99 }), { tag: 'via', node: 'c@h', known: false })
  assert.equal(next({ known: 'c@h' }), { tag: 'via', node: 'c@h', known: true })
  assert.equal(next({ known: 'o@h' }), { tag: 'via', node: 'b@h', known: false })
  assert.equal(next({ known: 'x@h' }), { tag: 'via', node: 'b@h', known: false })
  assert.equal(next({ connected: true }), { tag: 'direct', node: 't@h' })
  assert.equal(next({ neighbours: ['t@h'] }), { tag: 'direct', node: 't@h' })
  assert.equal(next({ target: 's@h', ttl: 0 }), { tag: 'here' })
  assert.equal(next({ visited: ['s@h'], target: 's@h' }), refused('relayLoop'))
  assert.equal(next({ ttl: 0 }), refused('ttlExpired'))
  assert.equal(next({ ttl: 0, connected: true }), refused('ttlExpired'))
  assert.equal(next({ neighbours: ['o@h'] }), refused('noRoute'))
  assert.equal(next({ neighbours: [] }), refused('noRoute'))
})

test.run()

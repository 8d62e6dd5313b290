/** The conditions of the net scenarios that have many nodes: each holds only where it should. */
import type { ClusterLook } from '../../net/cluster-watch.ts'
import {
  edgesOutOf,
  everybodyHeard,
  everybodySays,
  type Looks,
  oneOverlay,
} from '../../net/crowd.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('net crowd')

const look = (given: Partial<ClusterLook>): ClusterLook => ({
  active: [],
  passive: [],
  members: {},
  heard: {},
  ...given,
})

/** By name: whom each has for peers. */
const overlay = (active: Readonly<Record<string, readonly string[]>>): Looks =>
  new Map(Object.entries(active).map(([name, peers]) => [name, look({ active: peers })]))

const ring = { a: ['b', 'd'], b: ['a', 'c'], c: ['b', 'd'], d: ['c', 'a'] }

test('a ring is one overlay', () => {
  assert.is(oneOverlay(2)(overlay(ring)), undefined)
})

test('islands, one-sided edges, lost peers and lone nodes are none', () => {
  const islands = { a: ['b'], b: ['a'], c: ['d'], d: ['c'] }
  assert.is(oneOverlay(1)(overlay(islands)), 'only 2 of 4 are connected')
  assert.is(oneOverlay(1)(overlay({ ...ring, b: ['c'] })), 'only a has the edge to b')
  assert.match(oneOverlay(1)(overlay({ ...ring, b: ['a', 'gone'] })) ?? '', 'gone, which is gone')
  assert.is(oneOverlay(3)(overlay(ring)), 'a has only 2 peers')
})

test('a view beyond its bound is no matter of waiting', () => {
  const many = Array.from({ length: 6 }, (_, index) => `p${index}`)
  assert.throws(() => oneOverlay(1)(overlay({ a: many })), 'a has 6 peers')
  const spares = Array.from({ length: 31 }, (_, index) => `p${index}`)
  const looks: Looks = new Map([['a', look({ passive: spares })]])
  assert.throws(() => oneOverlay(0)(looks), 'a knows 31 spares')
})

test('edges between halves are counted once each', () => {
  assert.is(edgesOutOf(['a', 'b'], overlay(ring)), 2)
  assert.is(edgesOutOf(['a', 'c'], overlay(ring)), 4)
})

test('every list must say so of every node', () => {
  const looks: Looks = new Map([
    ['a', look({ members: { a: 'up', b: 'up' } })],
    ['b', look({ members: { a: 'suspect', b: 'up' } })],
  ])
  assert.is(everybodySays('up', ['b'])(looks), undefined)
  assert.is(everybodySays('up', ['a', 'b'])(looks), 'b says suspect of a, not up')
  assert.is(everybodySays('down', ['c'])(looks), 'a says undefined of c, not down')
})

test('a broadcast must be heard by all, and by none twice', () => {
  const looks = (times: number): Looks =>
    new Map([
      ['a', look({ heard: { x: 1 } })],
      ['b', look({ heard: times > 0 ? { x: times } : {} })],
    ])
  assert.is(everybodyHeard(['x'])(looks(1)), undefined)
  assert.is(everybodyHeard(['x'])(looks(0)), 'b has not heard "x"')
  assert.throws(() => everybodyHeard(['x'])(looks(2)), 'b heard "x" 2 times')
})

test.run()

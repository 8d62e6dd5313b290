/** The order of starts: dependencies first, circles told by their path, chains of any length. */
import fc from 'fast-check'
import { startOrder } from '../../../../stdlib/application/order.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('application order')

type Graph = Readonly<Record<string, readonly string[]>>

const order = (graph: Graph, ...names: string[]) =>
  startOrder(names, (name) => (Object.hasOwn(graph, name) ? graph[name] : undefined))

test('dependencies come first, otherwise as asked for, each once', () => {
  const graph = { a: ['b', 'c'], b: ['c'], c: [], d: ['a'] }
  assert.equal(order(graph, 'a'), { tag: 'ok', names: ['c', 'b', 'a'] })
  assert.equal(order(graph, 'c', 'd', 'c'), { tag: 'ok', names: ['c', 'b', 'a', 'd'] })
  assert.equal(order(graph), { tag: 'ok', names: [] })
})

test('one that is unknown is named, also far down', () => {
  const reason = { tag: 'unknownApplication', application: 'x' }
  assert.equal(order({ a: ['b'], b: ['x'] }, 'a'), { tag: 'error', application: 'x', reason })
  const inherited = order({}, 'toString')
  assert.is(inherited.tag === 'error' && inherited.application, 'toString')
})

test('a circle is told by its path, also of one', () => {
  const circle = (path: string[]) => ({ tag: 'circularDependency', path })
  const long = order({ a: ['b'], b: ['c'], c: ['b'] }, 'a')
  assert.equal(long.tag === 'error' && long.reason, circle(['b', 'c', 'b']))
  const short = order({ a: ['a'] }, 'a')
  assert.equal(short.tag === 'error' && short.reason, circle(['a', 'a']))
})

test('a chain of 100,000 needs no stack', () => {
  const length = 100_000
  const result = startOrder(['0'], (name) => {
    const next = Number(name) + 1
    return next < length ? [String(next)] : []
  })
  assert.is(result.tag === 'ok' && result.names.length, length)
  assert.is(result.tag === 'ok' && result.names[0], String(length - 1))
})

test('of any graph without circles: all that is needed, nothing else, in a right order', () => {
  const graphs = fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(graphs, fc.nat(9), (edges, first) => {
      // Only towards smaller numbers: no circle.
      const needs = (name: string): string[] =>
        (edges[Number(name)] ?? []).filter((to) => to < Number(name)).map(String)
      const result = startOrder([String(first)], needs)
      if (result.tag !== 'ok') throw new Error('there is no circle')
      const reached = new Set([String(first)])
      for (const name of reached) for (const need of needs(name)) reached.add(need)
      assert.equal([...result.names].sort(), [...reached].sort())
      for (const [at, name] of result.names.entries()) {
        assert.ok(needs(name).every((need) => result.names.indexOf(need) < at))
      }
    }),
  )
})

test.run()

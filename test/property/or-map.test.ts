/**
 * The laws of the multi-writer map: merging is commutative, associative and idempotent, also for
 * entries no honest node would make; one writer's map is a Map; and of any writes, in any order and
 * however often delivered, the greatest one of each key stands.
 */
import fc from 'fast-check'
import { type Dot, type MapEntry, OrMap } from '../../src/crdt/index.ts'
import { compareHlc, type Hlc, maxHlc, zeroHlc } from '../../src/hlc/index.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('or-map laws')

const keys = ['a', 'b', 'c', '', '__proto__'] as const
const nodes = ['n1@h', 'n2@h', 'n3@h'] as const

/** Few values of everything, so that dots collide. */
const dots: fc.Arbitrary<Dot> = fc
  .tuple(fc.nat(3), fc.nat(1), fc.constantFrom(...nodes))
  .map(([wallMs, logical, node]) => ({ hlc: { wallMs: wallMs + 1, logical }, node }))

const entries: fc.Arbitrary<MapEntry<number>> = fc
  .tuple(dots, fc.option(fc.nat(2)))
  .map(([dot, value]) =>
    value === null ? { tag: 'tombstone', dot } : { tag: 'value', dot, value },
  )

type Writes = readonly (readonly [key: string, entry: MapEntry<number>])[]
const writes: fc.Arbitrary<Writes> = fc.array(fc.tuple(fc.constantFrom(...keys), entries), {
  maxLength: 12,
})

function mapOf(...all: readonly Writes[]): OrMap<number> {
  const map = new OrMap<number>({ rank: String })
  for (const each of all) map.merge(each)
  return map
}

function stateOf(map: OrMap<number>): unknown {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
}

function merged(a: OrMap<number>, b: OrMap<number>): OrMap<number> {
  const map = mapOf([...a.entries()])
  map.merge(b.entries())
  return map
}

test('merging is commutative, associative and idempotent (ORM-02)', () => {
  fc.assert(
    fc.property(writes, writes, writes, (one, two, three) => {
      const [a, b, c] = [mapOf(one), mapOf(two), mapOf(three)]
      assert.equal(stateOf(merged(a, b)), stateOf(merged(b, a)))
      assert.equal(stateOf(merged(merged(a, b), c)), stateOf(merged(a, merged(b, c))))
      assert.equal(stateOf(merged(a, a)), stateOf(a))
      assert.equal(a.merge(a.entries()), { changes: [], refused: 0 })
    }),
    { numRuns: 2000 },
  )
})

test('of writes in any order, some of them twice, the same ones stand', () => {
  const shuffled = writes.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray([...list], { minLength: list.length }),
      fc.subarray([...list]),
    ),
  )
  fc.assert(
    fc.property(shuffled, ([list, again, twice]) => {
      assert.equal(stateOf(mapOf(again, twice)), stateOf(mapOf(list)))
    }),
    { numRuns: 1000 },
  )
})

test('a later tombstone beats a value, a later value a tombstone (ORM-03, ORM-04)', () => {
  fc.assert(
    fc.property(writes, (list) => {
      const map = mapOf(list)
      for (const key of keys) {
        const own = list.filter(([at]) => at === key).map(([, entry]) => entry)
        const latest = own.reduce<Hlc>((high, { dot }) => maxHlc(high, dot.hlc), zeroHlc)
        const top = own.filter(({ dot }) => compareHlc(dot.hlc, latest) === 0)
        assert.is(
          map.has(key),
          top.some(({ tag }) => tag === 'value'),
        )
        assert.is(map.getEntry(key)?.dot.hlc.wallMs, own.length === 0 ? undefined : latest.wallMs)
      }
    }),
    { numRuns: 1000 },
  )
})

type Operation = { readonly key: string; readonly value: number | undefined }

test('one writer’s map is a Map, whatever it does', () => {
  const operations: fc.Arbitrary<Operation[]> = fc.array(
    fc
      .tuple(fc.constantFrom(...keys), fc.option(fc.nat(), { nil: undefined }))
      .map(([key, value]) => ({ key, value })),
    { maxLength: 50 },
  )
  fc.assert(
    fc.property(operations, (list) => {
      const map = new OrMap<number>({ rank: String })
      const model = new Map<string, number>()
      for (const [at, { key, value }] of list.entries()) {
        const dot = { hlc: { wallMs: at + 1, logical: 0 }, node: 'n1@h' }
        const written = value === undefined ? map.remove(key, dot) : map.add(key, value, dot)
        assert.is(written.tag, 'ok')
        if (value === undefined) model.delete(key)
        else model.set(key, value)
        assert.is(map.get(key), value)
        assert.is(map.has(key), value !== undefined)
        assert.is(map.size, model.size)
        assert.is(map.isEmpty, model.size === 0)
      }
      assert.equal(new Map(map.toList()), model)
      assert.equal(new Set(map.keys()), new Set(model.keys()))
      const members = ['n1@h']
      const settled = { wallMs: list.length + 1, logical: 0 }
      const removed = map.tombstones
      assert.is(map.collect(new Map([['n1@h', settled]]), members), removed)
      assert.equal(new Map(map.toList()), model)
      assert.is(map.tombstones, 0)
    }),
    { numRuns: 500 },
  )
})

test.run()

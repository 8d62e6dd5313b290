/** The immutable sorted map against JavaScript's own. */
import fc from 'fast-check'
import { SortedMap } from '../../../../src/broadcast/sorted-map.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('sorted map')

type Change = readonly ['set' | 'delete', number]
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.tuple(fc.constantFrom('set' as const, 'delete' as const), fc.nat({ max: 60 })),
  { maxLength: 200 },
)

test('it holds what a Map would, in order, and a former version does not change', () => {
  const property = fc.property(changes, fc.nat({ max: 60 }), (script, from) => {
    const model = new Map<number, number>()
    let map = SortedMap.empty<number, number>()
    for (const [index, [what, key]] of script.entries()) {
      const before = map
      const had = [...before.entries()]
      if (what === 'set') {
        model.set(key, index)
        map = map.set(key, index)
      } else {
        model.delete(key)
        map = map.delete(key)
      }
      assert.equal([...before.entries()], had)
      assert.is(map.size, model.size)
      assert.is(map.get(key), model.get(key))
    }
    const sorted = [...model].sort(([a], [b]) => a - b)
    assert.equal([...map.entries()], sorted)
    assert.equal(
      [...map.entries(from)],
      sorted.filter(([key]) => key >= from),
    )
    assert.equal(map.first(), sorted[0])
  })
  fc.assert(property, { numRuns: 200 })
})

test('ascending, descending and removed keys leave it balanced', () => {
  let map = SortedMap.empty<string, number>()
  let compared = 0
  const key = (at: number): string => String(at).padStart(6, '0')
  for (let at = 0; at < 20_000; at++) map = map.set(key(at % 2 === 0 ? at : 40_000 - at), at)
  for (let at = 0; at < 15_000; at++) map = map.delete(key(at))
  const probe = {
    toString: () => {
      compared++
      return key(16_000)
    },
  }
  // Each comparison of the search turns the probe into text once.
  for (const [found] of map.entries(probe as unknown as string)) {
    assert.is(found, key(16_000))
    break
  }
  assert.ok(compared > 5 && compared <= 24, `${compared} comparisons among ${map.size}`)
})

test('deleting what is not there changes nothing', () => {
  const map = SortedMap.empty<number, string>().set(1, 'a')
  assert.is(map.delete(2), map)
})

test.run()

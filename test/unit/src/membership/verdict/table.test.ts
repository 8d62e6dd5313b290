/** The member table against a plain map: entries, counts, digests of every part, draws. */
import fc from 'fast-check'
import { type Entry, isLive } from '../../../../../src/membership/verdict/member.ts'
import { newEntry } from '../../../../../src/membership/verdict/state.ts'
import {
  digestOf,
  emptyTable,
  entriesOf,
  entryOf,
  liveAt,
  nameHash,
  partsOf,
  put,
  remove,
  sizeOf,
  type Table,
} from '../../../../../src/membership/verdict/table.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('membership verdict: table')

function entry(name: number, incarnation: number, left = false): Entry {
  const authored = { creation: 1, incarnation, version: '', metadata: {}, left }
  return { ...newEntry(`n${name}@h`, 0), authored }
}

const change = fc.record({
  name: fc.integer({ min: 0, max: 60 }),
  incarnation: fc.integer({ min: 1, max: 2 ** 42 }),
  left: fc.boolean(),
  removed: fc.boolean(),
})

test('it holds what a map would, and counts it, through any changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 150 }), (changes) => {
      let table: Table = emptyTable
      const model = new Map<string, Entry>()
      for (const { name, incarnation, left, removed } of changes) {
        const each = entry(name, incarnation, left)
        table = removed ? remove(table, each.node) : put(table, each)
        if (removed) model.delete(each.node)
        else model.set(each.node, each)
      }
      const live = [...model.values()].filter(isLive)
      assert.is(sizeOf(table), model.size)
      assert.is(digestOf(table).live, live.length)
      for (let name = 0; name <= 60; name++) {
        assert.is(entryOf(table, `n${name}@h`), model.get(`n${name}@h`))
      }
      const drawn = live.map((_, at) => liveAt(table, at)?.node)
      assert.equal(drawn.sort(), live.map(({ node }) => node).sort())
      assert.is(liveAt(table, live.length), undefined)
    }),
  )
})

test('the digests depend on the live members alone, part for part', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      let table: Table = emptyTable
      for (const { name, incarnation, left } of changes) {
        table = put(table, entry(name, incarnation, left))
      }
      let again: Table = emptyTable
      for (const each of [...entriesOf(table)].reverse()) if (isLive(each)) again = put(again, each)
      for (const path of ['', '0', '7', 'f', '3a', 'c0', '123']) {
        const sums = (from: Table): unknown =>
          partsOf(from, path).map(({ live, low, high }) => [live, low, high])
        assert.equal(sums(again), sums(table))
      }
    }),
  )
})

test('every other incarnation and every other name gives another digest', () => {
  const seen = new Set<string>()
  for (let name = 0; name < 40; name++) {
    for (const incarnation of [1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 40]) {
      const { low, high } = digestOf(put(emptyTable, entry(name, incarnation)))
      seen.add(`${low} ${high}`)
    }
  }
  assert.is(seen.size, 240)
})

test('names whose hashes are equal are kept apart', () => {
  const [a, b] = [entry(1, 1), entry(2, 1)]
  const same = { ...b, hash: a.hash }
  let table = put(put(emptyTable, a), same)
  for (let name = 10; name < 30; name++) table = put(table, { ...entry(name, 1), hash: a.hash })
  assert.is(sizeOf(table), 22)
  assert.equal(entryOf(table, a.node), a)
  assert.is([...entriesOf(table, a.hash.toString(16).padStart(8, '0'))].length, 22)
})

test('the hash of a name is frozen', () => {
  assert.equal(
    ['', 'a@h', 'node-1@10.0.0.1'].map((name) => nameHash(name).toString(16)),
    ['ab3e7c0b', '3c2aa4de', 'a91a07d5'],
  )
})

test.run()

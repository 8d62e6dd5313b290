/** The multi-writer map by example: who wins, what is forgotten when, and a map that is full. */
import { Confirmations, type Dot, OrMap } from '../../../../src/crdt/index.ts'
import { type Hlc, zeroHlc } from '../../../../src/hlc/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('or-map')

const at = (wallMs: number, node = 'a@h'): Dot => ({ hlc: { wallMs, logical: 0 }, node })
const hlc = (wallMs: number): Hlc => ({ wallMs, logical: 0 })

function mapOf(keysMax?: number): OrMap<string> {
  const rank = (value: string): string => value
  return new OrMap<string>(keysMax === undefined ? { rank } : { rank, keysMax })
}

test('add, get, remove, list (ORM-01)', () => {
  const map = mapOf()
  assert.ok(map.isEmpty)
  assert.equal(map.add('k', 'v', at(1)), {
    tag: 'ok',
    entry: { tag: 'value', dot: at(1), value: 'v' },
  })
  map.add('l', 'w', at(2))
  assert.is(map.get('k'), 'v')
  assert.equal([...map.keys()], ['k', 'l'])
  assert.equal(
    [...map.toList()],
    [
      ['k', 'v'],
      ['l', 'w'],
    ],
  )
  assert.equal(map.remove('k', at(3)), { tag: 'ok', entry: { tag: 'tombstone', dot: at(3) } })
  assert.is(map.get('k'), undefined)
  assert.not(map.has('k'))
  assert.equal(map.getEntry('k'), { tag: 'tombstone', dot: at(3) })
  assert.is(map.getEntry('nobody'), undefined)
  assert.is(map.size, 1)
  assert.is(map.tombstones, 1)
  map.remove('l', at(4))
  assert.ok(map.isEmpty, 'tombstones do not count')
})

test('a removal of what is not known here holds too', () => {
  const map = mapOf()
  assert.is(map.remove('k', at(5)).tag, 'ok')
  assert.equal(map.add('k', 'late', at(4)), { tag: 'error', reason: 'older' })
  assert.is(map.add('k', 'later', at(6)).tag, 'ok')
})

test('at one time: value over tombstone, then greater name, then greater text (ORM-05)', () => {
  const map = mapOf()
  map.remove('k', at(1, 'z@h'))
  map.merge([['k', { tag: 'value', dot: at(1, 'a@h'), value: 'one' }]])
  assert.is(map.get('k'), 'one')
  map.merge([['k', { tag: 'value', dot: at(1, 'b@h'), value: 'a' }]])
  assert.is(map.get('k'), 'a')
  map.merge([['k', { tag: 'value', dot: at(1, 'b@h'), value: 'b' }]])
  assert.is(map.get('k'), 'b')
  const again = map.merge([['k', { tag: 'value', dot: at(1, 'b@h'), value: 'a' }]])
  assert.equal(again, { changes: [], refused: 0 })
})

test('merging tells what has changed', () => {
  const map = mapOf()
  map.add('k', 'v', at(1))
  const before = map.getEntry('k')
  const after = { tag: 'tombstone', dot: at(2) } as const
  const fresh = { tag: 'value', dot: at(1, 'b@h'), value: 'w' } as const
  assert.equal(
    map.merge([
      ['k', after],
      ['l', fresh],
      ['k', after],
    ]),
    {
      changes: [
        { key: 'k', before, after },
        { key: 'l', before: undefined, after: fresh },
      ],
      refused: 0,
    },
  )
})

test('a removal is forgotten once everybody has confirmed it, and not undone then (ORM-07)', () => {
  const map = mapOf()
  map.add('k', 'v', at(1, 'b@h'))
  map.remove('k', at(5))
  const members = ['a@h', 'b@h', 'c@h']
  const confirmed = new Map([
    ['a@h', hlc(9)],
    ['b@h', hlc(8)],
  ])
  assert.is(map.collect(confirmed, members), 0, 'one has confirmed nothing')
  confirmed.set('c@h', hlc(4))
  assert.is(map.collect(confirmed, members), 0, 'nor all of it')
  assert.equal(map.floor, hlc(4))
  confirmed.set('c@h', hlc(7))
  assert.is(map.collect(confirmed, members), 1)
  assert.is(map.tombstones, 0)
  assert.equal(map.floor, hlc(7))
  const late = map.merge([['k', { tag: 'value', dot: at(1, 'b@h'), value: 'v' }]])
  assert.equal(late, { changes: [], refused: 0 })
  assert.is(map.merge([['k', { tag: 'value', dot: at(8), value: 'new' }]]).changes.length, 1)
})

test('what is as late as the floor is settled, not later', () => {
  const map = mapOf()
  map.add('kept', 'v', at(7))
  map.remove('k', at(7, 'b@h'))
  assert.is(map.collect(new Map([['a@h', hlc(7)]]), ['a@h']), 1)
  const late = map.merge([['k', { tag: 'value', dot: at(7), value: 'v' }]])
  assert.equal(late, { changes: [], refused: 0 })
  assert.is(map.lacks(['kept'], hlc(6)).length, 0)
  assert.is(map.lacks(['kept'], hlc(7)).length, 1)
})

test('a number of keys or a horizon that is none is refused', () => {
  const rank = (value: string): string => value
  for (const keysMax of [Number.NaN, 0, -1, 1.5]) {
    const pattern = new RegExp(`keysMax: expected a whole number of at least 1, got ${keysMax}`)
    assert.throws(() => new OrMap<string>({ rank, keysMax }), pattern)
  }
  for (const horizonMs of [Number.NaN, 0, -1]) {
    const pattern = new RegExp(`horizonMs: expected milliseconds from 1 on, got ${horizonMs}`)
    assert.throws(() => new Confirmations(horizonMs), pattern)
  }
})

test('with no members nothing is forgotten, and the floor never sinks', () => {
  const map = mapOf()
  map.remove('k', at(1))
  assert.is(map.collect(new Map([['a@h', hlc(9)]]), []), 0)
  assert.equal(map.floor, zeroHlc)
  assert.is(map.collect(new Map([['a@h', hlc(9)]]), ['a@h']), 1)
  assert.is(map.collect(new Map([['a@h', hlc(3)]]), ['a@h']), 0)
  assert.equal(map.floor, hlc(9))
})

test('values are never forgotten', () => {
  const map = mapOf()
  map.add('k', 'v', at(1))
  map.collect(new Map([['a@h', hlc(9)]]), ['a@h'])
  assert.is(map.get('k'), 'v')
  assert.is(map.add('k', 'w', at(10)).tag, 'ok')
})

test('a node that was away learns what was removed and forgotten meanwhile', () => {
  const away = mapOf()
  for (const [key, time] of [
    ['old', 1],
    ['kept', 2],
    ['new', 9],
  ] as const) {
    away.add(key, key, at(time))
  }
  const here = mapOf()
  here.merge([...away.entries()].filter(([key]) => key !== 'new'))
  here.remove('old', at(5))
  here.collect(new Map([['a@h', hlc(7)]]), ['a@h'])
  away.merge(here.entries())
  const dropped = away.adopt(here.entries(), here.floor)
  assert.equal(
    dropped.map(({ key, after }) => [key, after]),
    [['old', undefined]],
  )
  assert.equal([...away.keys()], ['kept', 'new'], 'what it wrote since stays')
  assert.equal(away.floor, hlc(7))
  here.merge(away.entries())
  assert.equal(here.adopt(away.entries(), away.floor), [])
  assert.equal([...here.keys()].sort(), ['kept', 'new'])
})

test('a full map takes no new keys, and no older ones after a removal it had no room for', () => {
  const map = mapOf(2)
  map.add('a', '1', at(1))
  map.add('b', '2', at(2))
  assert.equal(map.add('c', '3', at(3)), { tag: 'error', reason: 'full' })
  assert.is(map.add('a', '4', at(4)).tag, 'ok', 'a known key is written as always')
  assert.equal(map.remove('d', at(6)), { tag: 'error', reason: 'full' })
  map.remove('a', at(7))
  map.collect(new Map([['a@h', hlc(7)]]), ['a@h'])
  const fresh = mapOf(2)
  fresh.add('a', '1', at(1))
  fresh.add('b', '2', at(2))
  fresh.remove('d', at(6))
  fresh.lacks(['a'], hlc(3))
  const late = fresh.merge([['d', { tag: 'value', dot: at(5), value: 'removed' }]])
  assert.equal(late, { changes: [], refused: 1 }, 'there is room, but this may have been removed')
  assert.is(fresh.add('e', '5', at(8)).tag, 'ok')
})

test.run()

/** What peers may send as entries of a map: nothing throws, bad ones cost only themselves. */
import fc from 'fast-check'
import {
  Confirmations,
  ingest,
  MapStore,
  mapDelta,
  OrMap,
  Seen,
} from '../../../../src/crdt/index.ts'
import { compareHlc, HlcClock, zeroHlc } from '../../../../src/hlc/index.ts'
import { limits } from '../../../../src/limits.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('crdt ingest')

const nowMs = 1_000_000
const isText = (value: unknown): value is string => {
  if (value === 'throws') throw new Error('a check that throws')
  return typeof value === 'string'
}

function setting(): { map: OrMap<string>; clock: HlcClock; isValue: typeof isText } {
  const clock = new HlcClock({ wallMs: () => nowMs })
  return { map: new OrMap<string>({ rank: String }), clock, isValue: isText }
}

function storeOf(node = 'a@h', wallMs = nowMs): MapStore<string> {
  const clock = new HlcClock({ wallMs: () => wallMs })
  return new MapStore({ node, clock, isValue: isText, rank: String })
}

test('entries that are none are refused, the others taken (WIR-01, WIR-04)', () => {
  const { map, clock, isValue } = setting()
  const bad: readonly unknown[] = [
    undefined,
    null,
    7,
    'text',
    {},
    [],
    [1, 0],
    [1, 0, 'n@h', 'v', 'more'],
    [-1, 0, 'n@h'],
    [1, 2 ** 32, 'n@h'],
    [1, 0, ''],
    [1, 0, 7],
    [1, 0, 'x'.repeat(limits.nodeNameMaxBytes + 1)],
    [1, 0, 'n@h', 7],
    [1, 0, 'n@h', undefined],
    [1, 0, 'n@h', 'throws'],
    [nowMs + limits.hlcMaxDriftMs + 1, 0, 'n@h', 'from the future'],
    [limits.hlcWallMaxMs + 1, 0, 'n@h', 'beyond all time'],
  ]
  const payload = new Map<unknown, unknown>(bad.map((term, index) => [`bad ${index}`, term]))
  payload.set(7, [1, 0, 'n@h', 'a key that is no text'])
  payload.set('x'.repeat(limits.crdtKeyMaxChars + 1), [1, 0, 'n@h', 'too long a key'])
  payload.set('good', [5, 1, 'n@h', 'v'])
  payload.set('gone', [6, 0, 'n@h'])
  const { entries, refused, changes } = ingest(map, payload, { clock, isValue })
  assert.is(refused, bad.length + 2)
  assert.equal([...entries.keys()], ['good', 'gone'])
  assert.is(changes.length, 2)
  assert.equal([...map.toList()], [['good', 'v']])
})

test('a check that answers something else than true says no (WIR-03)', () => {
  const { map, clock } = setting()
  const isValue = (value: unknown): value is string => Reflect.apply(() => 1, undefined, [value])
  const result = ingest(map, new Map([['k', [1, 0, 'n@h', 'v']]]), { clock, isValue })
  assert.is(result.refused, 1)
  assert.ok(map.isEmpty)
})

test('a payload that is no map changes nothing (WIR-02)', () => {
  const { map, clock, isValue } = setting()
  for (const payload of [undefined, null, 7, [], {}, new Set([1]), 'x']) {
    const result = ingest(map, payload, { clock, isValue })
    assert.equal(result, { entries: new Map(), refused: 0, changes: [] })
  }
})

test('the clock is past everything that was taken, and unmoved by what was not (ORM-06)', () => {
  const { map, clock, isValue } = setting()
  const ahead = nowMs + 1000
  const tooFar = nowMs + limits.hlcMaxDriftMs + 1
  ingest(
    map,
    new Map([
      ['k', [ahead, 7, 'n@h', 'v']],
      ['l', [tooFar, 0, 'n@h', 'v']],
    ]),
    {
      clock,
      isValue,
    },
  )
  const next = clock.now()
  assert.equal(next, { wallMs: ahead, logical: 8 })
  assert.equal(map.add('k', 'w', { hlc: next, node: 'a@h' }).tag, 'ok')
})

test('whatever a peer sends, nothing throws and what was there stays (WIR-01)', () => {
  const codec = createCodec()
  fc.assert(
    fc.property(fc.anything({ withMap: true, withSet: true, withBigInt: true }), (term) => {
      const store = storeOf()
      store.standAlone()
      store.put('own', 'value')
      store.receive(term)
      store.receive(new Map([['k', term]]))
      store.pull(term)
      store.pull({ floor: term, seen: new Map(), entries: new Map() })
      store.pull({ floor: [0, 0], seen: term, entries: new Map() })
      store.pull({ floor: [0, 0], seen: new Map(), entries: term })
      assert.is(store.map.get('own'), 'value')
      assert.is(codec.encode(store.whole()).tag, 'ok')
    }),
    { numRuns: 500 },
  )
})

test('a whole map with bad parts is refused, or merged without what it would prove', () => {
  const store = storeOf()
  const entries = new Map([['k', [5, 0, 'b@h', 'v']]])
  const malformed: readonly unknown[] = [
    undefined,
    7,
    {},
    { floor: [0, 0], seen: new Map() },
    { floor: [0], seen: new Map(), entries },
    { floor: [0, 0], seen: new Map([['b@h', 7]]), entries },
    { floor: [0, 0], seen: new Map([[7, [0, 0]]]), entries },
    { floor: [0, 0], seen: [], entries },
    { floor: [0, 0], seen: new Map(), entries: [] },
  ]
  for (const term of malformed) {
    assert.equal(store.pull(term), { tag: 'error', reason: 'malformed' })
  }
  const far = [nowMs + limits.hlcMaxDriftMs + 1, 0]
  for (const term of [
    { floor: far, seen: new Map(), entries },
    { floor: [0, 0], seen: new Map([['b@h', far]]), entries },
  ]) {
    assert.equal(store.pull(term), { tag: 'error', reason: 'future' })
  }
  assert.ok(store.joining && store.map.isEmpty)
  const partly = { floor: [9, 0], seen: new Map([['b@h', [9, 0]]]), entries: new Map(entries) }
  partly.entries.set('bad', [1])
  const pulled = store.pull(partly)
  assert.is(pulled.tag === 'ok' && pulled.refused, 1)
  assert.equal([...store.map.toList()], [['k', 'v']])
  assert.equal(store.map.floor, zeroHlc)
  assert.equal(store.seen.upTo('b@h'), zeroHlc)
  assert.ok(store.joining, 'what it lacks is not known')
})

test('a whole map in pieces proves what it lacks at its end, and not if a piece was bad', () => {
  const other = storeOf('b@h')
  other.standAlone()
  for (const key of ['k', 'l', 'm']) other.put(key, key)
  const store = storeOf()
  store.pull(other.whole())
  other.remove('l')
  other.map.collect(new Map([['b@h', other.confirmed([])]]), ['b@h'])
  assert.is(other.map.tombstones, 0)
  const pieces = [...other.map.entries()].map((pair) => mapDelta([pair]))
  for (const bad of [true, false]) {
    const pull = store.beginPull(other.header())
    if ('tag' in pull) throw new Error(pull.reason)
    store.put('mine', 'written meanwhile')
    for (const piece of pieces) assert.is(pull.take(piece).refused, 0)
    if (bad) assert.is(pull.take('no piece').refused, 1)
    const { changes, refused } = pull.end()
    assert.is(refused, bad ? 1 : 0)
    assert.equal(
      changes.map(({ key }) => key),
      bad ? [] : ['l'],
    )
    assert.equal(pull.end().changes, [])
    assert.is(store.map.has('l'), bad)
    assert.is(store.map.get('mine'), 'written meanwhile')
  }
  assert.equal(store.map.floor, other.map.floor)
})

test('a copy with no room for all of a whole map does not take over what that has settled', () => {
  const other = storeOf('b@h')
  other.standAlone()
  for (const key of ['k', 'l']) other.put(key, key)
  other.map.collect(new Map([['b@h', other.confirmed([])]]), ['b@h'])
  const clock = new HlcClock({ wallMs: () => nowMs })
  const full = new MapStore({ node: 'a@h', clock, isValue: isText, rank: String, keysMax: 1 })
  const pulled = full.pull(other.whole())
  assert.is(pulled.tag === 'ok' && pulled.refused, 1)
  assert.equal(full.map.floor, zeroHlc)
  assert.ok(full.joining)
})

test('a joining copy takes neither writes nor deltas, and a whole map ends that', () => {
  const other = storeOf('b@h', nowMs + 500)
  other.standAlone()
  other.put('k', 'v')
  const store = storeOf()
  assert.equal(store.put('x', 'y'), { tag: 'error', reason: 'joining' })
  assert.equal(store.remove('x'), { tag: 'error', reason: 'joining' })
  store.receive(mapDelta(other.map.entries()))
  assert.ok(store.map.isEmpty)
  assert.is(store.pull(other.whole()).tag, 'ok')
  assert.not(store.joining)
  const written = store.put('k', 'w')
  assert.is(written.tag, 'ok', 'later than all that was pulled, though this clock is behind')
  other.receive(mapDelta(store.map.entries()))
  assert.is(other.map.get('k'), 'w')
})

test('what a copy confirms is the least it has seen of any member', () => {
  const [a, b] = [storeOf('a@h'), storeOf('b@h')]
  a.standAlone()
  b.standAlone()
  assert.equal(a.confirmed(['a@h', 'b@h']), zeroHlc)
  b.put('k', 'v')
  a.pull(b.whole())
  const confirmed = a.confirmed(['a@h', 'b@h'])
  assert.equal(confirmed, a.seen.upTo('b@h'))
  assert.is(compareHlc(a.confirmed(['a@h']), confirmed), 1)
  const written = b.remove('k')
  const removed = written.tag === 'ok' ? written.entry.dot.hlc : zeroHlc
  a.receive(mapDelta(b.map.entries()))
  assert.is(compareHlc(a.confirmed(['a@h', 'b@h']), removed), -1, 'a delta confirms nothing')
})

test('what was seen only rises, and of no more nodes than there may be', () => {
  const seen = new Seen(2)
  const at = (wallMs: number): { wallMs: number; logical: number } => ({ wallMs, logical: 0 })
  seen.merge([
    ['a@h', at(5)],
    ['b@h', at(2)],
    ['c@h', at(9)],
  ])
  seen.merge([
    ['a@h', at(3)],
    ['b@h', at(4)],
  ])
  assert.equal(
    [...seen.entries()],
    [
      ['a@h', at(5)],
      ['b@h', at(4)],
    ],
  )
  assert.equal(seen.upTo('c@h'), zeroHlc)
  seen.retain(new Set(['b@h']))
  seen.merge([['c@h', at(9)]])
  assert.equal(
    [...seen.entries()],
    [
      ['b@h', at(4)],
      ['c@h', at(9)],
    ],
  )
})

test('a member is waited for until it has confirmed nothing new for the horizon', () => {
  const confirmations = new Confirmations(100)
  const at = (wallMs: number): { wallMs: number; logical: number } => ({ wallMs, logical: 0 })
  confirmations.meet('a@h', 0)
  confirmations.meet('b@h', 50)
  confirmations.meet('c@h', 250)
  confirmations.confirm('a@h', at(5), 90)
  confirmations.confirm('stranger@h', at(9), 90)
  assert.equal(
    [...confirmations.within(100)],
    [
      ['a@h', at(5)],
      ['b@h', zeroHlc],
      ['c@h', zeroHlc],
    ],
  )
  confirmations.confirm('a@h', at(4), 150)
  confirmations.confirm('a@h', at(5), 150)
  confirmations.meet('b@h', 150)
  const waitedFor = (nowMs: number): string[] => [...confirmations.within(nowMs).keys()]
  assert.equal(waitedFor(151), ['a@h', 'c@h'], 'b said nothing for too long')
  assert.equal(waitedFor(191), ['a@h', 'b@h', 'c@h'], 'and a nothing new: who is away?')
  confirmations.confirm('b@h', at(7), 200)
  assert.equal(waitedFor(200), ['b@h', 'c@h'], 'who is back counts again')
  assert.equal(confirmations.within(200).get('b@h'), at(7))
  confirmations.leave('b@h')
  assert.equal(waitedFor(200), ['a@h', 'c@h'], 'one of two is no more than half')
  confirmations.leave('a@h')
  assert.equal(waitedFor(200), ['c@h'])
})

test('who was cut off for longer than the horizon takes nothing from the others', () => {
  let at = nowMs
  const members = ['a@h', 'b@h', 'c@h']
  const copies = members.map((node) => {
    const clock = new HlcClock({ wallMs: () => at })
    const store = new MapStore({ node, clock, isValue: isText, rank: String })
    store.standAlone()
    const confirmations = new Confirmations(100)
    for (const member of members) confirmations.meet(member, at)
    return { node, store, confirmations }
  })
  const [a, b, c] = copies
  if (a === undefined || b === undefined || c === undefined) throw new Error('no copies')
  at += 1_000
  assert.is(a.store.put('new', 'kept').tag, 'ok')
  b.store.pull(a.store.whole())
  at += 1_000
  // Alone, it goes on as always.
  c.confirmations.confirm('c@h', c.store.confirmed(c.confirmations.within(at).keys()), at)
  const within = c.confirmations.within(at)
  c.store.map.collect(within, within.keys())
  c.store.pull(a.store.whole())
  a.store.pull(c.store.whole())
  for (const { node, store } of [a, c]) assert.is(store.map.get('new'), 'kept', node)
})

test('what is written after a pull is later than all pieces of it', () => {
  const other = storeOf('b@h', nowMs)
  other.standAlone()
  const store = storeOf('a@h', nowMs)
  const pull = store.beginPull(other.header())
  if ('tag' in pull) throw new Error(pull.reason)
  const written = other.put('k', 'theirs')
  for (let number = 0; number < 10; number++) other.put('k', `${number}`)
  assert.is(written.tag, 'ok')
  pull.take(mapDelta(other.map.entries()))
  pull.end()
  assert.is(store.put('k', 'mine').tag, 'ok')
})

test('removals forgotten while a whole map is on its way in pieces are not missed', () => {
  const settled = storeOf('b@h', nowMs)
  settled.standAlone()
  settled.put('k', 'v')
  const back = storeOf('a@h', nowMs)
  back.restore(settled.whole())
  settled.remove('k')
  const pull = back.beginPull(settled.header())
  if ('tag' in pull) throw new Error(pull.reason)
  // A member that came back from beyond the horizon is not waited for.
  settled.map.collect(new Map([['b@h', settled.confirmed([])]]), ['b@h'])
  pull.take(mapDelta(settled.map.entries()))
  pull.end(settled.header())
  assert.is(back.map.get('k'), undefined)
  assert.equal(back.map.floor, settled.map.floor)
})

test.run()

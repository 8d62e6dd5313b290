/** The verdict on a row. */
import { judge, type RowSpec, ratioOf, type Sample } from '../../bench/row.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench row')

const spec: RowSpec = {
  id: 'call',
  name: 'a call',
  unit: 'ns/call',
  better: 'lower',
  peerName: 'erlang',
  needed: 2,
  aim: 4,
  operations: 1000,
  options: {},
}

function samples(values: readonly number[], arrived = 1000): Sample[] {
  return values.map((value) => ({ value, arrived }))
}

test('above 1 ours is better, whichever way is good', () => {
  assert.is(ratioOf('lower', 100, 300), 3)
  assert.is(ratioOf('higher', 300, 100), 3)
  assert.is(ratioOf('lower', 300, 150), 0.5)
})

test('medians are compared and shown with the fields tools read', () => {
  const row = judge(spec, samples([90, 100, 130]), samples([300, 290, 900]))
  assert.equal(row, {
    id: 'call',
    name: 'a call',
    unit: 'ns/call',
    better: 'lower',
    ours: 100,
    peer: 300,
    peerName: 'erlang',
    ratio: 3,
    needed: 2,
    aim: 4,
    ok: true,
    rounds: 3,
    spread: 0.4,
    options: {},
  })
})

test('a row slower than needed has failed', () => {
  assert.is(judge(spec, samples([100]), samples([199])).ok, false)
  assert.is(judge(spec, samples([100]), samples([200])).ok, true)
})

test('a ratio just below what is needed is not rounded into a pass', () => {
  const row = judge(spec, samples([1000]), samples([1999]))
  assert.is(row.ratio, 2)
  assert.is(row.ok, false)
})

test('a row that lost or doubled something has failed, however fast', () => {
  const fast = samples([1, 1])
  const lost = [...samples([1]), ...samples([1], 999)]
  const doubled = [...samples([1]), ...samples([1], 1001)]
  const peer = samples([100, 100])
  assert.is(judge(spec, fast, peer).ok, true)
  assert.is(judge(spec, lost, peer).ok, false)
  assert.is(judge(spec, doubled, peer).ok, false)
  assert.is(judge(spec, fast, samples([100, 100], 7)).ok, false)
})

test('without the peer nothing is shown, and a wrong count still fails', () => {
  const row = judge(spec, samples([100]), null)
  assert.is(row.peer, null)
  assert.is(row.ratio, null)
  assert.is(row.ok, null)
  assert.is(judge(spec, samples([100], 0), null).ok, false)
})

test('a row that stands alone is held to its bound, in its own unit', () => {
  const alone: RowSpec = { ...spec, unit: 'ms', peerName: null }
  const row = judge(alone, samples([1.9, 2, 9]), null)
  assert.is(row.ok, true)
  assert.is(row.ratio, null)
  assert.is(row.peerName, null)
  assert.is(judge(alone, samples([2.01]), null).ok, false)
  assert.is(judge(alone, samples([1], 999), null).ok, false)
  assert.is(judge({ ...alone, better: 'higher' }, samples([1.9]), null).ok, false)
  assert.is(judge({ ...alone, better: 'higher' }, samples([2]), null).ok, true)
})

test('a bound of nothing at all can be met and missed', () => {
  const none: RowSpec = { ...spec, peerName: null, needed: 0 }
  assert.is(judge(none, samples([0]), null).ok, true)
  assert.is(judge(none, samples([0]), null).spread, 0)
  assert.is(judge(none, samples([1]), null).ok, false)
})

test('a row without a bound is reported, and its counts are still judged', () => {
  const reported: RowSpec = { ...spec, needed: null, aim: null }
  const slow = judge(reported, samples([300]), samples([100]))
  assert.is(slow.ok, true)
  assert.is(slow.ratio, 0.333)
  assert.is(judge(reported, samples([300], 1), samples([100])).ok, false)
  assert.is(judge(reported, samples([300]), samples([100], 1)).ok, false)
  assert.is(judge(reported, samples([300]), null).ok, null)
})

test('what was seen besides is shown as medians, by name', () => {
  const seen = (messages: number): Sample => ({ value: 1, arrived: 1000, detail: { messages } })
  const row = judge(spec, [seen(10), seen(50), seen(20)], null)
  assert.equal(row.detail, { messages: 20 })
  assert.not('detail' in judge(spec, samples([1]), null))
})

test('a ratio to a peer that is not at its best is no pass', () => {
  const held: RowSpec = { ...spec, peerWorst: 250 }
  assert.is(judge(held, samples([100]), samples([250])).ok, true)
  assert.is(judge(held, samples([100]), samples([251])).ok, false)
  assert.is(judge(held, samples([100]), null).ok, null)
  const rate: RowSpec = { ...held, better: 'higher', peerWorst: 40 }
  assert.is(judge(rate, samples([100]), samples([40])).ok, true)
  assert.is(judge(rate, samples([100]), samples([39])).ok, false)
})

test('every round keeps the bounds on what is seen besides; what is not seen keeps none', () => {
  const held: RowSpec = { ...spec, peerName: null, needed: 10, detailMax: { maxMs: 50 } }
  const seen = (maxMs: number): Sample => ({ value: 1, arrived: 1000, detail: { maxMs } })
  assert.is(judge(held, [seen(50), seen(20)], null).ok, true)
  assert.is(judge(held, [seen(10), seen(51), seen(10)], null).ok, false)
  assert.is(judge(held, samples([1]), null).ok, false)
})

test.run()

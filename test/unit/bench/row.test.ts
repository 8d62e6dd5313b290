/** The verdict on a row. */
import { judge, type RowSpec, ratioOf, type Sample } from '../../bench/row.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('bench row')

const spec: RowSpec = {
  id: 'call',
  name: 'a call',
  unit: 'ns/call',
  better: 'lower',
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
  const row = judge(spec, 'erlang', samples([90, 100, 130]), samples([300, 290, 900]))
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
  assert.is(judge(spec, 'erlang', samples([100]), samples([199])).ok, false)
  assert.is(judge(spec, 'erlang', samples([100]), samples([200])).ok, true)
})

test('a ratio just below what is needed is not rounded into a pass', () => {
  const row = judge(spec, 'erlang', samples([1000]), samples([1999]))
  assert.is(row.ratio, 2)
  assert.is(row.ok, false)
})

test('a row that lost or doubled something has failed, however fast', () => {
  const fast = samples([1, 1])
  const lost = [...samples([1]), ...samples([1], 999)]
  const doubled = [...samples([1]), ...samples([1], 1001)]
  const peer = samples([100, 100])
  assert.is(judge(spec, 'erlang', fast, peer).ok, true)
  assert.is(judge(spec, 'erlang', lost, peer).ok, false)
  assert.is(judge(spec, 'erlang', doubled, peer).ok, false)
  assert.is(judge(spec, 'erlang', fast, samples([100, 100], 7)).ok, false)
})

test('without the peer nothing is shown, and a wrong count still fails', () => {
  const row = judge(spec, 'erlang', samples([100]), null)
  assert.is(row.peer, null)
  assert.is(row.ratio, null)
  assert.is(row.ok, null)
  assert.is(judge(spec, 'erlang', samples([100], 0), null).ok, false)
})

test.run()

/**
 * The agreement on an edge: what each end may believe, whatever is late, lost or crosses (rows
 * MEM-05 and MEM-08, and the holes of one-sided links and of a send that races a demotion).
 */
import { isHeard } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Lone, ref } from './lone.ts'

const test = suite('membership edge')

test('MEM-08: low is accepted with room only, high evicts somebody', () => {
  const node = new Lone().fill()
  node.hear('low@h', { tag: 'neighbor', edge: 11, priority: 'low' })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  assert.equal(node.told, [])
  node.hear('high@h', { tag: 'neighbor', edge: 12, priority: 'high' })
  assert.is(node.sent('neighborReply')[0]?.accept, true)
  assert.equal(node.told.slice(1), ['up high@h'])
  assert.is(node.active.length, 5)
})

test('who refuses is kept as a spare, and rests', () => {
  const node = new Lone().fill(4)
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('b@h'), ttl: 6 })
  node.step({ tag: 'connected', node: 'b@h' })
  const edge = node.sent('neighbor')[0]?.edge ?? -1
  node.hear('b@h', { tag: 'neighborReply', edge, accept: false, peers: [] })
  assert.equal(node.passive, ['b@h'])
  assert.equal(node.dialled, [])
  node.nowMs += 1_999
  assert.equal(node.step({ tag: 'timer', timer: { tag: 'promote' } }).dialled, [])
  node.nowMs += 1
  assert.equal(node.step({ tag: 'bootstrap' }).fire('shuffle').dialled, ['b@h'])
})

/** A node with two peers and spares is evicted by one of them; returns how many it dials then. */
function dialsWhenEvicted(node: Lone): number {
  node.teach('p0@h', 'x@h', 'y@h', 'z@h')
  node.hear('p1@h', { tag: 'disconnect', edge: 1, reason: 'evict', peers: [] })
  assert.equal(node.told, ['down p1@h graceful'])
  return node.dialled.length
}

test('who is evicted asks candidates at once, or none before the next shuffle', () => {
  const options = { activeSize: 3, hints: false }
  assert.is(dialsWhenEvicted(new Lone(options).fill(2)), 2)
  const waits = new Lone({ ...options, afterEviction: 'wait' }).step({ tag: 'bootstrap' }).fill(2)
  assert.is(dialsWhenEvicted(waits), 0)
  assert.is(waits.fire('shuffle').dialled.length, 2)
})

test('who loses its last peer to an eviction asks at once, even the one that evicted it', () => {
  const alone = (activeSize: number) =>
    new Lone({ activeSize, hints: false, afterEviction: 'wait' })
      .fill(1)
      .hear('p0@h', { tag: 'disconnect', edge: 0, reason: 'evict', peers: [] })
  const node = alone(5)
  assert.equal(node.dialled, ['p0@h'])
  node.step({ tag: 'connected', node: 'p0@h' })
  assert.is(node.sent('neighbor')[0]?.priority, 'high')
  // In views of one, two nodes would evict each other from a third for ever.
  assert.equal(alone(1).dialled, [])
})

test('the late end of an older edge does not cut the newer one', () => {
  const node = new Lone().befriend('a@h', 1)
  node.hear('a@h', { tag: 'neighbor', edge: 2, priority: 'low' })
  node.hear('a@h', { tag: 'disconnect', edge: 1, reason: 'evict', peers: [] })
  assert.ok(node.counted('stale'))
  assert.equal(node.active, ['a@h'])
  node.hear('a@h', { tag: 'disconnect', edge: 2, reason: 'evict', peers: [] })
  assert.equal(node.told, ['down a@h graceful'])
})

test('an accept nobody waits for is taken back at the other end', () => {
  const node = new Lone().hear('a@h', { tag: 'neighborReply', edge: 5, accept: true, peers: [] })
  assert.equal(node.active, [])
  assert.equal(node.sent('disconnect'), [
    { to: 'a@h', tag: 'disconnect', edge: 5, reason: 'noEdge', peers: [] },
  ])
})

test('an accept that comes when there is no room left is given back', () => {
  const node = new Lone().fill(4)
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('b@h'), ttl: 6 })
  node.step({ tag: 'connected', node: 'b@h' })
  const edge = node.sent('neighbor')[0]?.edge ?? -1
  node.befriend('faster@h', 77)
  node.hear('b@h', { tag: 'neighborReply', edge, accept: true, peers: [] })
  assert.is(node.sent('disconnect')[0]?.to, 'b@h')
  assert.equal(node.told, [])
  assert.not(node.active.includes('b@h'))
})

test('of two proposals that cross, the one of the greater name stands', () => {
  const near = new Lone({}, { name: 'a@h' }).step({ tag: 'join', contact: 'z@h' })
  near.step({ tag: 'connected', node: 'z@h' })
  const nearEdge = near.sent('join')[0]?.edge ?? -1
  const far = new Lone({}, { name: 'z@h', seed: 9 }).step({ tag: 'join', contact: 'a@h' })
  far.step({ tag: 'connected', node: 'a@h' })
  const farEdge = far.sent('join')[0]?.edge ?? -1
  far.hear('a@h', { tag: 'join', edge: nearEdge })
  const answer = far.sent('neighborReply')[0]
  assert.is(answer?.accept, false)
  near.hear('z@h', { tag: 'join', edge: farEdge })
  assert.equal(near.active, ['z@h'])
  near.hear('z@h', { tag: 'neighborReply', edge: nearEdge, accept: false, peers: [] })
  assert.equal(near.active, ['z@h'])
  far.hear('a@h', { tag: 'neighborReply', edge: farEdge, accept: true, peers: [] })
  assert.equal(far.active, ['a@h'])
  assert.is(near.state.active[0]?.edge, far.state.active[0]?.edge)
})

test('a check of an edge that both have is silent; of one that is gone, it ends it', () => {
  const node = new Lone().befriend('a@h', 1)
  node.hear('a@h', { tag: 'edgeCheck', edge: 1 })
  assert.equal(node.last, [])
  node.hear('b@h', { tag: 'edgeCheck', edge: 1 })
  assert.is(node.sent('disconnect')[0]?.reason, 'noEdge')
  node.hear('a@h', { tag: 'disconnect', edge: 1, reason: 'noEdge', peers: [] })
  assert.equal(node.told, ['down a@h oneSided'])
})

test('two ends with two numbers for their edge settle on that of the greater name', () => {
  const near = new Lone({}, { name: 'm@h' }).befriend('z@h', 1)
  near.hear('z@h', { tag: 'edgeCheck', edge: 2 })
  assert.is(near.state.active[0]?.edge, 2)
  const far = new Lone({}, { name: 'z@h' }).befriend('m@h', 2)
  far.hear('m@h', { tag: 'edgeCheck', edge: 1 })
  assert.equal(far.sent('edgeCheck'), [{ to: 'm@h', tag: 'edgeCheck', edge: 2 }])
})

test('an edge is checked each period, one after the other', () => {
  const node = new Lone().fill(3)
  node.step({ tag: 'bootstrap' })
  const checked = [1, 2, 3].map(() => node.fire('audit').sent('edgeCheck')[0]?.to)
  assert.equal([...checked].sort(), ['p0@h', 'p1@h', 'p2@h'])
})

/** A full node is asked for room by a stranger; returns whom it checks because of that. */
function checkedWhenAsked(node: Lone, edge: number): string[] {
  node.hear('low@h', { tag: 'neighbor', edge, priority: 'low' })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  return node.sent('edgeCheck').map(({ to }) => to)
}

test('who refuses for want of room checks its edges: peers may have died unnoticed', () => {
  const node = new Lone({ requestsMax: 0 }).fill()
  assert.equal(checkedWhenAsked(node, 11), ['p0@h', 'p1@h', 'p2@h', 'p3@h', 'p4@h'])
  node.step({ tag: 'failed', node: 'p3@h', reason: 'nodedown' })
  assert.equal(node.dialled, ['low@h'])
})

test('a flood of requests does not make it check more than once in roomCheckMs', () => {
  const node = new Lone({ requestsMax: 0 }).fill()
  assert.is(checkedWhenAsked(node, 11).length, 5)
  for (let i = 0; i < 100; i++) assert.equal(checkedWhenAsked(node, i), [])
  node.nowMs += 1_000
  assert.is(checkedWhenAsked(node, 12).length, 5)
  assert.equal(checkedWhenAsked(new Lone({ roomCheckMs: 0 }).fill(), 13), [])
})

test('what a former peer sent before it knew is taken for a moment, then no more', () => {
  const node = new Lone().befriend('a@h', 1).befriend('b@h', 2)
  node.hear('a@h', { tag: 'disconnect', edge: 1, reason: 'evict', peers: [] })
  assert.ok(isHeard(node.state, 'a@h', node.nowMs))
  node.teach('a@h', 'x@h')
  assert.ok(node.passive.includes('x@h'))
  node.nowMs += 5_000
  assert.not(isHeard(node.state, 'a@h', node.nowMs))
  node.teach('a@h', 'y@h')
  assert.ok(node.counted('stranger'))
  assert.not(node.passive.includes('y@h'))
  assert.ok(isHeard(node.state, 'b@h', node.nowMs))
})

test('a swap keeps the degree of all four: the two that lost a peer are told of each other', () => {
  const node = new Lone().fill().step({ tag: 'bootstrap' }).teach('p0@h', 'c@h')
  node.fire('rotate')
  assert.equal(node.dialled, ['c@h'])
  node.step({ tag: 'connected', node: 'c@h' })
  const [ask] = node.sent('neighbor')
  assert.is(ask?.priority, 'swap')
  const other = new Lone({}, { name: 'c@h', seed: 3 })
  for (let i = 0; i < 5; i++) other.befriend(`q${i}@h`, i)
  other.hear('m@self', { tag: 'neighbor', edge: ask?.edge ?? -1, priority: 'swap' })
  const [answer] = other.sent('neighborReply')
  const evicted = other.sent('disconnect')[0]?.to ?? ''
  assert.equal(answer?.peers, [ref(evicted)])
  node.hear('c@h', { ...answer!, tag: 'neighborReply' })
  assert.equal(node.sent('disconnect')[0]?.peers, [ref(evicted)])
  assert.is(node.active.length, 5)
  assert.ok(node.active.includes('c@h'))
  assert.ok(node.counted('rotated'))
})

test.run()

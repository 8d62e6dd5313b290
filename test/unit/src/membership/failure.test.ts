/**
 * Peers that fail and the spares that take their place (rows MEM-09 to MEM-12 and MEM-17 of the
 * spec): reasons, backoff, who is asked first, and the backstop of what is under way.
 */
import { paperMembershipOptions } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { dialledOf, Lone, ref } from './lone.ts'

const test = suite('membership failure')

for (const reason of ['nodedown', 'busy', 'connectFailed'] as const) {
  test(`MEM-09: a peer that fails (${reason}) is down at once, and a spare is asked`, () => {
    const node = new Lone().fill().teach('p0@h', 'spare@h')
    node.step({ tag: 'failed', node: 'p1@h', reason })
    assert.equal(node.told, [`down p1@h ${reason}`])
    assert.equal(node.dialled, ['spare@h'])
    assert.not(node.passive.includes('p1@h'))
  })
}

test('a spare that accepts is a peer; one that refuses is followed by the next', () => {
  const node = new Lone().fill(4).teach('p0@h', 'a@h', 'b@h')
  node.step({ tag: 'failed', node: 'p3@h', reason: 'nodedown' })
  assert.equal([...node.dialled].sort(), ['a@h', 'b@h'])
  node.step({ tag: 'connected', node: 'a@h' })
  const edge = node.sent('neighbor')[0]?.edge ?? -1
  node.hear('a@h', { tag: 'neighborReply', edge, accept: true, peers: [] })
  assert.equal(node.told, ['up a@h'])
  node.step({ tag: 'failed', node: 'b@h', reason: 'connectFailed' })
  assert.equal(node.pending, [])
})

test('a node with next to no peers asks with priority, one with some does not', () => {
  const asked = (size: number) => {
    const node = new Lone().fill(size + 1).teach('p0@h', 'a@h')
    node.step({ tag: 'failed', node: `p${size}@h`, reason: 'nodedown' })
    node.step({ tag: 'connected', node: 'a@h' })
    return node.sent('neighbor')[0]?.priority
  }
  assert.equal([0, 1, 2, 3, 4].map(asked), ['high', 'high', 'low', 'low', 'low'])
})

test('MEM-10: a failed node is tried after 1, 2, 4 and 8 s, a fifth of that more or less', () => {
  const node = new Lone().befriend('a@h')
  node.step({ tag: 'failed', node: 'a@h', reason: 'nodedown' })
  for (const expectedMs of [1_000, 2_000, 4_000, 8_000]) {
    const waitMs = (node.timers.get('retry a@h')?.dueMs ?? 0) - node.nowMs
    assert.ok(waitMs >= expectedMs * 0.8 - 1 && waitMs <= expectedMs * 1.2 + 1, `${waitMs} ms`)
    assert.equal(node.fire('retry a@h').dialled, ['a@h'])
    node.step({ tag: 'failed', node: 'a@h', reason: 'connectFailed' })
  }
})

test('MEM-10: the backoff does not grow beyond its limit', () => {
  const node = new Lone({ maxFailCount: 30 }).befriend('a@h')
  node.step({ tag: 'failed', node: 'a@h', reason: 'nodedown' })
  for (let i = 0; i < 20; i++) {
    const waitMs = (node.timers.get('retry a@h')?.dueMs ?? 0) - node.nowMs
    assert.ok(waitMs <= 300_000 * 1.2 + 1, `${waitMs} ms`)
    node.fire('retry a@h').step({ tag: 'failed', node: 'a@h', reason: 'connectFailed' })
  }
})

test('MEM-11: after five failures it is no candidate any more, but a lost name', () => {
  const node = new Lone().befriend('a@h')
  node.step({ tag: 'failed', node: 'a@h', reason: 'nodedown' })
  for (let i = 0; i < 4; i++) {
    node.fire('retry a@h').step({ tag: 'failed', node: 'a@h', reason: 'connectFailed' })
  }
  assert.is(node.timers.has('retry a@h'), false)
  assert.equal(node.state.failed, [])
  assert.equal(node.passive, [])
  assert.equal(
    node.state.lost.map((peer) => peer.node),
    ['a@h'],
  )
})

test('MEM-11: hearsay that does not answer is dropped after two failures, and not kept', () => {
  const node = new Lone().fill(4).teach('p0@h', 'fake@h')
  node.step({ tag: 'failed', node: 'p3@h', reason: 'nodedown' })
  node.step({ tag: 'failed', node: 'fake@h', reason: 'connectFailed' })
  node.fire('retry fake@h').step({ tag: 'failed', node: 'fake@h', reason: 'connectFailed' })
  assert.not(node.timers.has('retry fake@h'))
  assert.equal(node.passive, [])
  assert.equal(node.state.lost, [])
})

test('what others say of a failed node does not shorten its wait', () => {
  const node = new Lone().fill(2).step({ tag: 'failed', node: 'p1@h', reason: 'nodedown' })
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('p1@h'), ttl: 6 })
  node.hear('p0@h', { tag: 'disconnect', edge: 0, reason: 'evict', peers: [ref('p1@h')] })
  assert.not(node.pending.includes('p1@h'))
  assert.ok(node.timers.has('retry p1@h'))
})

test('a failed node that comes back by itself is forgiven', () => {
  const node = new Lone().befriend('a@h')
  node.step({ tag: 'failed', node: 'a@h', reason: 'nodedown' })
  node.hear('a@h', { tag: 'neighbor', edge: 5, priority: 'high' })
  assert.equal(node.active, ['a@h'])
  assert.equal(node.state.failed, [])
  assert.not(node.timers.has('retry a@h'))
})

test('a failed node that answers becomes a spare if there is no room', () => {
  const node = new Lone().fill()
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' }).befriend('other@h', 50)
  node.fire('retry p0@h').step({ tag: 'connected', node: 'p0@h' })
  assert.equal(node.sent('neighbor'), [])
  assert.equal(node.passive, ['p0@h'])
})

test('MEM-12: who was met is asked first, then who was heard of last', () => {
  const node = new Lone({ activeSize: 2 }).fill(2)
  node.hear('p0@h', {
    tag: 'shuffle',
    id: 1,
    ttl: 0,
    origin: 'p0@h',
    peers: [ref('old@h', 9_000), ref('new@h', 10), ref('middle@h', 500)],
    tried: [],
  })
  node.hear('met@h', { tag: 'neighbor', edge: 8, priority: 'low' })
  node.nowMs += 60_000
  const order: string[] = []
  node.step({ tag: 'failed', node: 'p1@h', reason: 'nodedown' })
  for (let i = 0; i < 4; i++) {
    const [next] = node.dialled
    order.push(next ?? 'nobody')
    if (next !== undefined) node.step({ tag: 'failed', node: next, reason: 'connectFailed' })
  }
  assert.equal(order, ['met@h', 'new@h', 'middle@h', 'old@h'])
})

test('MEM-17: a contact that never answers is given up in time, and counted', () => {
  const node = new Lone().step({ tag: 'join', contact: 'mute@h' })
  node.step({ tag: 'connected', node: 'mute@h' })
  assert.is((node.timers.get('pending mute@h')?.dueMs ?? 0) - node.nowMs, 30_000)
  node.fire('pending mute@h')
  assert.ok(node.counted('pendingTimeout'))
  assert.equal(node.pending, [])
})

test('MEM-17: an answer after that is taken back', () => {
  const node = new Lone().step({ tag: 'join', contact: 'slow@h' })
  node.step({ tag: 'connected', node: 'slow@h' })
  const edge = node.sent('join')[0]?.edge ?? -1
  node.fire('pending slow@h')
  node.hear('slow@h', { tag: 'neighborReply', edge, accept: true, peers: [] })
  assert.is(node.sent('disconnect')[0]?.reason, 'noEdge')
  assert.equal(node.active, [])
})

test('MEM-26: nothing is sent to a node without a channel: a question follows its connect', () => {
  const node = new Lone().fill(4).teach('p0@h', 'spare@h')
  node.step({ tag: 'failed', node: 'p3@h', reason: 'nodedown' })
  assert.equal(
    node.last.filter((action) => action.tag === 'send'),
    [],
  )
})

test('a node short of one peer pauses when all refuse, and asks each of them less and less', () => {
  const node = new Lone().fill(4).teach('p0@h', 'a@h', 'b@h', 'c@h')
  node.step({ tag: 'bootstrap' })
  let asked = 0
  let actions = node.pass(600_000)
  for (let i = 0; i < 200; i++) {
    const dialled = dialledOf(actions)
    if (dialled.length === 0) break
    actions = dialled.flatMap((name) => {
      asked += 1
      const [ask] = node.step({ tag: 'connected', node: name }).sent('neighbor')
      if (ask === undefined) return []
      const { edge } = ask
      return node.hear(name, { tag: 'neighborReply', edge, accept: false, peers: [] }).last
    })
    actions = [...actions, ...node.pass(60_000)]
  }
  assert.ok(asked > 3 && asked < 400, `${asked} questions`)
})

test('the paper: a node that failed once is forgotten', () => {
  const node = new Lone(paperMembershipOptions).fill(5)
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' })
  assert.equal(node.state.failed, [])
  assert.equal(node.state.lost, [])
  assert.equal(node.passive, [])
})

test.run()

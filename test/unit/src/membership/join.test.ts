/**
 * Becoming a member, step by step: the contact, the walks of the newcomer's name, and what a
 * contact does that has evicted enough for now (rows MEM-01 to MEM-05 and MEM-07 of the spec).
 */
import { paperMembershipOptions } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Lone, ref, self } from './lone.ts'

const test = suite('membership join')

test('MEM-01: both ends have the edge once the contact agreed, and not before', () => {
  const node = new Lone().step({ tag: 'join', contact: 'seed@h' })
  assert.equal(node.dialled, ['seed@h'])
  node.step({ tag: 'connected', node: 'seed@h' })
  const [join] = node.sent('join')
  assert.is(join?.to, 'seed@h')
  assert.equal(node.active, [])
  node.hear('seed@h', { tag: 'neighborReply', edge: join?.edge ?? -1, accept: true, peers: [] })
  assert.equal(node.told, ['up seed@h', 'joined'])
  assert.equal(node.active, ['seed@h'])
  assert.equal(node.pending, [])
})

test('MEM-02: a join through oneself does nothing; one through a dead contact is given up', () => {
  const node = new Lone().step({ tag: 'join', contact: self })
  assert.equal(node.dialled, [])
  node.step({ tag: 'join', contact: 'dead@h' })
  node.step({ tag: 'failed', node: 'dead@h', reason: 'connectFailed' })
  assert.equal(node.pending, [])
  assert.equal(node.active, [])
})

test('MEM-03: the contact agrees to the number given, and tells all its peers', () => {
  const node = new Lone().fill(3).hear('new@h', { tag: 'join', edge: 42 })
  assert.equal(node.sent('neighborReply'), [
    { to: 'new@h', tag: 'neighborReply', edge: 42, accept: true, peers: [] },
  ])
  const walks = node.sent('forwardJoin')
  assert.equal(
    walks.map((walk) => walk.to),
    ['p0@h', 'p1@h', 'p2@h'],
  )
  assert.ok(walks.every((walk) => walk.ttl === 6 && walk.peer.node === 'new@h'))
  assert.equal(node.told, ['up new@h'])
})

test('a join from a peer renews its edge and tells nobody', () => {
  const node = new Lone().fill(3).hear('p1@h', { tag: 'join', edge: 99 })
  assert.equal(node.told, [])
  assert.equal(node.sent('forwardJoin'), [])
  assert.is(node.state.active.find((peer) => peer.node === 'p1@h')?.edge, 99)
})

test('MEM-04: a full node keeps the name where the walk is half done, and at its end', () => {
  const steps = [6, 5, 4, 3, 2, 1, 0].map((ttl) => {
    const node = new Lone({ walk: 'room' }).fill()
    node.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl })
    const next = node.sent('forwardJoin')[0]
    return [ttl, next?.ttl, node.passive.includes('new@h'), next?.to === 'p0@h']
  })
  assert.equal(steps, [
    [6, 5, false, false],
    [5, 4, false, false],
    [4, 3, false, false],
    [3, 2, true, false],
    [2, 1, false, false],
    [1, 0, false, false],
    [0, undefined, true, false],
  ])
})

test('a node with room dials the newcomer, and the walk ends', () => {
  const node = new Lone().fill(4)
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 5 })
  assert.equal(node.dialled, ['new@h'])
  assert.equal(node.sent('forwardJoin'), [])
  node.step({ tag: 'connected', node: 'new@h' })
  assert.is(node.sent('neighbor')[0]?.priority, 'low')
})

test('at the end of a walk a full node splits an edge: both of its ends get the newcomer', () => {
  const node = new Lone().fill()
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 0 })
  assert.equal(node.dialled, ['new@h'])
  assert.is(node.active.length, 5)
  node.step({ tag: 'connected', node: 'new@h' })
  const edge = node.sent('neighbor')[0]?.edge ?? -1
  node.hear('new@h', { tag: 'neighborReply', edge, accept: true, peers: [] })
  const [end] = node.sent('disconnect')
  assert.equal(end?.peers, [ref('new@h')])
  assert.equal(node.told, [`down ${end?.to} dropped`, 'up new@h'])
})

test('who is evicted proposes an edge to the node it is told of', () => {
  const node = new Lone().fill()
  node.hear('p2@h', { tag: 'disconnect', edge: 2, reason: 'evict', peers: [ref('new@h')] })
  assert.equal(node.told, ['down p2@h graceful'])
  assert.equal(node.dialled, ['new@h'])
})

test('the paper: a walk ends at its last step or at a node with one peer', () => {
  const few = new Lone(paperMembershipOptions).fill(3)
  few.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 5 })
  assert.equal(few.dialled, [])
  const full = new Lone(paperMembershipOptions).fill()
  full.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 0 })
  full.step({ tag: 'connected', node: 'new@h' })
  assert.is(full.sent('neighbor')[0]?.priority, 'high')
  const alone = new Lone(paperMembershipOptions).fill(1)
  alone.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 6 })
  assert.equal(alone.dialled, ['new@h'])
})

test('a walk is only taken from a peer, and comes to an end for a name everybody knows', () => {
  const node = new Lone().fill(1)
  node.hear('other@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 6 })
  assert.ok(node.counted('stranger'))
  assert.equal(node.dialled, [])
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref(self), ttl: 6 })
  assert.equal(node.last, [])
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('p0@h'), ttl: 6 })
  assert.equal(node.sent('forwardJoin'), [])
})

test('MEM-07: the peer evicted for a newcomer is told, and stays known', () => {
  const node = new Lone({ hints: false }).fill().hear('new@h', { tag: 'join', edge: 42 })
  const [end] = node.sent('disconnect')
  assert.equal(node.told, [`down ${end?.to} dropped`, 'up new@h'])
  assert.equal(
    { ...end, to: '', edge: 0 },
    {
      to: '',
      tag: 'disconnect',
      edge: 0,
      reason: 'evict',
      peers: [],
    },
  )
  assert.equal(node.passive, [end?.to])
  assert.equal(node.dialled, [])
})

test('a contact that is asked too often keeps its peers, and says whom to ask', () => {
  const node = new Lone({ evictionBurst: 2 }).fill()
  for (let i = 0; i < 50; i++) node.hear(`new${i}@h`, { tag: 'join', edge: i })
  assert.ok(node.counted('redirected'))
  const [answer] = node.sent('neighborReply')
  assert.is(answer?.accept, false)
  assert.is(answer?.peers.length, 8)
  assert.is(node.sent('forwardJoin').length, 1)
  const kept = node.active.filter((name) => name.startsWith('p'))
  assert.ok(kept.length >= 3, `${kept.length} of its 5 peers are left`)
})

test('a newcomer that was sent on asks the others with priority', () => {
  const node = new Lone().step({ tag: 'join', contact: 'seed@h' })
  node.step({ tag: 'connected', node: 'seed@h' })
  const edge = node.sent('join')[0]?.edge ?? -1
  const peers = [ref('a@h'), ref('b@h')]
  node.hear('seed@h', { tag: 'neighborReply', edge, accept: false, peers })
  assert.equal([...node.dialled].sort(), ['a@h', 'b@h'])
  node.step({ tag: 'connected', node: 'a@h' })
  assert.is(node.sent('neighbor')[0]?.priority, 'high')
})

test.run()

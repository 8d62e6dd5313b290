/**
 * What a node does by itself: leaving, bootstrap from contacts, blocked nodes, and what an operator
 * sees of it all (rows MEM-18 to MEM-22, MEM-24, MEM-25 and EVT-02 of the spec).
 */
import { viewOf } from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { dialledOf, Lone, ref, self } from './lone.ts'

const test = suite('membership upkeep')

test('MEM-18: a node that leaves tells its peers, and lets go of everything', () => {
  const node = new Lone({ contactNodes: ['seed@h'] }).step({ tag: 'bootstrap' }).fill(2)
  node.teach('p0@h', 'spare@h').step({ tag: 'join', contact: 'other@h' })
  node.step({ tag: 'failed', node: 'p1@h', reason: 'nodedown' })
  node.step({ tag: 'leave' })
  assert.equal(
    node.sent('disconnect').map(({ to, reason }) => [to, reason]),
    [['p0@h', 'leave']],
  )
  assert.equal(node.told, ['down p0@h left', 'left'])
  assert.equal([node.active, node.passive, node.pending, [...node.timers.keys()]], [[], [], [], []])
  assert.equal(node.step({ tag: 'leave' }).last, [])
})

test('MEM-18: a peer that leaves is known, but not asked, until it asks itself', () => {
  const node = new Lone().fill(2).hear('p0@h', {
    tag: 'disconnect',
    edge: 0,
    reason: 'leave',
    peers: [],
  })
  assert.equal(node.told, ['down p0@h left'])
  assert.equal(node.passive, ['p0@h'])
  assert.equal(dialledOf(node.step({ tag: 'bootstrap' }).pass(200_000)), [])
  node.hear('p0@h', { tag: 'join', edge: 5 })
  assert.ok(node.active.includes('p0@h'))
})

test('a peer that left and then went down is forgotten', () => {
  const node = new Lone().fill(2)
  node.hear('p0@h', { tag: 'disconnect', edge: 0, reason: 'leave', peers: [] })
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' })
  assert.equal([node.passive, node.state.failed, node.state.lost], [[], [], []])
})

test('MEM-18: who has left refuses, until it joins again', () => {
  const node = new Lone({ contactNodes: ['seed@h'] }).step({ tag: 'bootstrap' })
  node.step({ tag: 'leave' })
  node.hear('a@h', { tag: 'join', edge: 1 })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  node.hear('a@h', { tag: 'neighbor', edge: 1, priority: 'high' })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  assert.equal(dialledOf(node.pass(600_000)), [])
  node.step({ tag: 'join', contact: 'a@h' })
  assert.equal(node.dialled, ['a@h'])
  assert.ok(node.timers.has('shuffle'))
})

test('what was under way when a node left leads to nothing', () => {
  const node = new Lone().step({ tag: 'bootstrap' }).fill(2).step({ tag: 'leave' })
  node.hear('p0@h', { tag: 'forwardJoin', peer: ref('new@h'), ttl: 6 })
  assert.equal(node.dialled, [])
  node.teach('p0@h', 'x@h')
  node.hear('p0@h', { tag: 'neighborReply', edge: 1, accept: true, peers: [] })
  assert.is(node.sent('disconnect')[0]?.reason, 'noEdge')
  node.hear('p0@h', { tag: 'edgeCheck', edge: 1 })
  assert.is(node.sent('disconnect')[0]?.reason, 'noEdge')
  node.step({ tag: 'connected', node: 'p0@h' })
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' })
  assert.equal([node.active, node.passive, node.pending], [[], [], []])
  assert.equal([...node.timers.keys()], [])
})

test('a channel nobody asked for stays outside the views', () => {
  const node = new Lone().step({ tag: 'connected', node: 'a@h' })
  assert.equal(node.last, [])
  assert.equal([node.active, node.passive], [[], []])
})

test('MEM-19: contacts are joined at the start, the own name left out', () => {
  const node = new Lone({ contactNodes: ['a@h', self, 'b@h'] }).step({ tag: 'bootstrap' })
  assert.equal(dialledOf(node.pass(999)), [])
  assert.equal(dialledOf(node.pass(1)).sort(), ['a@h', 'b@h'])
})

test('MEM-20, MEM-21: while there is no peer they are tried again and again', () => {
  const node = new Lone({ contactNodes: ['a@h'] }).step({ tag: 'bootstrap' })
  let tries = 0
  for (let i = 0; i < 60; i++) {
    tries += dialledOf(node.pass(1_000)).length
    if (node.pending.includes('a@h')) {
      node.step({ tag: 'failed', node: 'a@h', reason: 'connectFailed' })
    }
  }
  assert.ok(tries >= 9 && tries <= 80, `${tries} tries in a minute`)
})

test('a node with a peer lets the contacts be, but for one look at them now and then', () => {
  const node = new Lone({ contactNodes: ['a@h'] }).fill(1).step({ tag: 'bootstrap' })
  assert.equal(dialledOf(node.pass(25_000)), [])
  assert.equal(dialledOf(node.pass(100_000)), ['a@h'])
})

test('MEM-22: a seed dials nobody', () => {
  const node = new Lone({ contactNodes: [self] }).step({ tag: 'bootstrap' })
  assert.equal(dialledOf(node.pass(3_600_000)), [])
})

test('EVT-02: joined is told with the first peer, each time', () => {
  const node = new Lone().befriend('a@h', 1)
  assert.equal(node.told, ['up a@h', 'joined'])
  assert.equal(node.befriend('b@h', 2).told, ['up b@h'])
  node.hear('a@h', { tag: 'disconnect', edge: 1, reason: 'evict', peers: [] })
  node.hear('b@h', { tag: 'disconnect', edge: 2, reason: 'evict', peers: [] })
  assert.equal(node.befriend('c@h', 3).told, ['up c@h', 'joined'])
})

test('MEM-24: a blocked node is in no view, whatever it sends, and is sought when released', () => {
  const node = new Lone().fill(3).teach('p0@h', 'spare@h')
  node.step({ tag: 'block', nodes: ['p1@h', 'spare@h', 'other@h', self] })
  assert.equal(node.told, ['down p1@h blocked'])
  assert.equal(
    node.sent('disconnect').map(({ to }) => to),
    ['p1@h'],
  )
  assert.equal(node.passive, [])
  node.hear('p1@h', { tag: 'join', edge: 1 })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  node.hear('p1@h', { tag: 'neighbor', edge: 1, priority: 'high' })
  assert.is(node.sent('neighborReply')[0]?.accept, false)
  node.teach('p0@h', 'p1@h')
  node.step({ tag: 'join', contact: 'other@h' })
  assert.equal(node.dialled, [])
  node.step({ tag: 'bootstrap' }).pass(120_000)
  node.step({ tag: 'unblock' })
  const dialled = new Set(dialledOf(node.pass(60_000)))
  assert.ok(
    ['p1@h', 'spare@h', 'other@h'].every((name) => dialled.has(name)),
    [...dialled].join(),
  )
})

test('MEM-24: some of them are released by name', () => {
  const node = new Lone().step({ tag: 'block', nodes: ['a@h', 'b@h'] })
  node.step({ tag: 'unblock', nodes: ['a@h', 'never@h'] })
  assert.equal([...node.state.blocked], ['b@h'])
})

test('MEM-25: comings and goings are counted', () => {
  const node = new Lone().fill(3)
  node.step({ tag: 'failed', node: 'p0@h', reason: 'nodedown' })
  const { joins, leaves } = viewOf(node.state, node.nowMs)
  assert.equal([joins, leaves], [3, 1])
})

test('the views are shown with reasons and ages', () => {
  const node = new Lone({ contactNodes: ['seed@h'] }).fill(1).step({ tag: 'bootstrap' })
  node.teach('p0@h', 'spare@h').befriend('q@h', 9)
  node.hear('q@h', { tag: 'disconnect', edge: 9, reason: 'leave', peers: [] })
  node.befriend('r@h', 3).step({ tag: 'failed', node: 'r@h', reason: 'busy' })
  node.nowMs += 500
  const view = viewOf(node.state, node.nowMs)
  assert.equal(view.active, [{ node: 'p0@h', ageMs: 500, ours: false }])
  assert.equal(view.passive, [
    { node: 'q@h', heardAgoMs: 500, reason: 'departed', from: 'q@h', restsMs: 1_500 },
  ])
  assert.equal(view.pending, [{ node: 'spare@h', reason: 'neighbor', asked: false }])
  assert.equal(
    view.failed.map(({ node, reason, failCount }) => [node, reason, failCount]),
    [['r@h', 'busy', 1]],
  )
  assert.equal(view.lost, [
    { node: 'seed@h', reason: 'contact', ageMs: 500, triedAgoMs: undefined },
  ])
  assert.not(view.left)
})

test('a full node changes an edge now and then, one with room has no need', () => {
  const full = new Lone().fill().step({ tag: 'bootstrap' }).teach('p0@h', 'a@h')
  assert.equal(full.fire('rotate').dialled, ['a@h'])
  full.step({ tag: 'failed', node: 'a@h', reason: 'connectFailed' })
  assert.is(full.active.length, 5)
  const short = new Lone().fill(3).step({ tag: 'bootstrap' })
  short.hear('p0@h', { tag: 'shuffleReply', id: 0, peers: [ref('a@h')], tried: [] })
  assert.equal(short.fire('rotate').dialled, [])
})

test.run()

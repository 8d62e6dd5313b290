/** Plumtree rule by rule (rows PLM-* of the cluster spec), on one node or a few. */

import { broadcastStatistics } from '../../../../src/broadcast/index.ts'
import type { BroadcastMessage, Carried } from '../../../../src/broadcast/message.ts'
import type { BroadcastOptions } from '../../../../src/broadcast/options.ts'
import type { BroadcastAction } from '../../../../src/broadcast/state.ts'
import { limits } from '../../../../src/limits.ts'
import { nodeRandoms } from '../../../simulation/light/node-random.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Network, payload, TestNode } from './network.ts'

const test = suite('broadcast rule')

const a = 'a@host'
const b = 'b@host'
const c = 'c@host'
const idOf = (counter: number): string => `o@host/epoch000/0000000${counter}/tag00000`
const body = (counter: number, more: Partial<Carried> = {}): Carried => ({
  id: idOf(counter),
  topic: 't',
  payload,
  round: 1,
  ageMs: 0,
  ...more,
})

function nodeWith(peers: readonly string[], options: Partial<BroadcastOptions> = {}): TestNode {
  const node = new TestNode('me@host', nodeRandoms(1, 1)[0]!, { announceDelayMs: 0, ...options })
  for (const peer of peers) node.step({ tag: 'peerUp', node: peer })
  return node
}

function hear(node: TestNode, from: string, message: BroadcastMessage) {
  return node.step({ tag: 'message', from, message })
}

/** `to tag`, of what was sent. */
function sent(actions: readonly BroadcastAction[]): string[] {
  return actions.flatMap((action) =>
    action.tag === 'send' ? [`${action.to} ${action.message.tag}`] : [],
  )
}

test('a broadcast is delivered here, and goes to eager peers whole, to lazy ones as an id', () => {
  const node = nodeWith([a, b])
  hear(node, b, { tag: 'prune' })
  const actions = node.step({ tag: 'broadcast', topic: 't', payload })
  assert.equal(sent(actions), [`${a} gossip`, `${b} ihave`])
  const deliver = actions.find((action) => action.tag === 'deliver')
  assert.is(deliver?.tag === 'deliver' && deliver.origin, 'me@host')
  assert.is(node.delivered.length, 1)
})

test('all of ten nodes get each of forty broadcasts once (PLM-01, PLM-10)', () => {
  const network = new Network(10, 7)
  network.linkAll(15)
  for (let each = 0; each < 40; each++) network.broadcast(network.node(each))
  network.run(5000)
  for (const node of network.nodes.values()) {
    assert.is(node.delivered.length, 40)
    assert.is(new Set(node.delivered).size, 40)
  }
})

test('a new body goes on to all but its sender, whose link becomes eager', () => {
  const node = nodeWith([a, b, c])
  hear(node, a, { tag: 'prune' })
  hear(node, c, { tag: 'prune' })
  const actions = hear(node, a, { tag: 'gossip', ...body(0) })
  assert.equal(sent(actions), [`${b} gossip`, `${c} ihave`])
  assert.equal(node.eager.sort(), [a, b])
  const gossip = actions.find((each) => each.tag === 'send' && each.to === b)
  assert.is(gossip?.tag === 'send' && gossip.message.tag === 'gossip' && gossip.message.round, 2)
})

test('a duplicate is not delivered, and prunes its link at both ends (PLM-02, AMB-29)', () => {
  const node = nodeWith([a, b])
  hear(node, a, { tag: 'gossip', ...body(0) })
  assert.equal(sent(hear(node, b, { tag: 'gossip', ...body(0) })), [`${b} prune`])
  assert.equal(node.eager, [a])
  assert.is(node.delivered.length, 1)
})

test('duplicates in flight before a PRUNE took effect are not each answered', () => {
  const node = nodeWith([a, b])
  for (const counter of [0, 1, 2]) hear(node, a, { tag: 'gossip', ...body(counter) })
  const prunes = [0, 1, 2].flatMap((at) => sent(hear(node, b, { tag: 'gossip', ...body(at) })))
  assert.equal(prunes, [`${b} prune`])
  node.runUntil(node.nowMs + 50)
  assert.equal(sent(hear(node, b, { tag: 'gossip', ...body(0) })), [`${b} prune`])
})

test('a pruned link carries ids only (PLM-03)', () => {
  const network = new Network(6, 3)
  network.linkAll(12)
  for (let each = 0; each < 5; each++) {
    network.broadcast(network.node(0))
    network.run(3000)
  }
  network.sent.clear()
  network.broadcast(network.node(0))
  network.run(900)
  assert.is(network.sent.get('gossip'), 5)
  assert.ok((network.sent.get('ihave') ?? 0) > 0)
  assert.is(network.sent.get('graft'), undefined)
})

test('an announced body that does not come is asked for after the timer (PLM-04)', () => {
  const node = nodeWith([a, b])
  hear(node, b, { tag: 'prune' })
  hear(node, b, { tag: 'ihave', ids: [idOf(0)], rounds: [3] })
  assert.equal(sent(node.runUntil(249)), [])
  assert.equal(sent(node.runUntil(250)), [`${b} graft`])
  assert.equal(node.eager.sort(), [a, b])
  hear(node, b, { tag: 'gossip', ...body(0) })
  assert.equal(node.delivered, [idOf(0)])
  assert.equal(sent(node.runUntil(5000)), [])
})

test('a body that comes in time is not asked for', () => {
  const node = nodeWith([a, b])
  hear(node, b, { tag: 'ihave', ids: [idOf(0)], rounds: [3] })
  hear(node, a, { tag: 'gossip', ...body(0) })
  assert.is(node.timers.has(`graft ${idOf(0)}`), false)
  assert.equal(sent(node.runUntil(5000)), [])
})

test('announcers are asked in turn, each given its time; then the message counts as lost', () => {
  const node = nodeWith([a, b, c])
  for (const peer of [a, b, c]) hear(node, peer, { tag: 'ihave', ids: [idOf(0)], rounds: [1] })
  node.step({ tag: 'peerDown', node: b })
  assert.equal(sent(node.runUntil(250)), [`${a} graft`])
  assert.equal(sent(node.runUntil(750)), [`${c} graft`])
  assert.equal(sent(node.runUntil(1250)), [])
  assert.is(node.counts.get('lost'), 1)
  assert.is(node.counts.get('brokenPromise'), 2)
  assert.is(node.state.missing.size, 0)
})

test('a GRAFT is answered with the body and makes the link eager', () => {
  const node = nodeWith([a, b])
  hear(node, b, { tag: 'gossip', ...body(0) })
  hear(node, a, { tag: 'prune' })
  node.nowMs += 20
  const [answer, ...others] = hear(node, a, { tag: 'graft', ids: [idOf(0), idOf(1)] })
  assert.equal(others, [])
  assert.equal(answer, {
    tag: 'send',
    to: a,
    message: { tag: 'gossip', ...body(0, { round: 2, ageMs: 20 }) },
  })
  assert.equal(node.eager.sort(), [a, b])
})

test('survivors lose nothing when a parent in the tree dies amid a burst (PLM-05)', () => {
  const network = new Network(8, 11)
  network.linkAll(20)
  for (let each = 0; each < 5; each++) {
    network.broadcast(network.node(0))
    network.run(3000)
  }
  const parent = network.nodes.get(network.node(0).eager[0]!)!
  for (let each = 0; each < 10; each++) network.broadcast(network.node(0))
  for (let each = 0; each < 12; each++) network.deliverOne()
  for (const name of network.names) network.unlink(parent.name, name)
  network.run(10_000)
  const survivors = [...network.nodes.values()].filter((node) => node !== parent)
  for (const node of survivors) assert.is(node.delivered.length, 15, node.name)
})

test('a peer that leaves is in neither set and asked for nothing (PLM-06)', () => {
  const node = nodeWith([a, b])
  hear(node, b, { tag: 'prune' })
  hear(node, b, { tag: 'ihave', ids: [idOf(0)], rounds: [1] })
  assert.equal(broadcastStatistics(node.state).lazyPeers, [b])
  node.step({ tag: 'peerDown', node: b })
  const { eagerPeers, lazyPeers, pendingIhaves } = broadcastStatistics(node.state)
  assert.equal([eagerPeers, lazyPeers, pendingIhaves], [[a], [], 1])
  assert.is(sent(node.runUntil(10_000)).includes(`${b} graft`), false)
  assert.is(broadcastStatistics(node.state).pendingIhaves, 0)
})

test('ids are forgotten after their time, and an old one is then broadcast again (PLM-07)', () => {
  const node = nodeWith([], { digestPeriodMs: 0 })
  const again = { tag: 'broadcast', topic: 't', payload, id: 'once' } as const
  node.step(again)
  node.runUntil(299_000)
  assert.equal(node.step(again), [{ tag: 'refused', reason: 'knownId' }])
  node.runUntil(360_000)
  assert.is(broadcastStatistics(node.state).cachedMessages, 0)
  assert.is(broadcastStatistics(node.state).cachedBytes, 0)
  node.step(again)
  assert.equal(node.delivered, ['/once', '/once'])
  node.runUntil(1_000_000)
  assert.is(node.timers.size, 0, 'nothing is set while there is nothing to do')
})

test('the same explicit id from two nodes is delivered once (PLM-08)', () => {
  const network = new Network(6, 5)
  network.linkAll(6)
  network.broadcast(network.node(0), 'the same')
  network.broadcast(network.node(4), 'the same')
  network.run(60_000)
  for (const node of network.nodes.values()) assert.equal(node.delivered, ['/the same'])
})

test('statistics name the links and count what is kept (PLM-09)', () => {
  const node = nodeWith([b, a])
  hear(node, a, { tag: 'gossip', ...body(0) })
  hear(node, b, { tag: 'prune' })
  hear(node, b, { tag: 'ihave', ids: [idOf(1)], rounds: [1] })
  assert.equal(broadcastStatistics(node.state), {
    eagerPeers: [a],
    lazyPeers: [b],
    cachedMessages: 1,
    cachedBytes: 3,
    pendingIhaves: 1,
    streams: 1,
  })
})

test('a link that is shorter by the threshold takes the place of the one in the tree', () => {
  const node = nodeWith([a, b], { optimisationThreshold: 3 })
  hear(node, b, { tag: 'prune' })
  hear(node, b, { tag: 'ihave', ids: [idOf(0)], rounds: [2] })
  const kept = hear(node, a, { tag: 'gossip', ...body(0, { round: 4 }) })
  assert.equal(sent(kept), [`${b} ihave`])
  hear(node, b, { tag: 'ihave', ids: [idOf(1)], rounds: [2] })
  const moved = hear(node, a, { tag: 'gossip', ...body(1, { round: 5 }) })
  assert.equal(sent(moved), [`${b} ihave`, `${b} graft`, `${a} prune`])
  assert.equal(node.eager, [b])
})

test('with threshold 0 a way as long takes the place if announced first; never if never', () => {
  for (const [optimisationThreshold, eager] of [[0, b] as const, ['never', a] as const]) {
    const node = nodeWith([a, b], { optimisationThreshold })
    hear(node, b, { tag: 'prune' })
    hear(node, b, { tag: 'ihave', ids: [idOf(0)], rounds: [4] })
    hear(node, a, { tag: 'gossip', ...body(0, { round: 4 }) })
    assert.equal(node.eager, [eager])
  }
})

test('announcements of one moment leave as one message, without what the peer knows', () => {
  const node = nodeWith([a, b], { announceDelayMs: 5 })
  hear(node, b, { tag: 'prune' })
  for (const at of [0, 1, 2]) hear(node, a, { tag: 'gossip', ...body(at, { round: at }) })
  hear(node, b, { tag: 'ihave', ids: [idOf(1)], rounds: [4] })
  const [told, ...more] = node.runUntil(5)
  assert.equal(more, [])
  const message = { tag: 'ihave', ids: [idOf(0), idOf(2)], rounds: [1, 3] }
  assert.equal(told, { tag: 'send', to: b, message })
})

test('what cannot be broadcast is refused, and changes nothing', () => {
  const node = nodeWith([a])
  const before = node.state
  const large = new Uint8Array(limits.broadcastPayloadMaxBytes + 1)
  const refused = (topic: string, bytes: Uint8Array, id?: string) => {
    const event = { tag: 'broadcast', topic, payload: bytes } as const
    return node.step(id === undefined ? event : { ...event, id })
  }
  assert.equal(refused('t', large), [{ tag: 'refused', reason: 'payloadTooLarge' }])
  assert.equal(refused('', payload), [{ tag: 'refused', reason: 'badTopic' }])
  assert.equal(refused('t', payload, ''), [{ tag: 'refused', reason: 'badId' }])
  assert.equal(refused('t', payload, 'x'.repeat(256)), [{ tag: 'refused', reason: 'badId' }])
  assert.is(node.state, before)
})

test('a former state stays as it was', () => {
  const node = nodeWith([a])
  const before = node.state
  hear(node, a, { tag: 'gossip', ...body(0) })
  assert.is(broadcastStatistics(before).cachedMessages, 0)
  assert.is(broadcastStatistics(node.state).cachedMessages, 1)
})

test.run()

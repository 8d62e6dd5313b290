/** Nodes that were away learn what they missed, at the price of the difference. */
import { limits } from '../../../../src/limits.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Network, payload, type TestNode } from './network.ts'

const test = suite('broadcast catch-up')

function pair(seed: number): { network: Network; one: TestNode; other: TestNode } {
  const network = new Network(2, seed)
  return { network, one: network.node(0), other: network.node(1) }
}

test('equal nodes exchange one small message each way', () => {
  const { network, one, other } = pair(1)
  network.link(one.name, other.name)
  for (let each = 0; each < 50; each++) network.broadcast(each % 2 === 0 ? one : other)
  network.run(1000)
  network.unlink(one.name, other.name)
  network.sent.clear()
  network.link(one.name, other.name)
  const encoded = createCodec().encode(network.flying[0]?.message)
  network.run(1000)
  assert.is(network.sent.get('digest'), 2)
  network.sent.delete('digest')
  network.sent.delete('graft')
  assert.is(network.sent.size, 0)
  assert.ok(encoded.tag === 'ok' && encoded.bytes.length <= 24)
})

test('a node that was away gets what it missed, and nothing else is named', () => {
  const { network, one, other } = pair(2)
  network.link(one.name, other.name)
  for (let each = 0; each < 30; each++) network.broadcast(one)
  network.run(1000)
  network.unlink(one.name, other.name)
  for (let each = 0; each < 3; each++) network.broadcast(one)
  network.broadcast(one, 'with a key')
  network.broadcast(other)
  network.sent.clear()
  network.link(one.name, other.name)
  const named = new Set<string>()
  while (network.flying.length > 0) {
    for (const { message } of network.flying) {
      if (typeof message !== 'object' || message === null || !('ids' in message)) continue
      for (const id of message.ids as string[]) named.add(id)
    }
    network.deliverOne()
  }
  network.run(5000)
  assert.is(one.delivered.length, 35)
  assert.equal([...one.delivered].sort(), [...other.delivered].sort())
  assert.is(named.size, 5)
  assert.is(network.sent.get('repair'), 5)
  assert.is(network.sent.get('graft'), undefined)
  assert.is(network.sent.get('prune'), undefined, 'the tree is left alone')
})

test('a gap in the middle is seen although later messages arrived', () => {
  const { network, one, other } = pair(3)
  network.link(one.name, other.name)
  network.broadcast(one)
  network.deliverAll()
  network.broadcast(one)
  network.flying.splice(0)
  network.broadcast(one)
  network.run(1000)
  assert.is(other.delivered.length, 2)
  network.run(40_000)
  assert.is(other.delivered.length, 3)
})

test('more gaps than are kept apart are filled too', () => {
  const { network, one, other } = pair(3)
  network.link(one.name, other.name)
  network.broadcast(one)
  network.run(1000)
  for (let each = 0; each < 1_000; each++) {
    network.broadcast(one)
    if (each % 2 === 0) network.flying.splice(0)
    network.deliverAll()
  }
  assert.is(other.delivered.length, 501)
  network.run(200_000)
  assert.is(other.delivered.length, 1_001)
})

test('what is missing is found behind much that is there, of streams that were forgotten', () => {
  const { network, one, other } = pair(3)
  network.link(one.name, other.name)
  for (let each = 0; each < 600; each++) network.broadcast(one)
  network.run(1000)
  network.broadcast(one)
  network.flying.splice(0)
  for (let at = 0; at < limits.broadcastStreamsMax + 1; at++) {
    const id = `evil@host/${at.toString(36).padStart(8, '0')}/00000000/00000000`
    const message = { tag: 'gossip', id, topic: 't', payload, round: 1, ageMs: 0 } as const
    other.step({ tag: 'message', from: 'evil@host', message })
  }
  network.run(200_000)
  assert.ok(other.delivered.includes(one.delivered[600] ?? ''))
})

test('who missed thousands of one node gets them all, also when a new one comes first', () => {
  const { network, one, other } = pair(3)
  network.link(one.name, other.name)
  network.broadcast(one)
  network.run(1000)
  network.unlink(one.name, other.name)
  for (let each = 0; each < 5_000; each++) network.broadcast(one)
  network.link(one.name, other.name)
  network.flying.splice(0)
  network.broadcast(one)
  network.run(200_000)
  assert.is(other.delivered.length, 5_002)
})

test('halves that were apart learn of each other through one link, each node once', () => {
  const network = new Network(10, 4)
  const half = (at: number): string => network.node(at).name
  for (const base of [0, 5]) {
    for (let at = 0; at < 5; at++) {
      network.link(half(base + at), half(base + ((at + 1) % 5)))
      network.link(half(base + at), half(base + ((at + 2) % 5)))
    }
  }
  for (let at = 0; at < 10; at++)
    for (let each = 0; each < 3; each++) network.broadcast(network.node(at))
  network.run(3000)
  for (const node of network.nodes.values()) assert.is(node.delivered.length, 15)
  network.sent.clear()
  network.link(half(2), half(7))
  network.run(3000)
  for (const node of network.nodes.values()) {
    assert.is(node.delivered.length, 30)
    assert.is(new Set(node.delivered).size, 30)
  }
  assert.is(network.sent.get('repair'), 150, 'each message once to each node that lacked it')
})

test('more than one offer holds comes in turns', () => {
  const { network, one, other } = pair(5)
  for (let each = 0; each < 700; each++) network.broadcast(one)
  network.link(one.name, other.name)
  network.run(10_000)
  assert.is(other.delivered.length, 700)
  assert.is(one.counts.get('answerRefused'), undefined)
})

test('what is too old is neither offered nor given', () => {
  const { network, one, other } = pair(6)
  network.broadcast(one)
  network.run(one.options.bodyTtlMs + 10_000)
  network.broadcast(one)
  network.link(one.name, other.name)
  network.run(3000)
  assert.equal(other.delivered, one.delivered.slice(1))
})

test('who got a message late does not bring it back to those who forgot it', () => {
  const network = new Network(3, 7)
  const [first, second, third] = [0, 1, 2].map((at) => network.node(at))
  network.link(first!.name, second!.name)
  network.broadcast(first!)
  network.run(200_000)
  network.link(second!.name, third!.name)
  network.run(20_000)
  assert.is(third!.delivered.length, 1)
  network.unlink(second!.name, third!.name)
  network.run(200_000)
  assert.is(first!.state.cache.order.size, 0)
  assert.is(third!.state.cache.order.size, 1)
  network.link(first!.name, third!.name)
  network.run(60_000)
  assert.is(first!.delivered.length, 1)
})

test('a hole that nobody can fill is given up when the ids of its time are forgotten', () => {
  const { network, one, other } = pair(8)
  network.link(one.name, other.name)
  network.broadcast(one)
  network.deliverAll()
  network.unlink(one.name, other.name)
  network.broadcast(one)
  network.run(one.options.bodyTtlMs + 1000)
  network.broadcast(one)
  network.link(one.name, other.name)
  network.run(5000)
  const holes = (): number =>
    [...other.state.streams.entries()].reduce((sum, [, stream]) => sum + stream.holes.length, 0)
  assert.is(holes(), 1)
  for (let each = 0; each < 8; each++) {
    network.broadcast(one)
    network.run(50_000)
  }
  assert.is(holes(), 0)
  assert.is(other.delivered.length, one.delivered.length - 1)
})

test('a node started again begins a stream of its own', () => {
  const { network, one, other } = pair(9)
  network.link(one.name, other.name)
  network.broadcast(one)
  network.run(100)
  const again = pair(10).one
  again.step({ tag: 'broadcast', topic: 't', payload })
  assert.not.equal(again.delivered[0]?.split('/')[1], one.delivered[0]?.split('/')[1])
  assert.is(again.delivered[0]?.split('/')[0], one.name)
})

test.run()

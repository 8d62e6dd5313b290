/** A change of neighbours neither cuts a node off the tree nor makes bodies redundant. */
import type { BroadcastMessage } from '../../../../src/broadcast/message.ts'
import type { BroadcastOptions } from '../../../../src/broadcast/options.ts'
import type { BroadcastAction } from '../../../../src/broadcast/state.ts'
import { nodeRandoms } from '../../../simulation/light/node-random.ts'
import { assert, suite } from '../../../support/harness.ts'
import { Network, payload, TestNode } from './network.ts'

const test = suite('broadcast upstream')

const a = 'a@host'
const b = 'b@host'
const c = 'c@host'
const d = 'd@host'
const idOf = (counter: number): string => `o@host/epoch000/0000000${counter}/tag00000`

function nodeWith(peers: readonly string[], options: Partial<BroadcastOptions> = {}): TestNode {
  const plain = { announceDelayMs: 0, digestPeriodMs: 0 }
  const node = new TestNode('me@host', nodeRandoms(1, 1)[0]!, { ...plain, ...options })
  for (const peer of peers) node.step({ tag: 'peerUp', node: peer })
  return node
}

function hear(node: TestNode, from: string, message: BroadcastMessage) {
  return node.step({ tag: 'message', from, message })
}

function gossip(node: TestNode, from: string, counter: number, round: number) {
  const body = { id: idOf(counter), topic: 't', payload, round, ageMs: 0 }
  return hear(node, from, { tag: 'gossip', ...body })
}

function ihave(node: TestNode, from: string, counter: number, round: number) {
  return hear(node, from, { tag: 'ihave', ids: [idOf(counter)], rounds: [round] })
}

/** `to tag`, of what was sent. */
function sent(actions: readonly BroadcastAction[]): string[] {
  return actions.flatMap((action) =>
    action.tag === 'send' ? [`${action.to} ${action.message.tag}`] : [],
  )
}

/** Reached by `a` with the first message, over `round` links; `b` and `c` out of the tree. */
function reachedByA(round: number, options: Partial<BroadcastOptions> = {}): TestNode {
  const node = nodeWith([a, b, c], options)
  hear(node, b, { tag: 'prune' })
  hear(node, c, { tag: 'prune' })
  gossip(node, a, 0, round)
  return node
}

test('before the first message every neighbour is in the tree, at both ends', () => {
  const node = nodeWith([a])
  assert.equal(sent(node.step({ tag: 'peerUp', node: b })), [`${b} graft`])
  assert.equal(node.eager, [a, b])
})

test('a node in the tree takes a new neighbour in on its GRAFT only', () => {
  const node = reachedByA(3)
  assert.equal(sent(node.step({ tag: 'peerUp', node: d })), [])
  assert.equal(node.eager, [a])
  hear(node, d, { tag: 'graft', ids: [] })
  assert.equal(node.eager, [a, d])
})

test('a node that broadcasts is in the tree, and what it loses below it is not its to mend', () => {
  const node = nodeWith([a, b])
  node.step({ tag: 'broadcast', topic: 't', payload })
  node.step({ tag: 'peerUp', node: c })
  assert.equal(node.eager, [a, b])
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [])
})

test('when the link by which the tree comes goes, who announced first takes over at once', () => {
  const node = reachedByA(3)
  ihave(node, c, 1, 9)
  gossip(node, a, 1, 3)
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [`${c} graft`])
  assert.equal(node.eager, [c])
})

test('so does who announced later over as few links; who is below this node does not', () => {
  const node = reachedByA(3)
  ihave(node, b, 0, 5)
  ihave(node, c, 0, 4)
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [`${c} graft`])
})

test('without an alternate the next neighbour enters the tree', () => {
  const node = reachedByA(3, { keepOneEager: false })
  ihave(node, b, 0, 5)
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [])
  assert.equal(sent(node.step({ tag: 'peerUp', node: d })), [`${d} graft`])
  assert.equal(node.eager, [d])
})

test('the other end of the lost link leaves the mending to the one below', () => {
  const node = reachedByA(3)
  hear(node, b, { tag: 'graft', ids: [] })
  ihave(node, c, 0, 4)
  assert.equal(sent(node.step({ tag: 'peerDown', node: b })), [])
  assert.equal(node.eager, [a])
})

test('an alternate that left or is not listened to is passed over', () => {
  const node = nodeWith([a, b, c, d], { brokenPromisesMax: 1 })
  for (const peer of [b, c, d]) hear(node, peer, { tag: 'prune' })
  ihave(node, b, 5, 1)
  node.runUntil(2000)
  assert.is(node.counts.get('brokenPromise'), 1)
  hear(node, b, { tag: 'prune' })
  gossip(node, a, 0, 3)
  node.runUntil(2000)
  for (const peer of [b, c, d]) ihave(node, peer, 0, 4)
  node.step({ tag: 'peerDown', node: c })
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [`${d} graft`])
})

test('the same announcement over and over is one alternate', () => {
  const node = reachedByA(3)
  for (let each = 0; each < 1000; each++) ihave(node, b, 0, 0)
  for (let each = 0; each < 1000; each++) ihave(node, a, 0, 0)
  assert.equal(node.state.reached?.alternates, [b])
})

test("in the paper's profile a new neighbour begins in the tree, and nothing is told it", () => {
  const node = reachedByA(3, { newcomersEager: true, keepOneEager: false })
  ihave(node, c, 0, 4)
  assert.equal(sent(node.step({ tag: 'peerUp', node: d })), [])
  assert.equal(node.eager, [a, d])
  assert.equal(sent(node.step({ tag: 'peerDown', node: a })), [])
})

/** One link goes and one comes before each of 200 broadcasts. Bodies beyond those needed. */
function redundantBodies(newcomersEager: boolean): number {
  const size = 40
  const network = new Network(size, 3, { newcomersEager, optimisationThreshold: 'never' })
  network.linkAll(2 * size)
  for (let each = 0; each < 20; each++) {
    network.broadcast(network.node(network.draw(size)))
    network.run(3000)
  }
  network.sent.clear()
  for (let each = 0; each < 200; each++) {
    const [one = '', other = ''] = [...network.links][network.draw(network.links.size)]!.split(' ')
    network.link(one, network.names[network.draw(size)]!)
    network.unlink(one, other)
    network.link(other, network.names[network.draw(size)]!)
    network.broadcast(network.node(network.draw(size)))
    network.run(3000)
  }
  for (const node of network.nodes.values()) assert.is(node.delivered.length, 220, node.name)
  return (network.sent.get('gossip') ?? 0) - 200 * (size - 1)
}

test(
  'rotating links make few bodies redundant, and lose none',
  () => {
    const eager = redundantBodies(true)
    const lazy = redundantBodies(false)
    assert.ok(eager > 200, `${eager}`)
    assert.ok(lazy < eager / 3, `${lazy} of ${eager}`)
  },
  { deadlineMs: 60_000 },
)

test.run()

/** The cluster of a node: its options, and nodes that have none. */
import { systemOf } from '../../../../runtime/kernel.ts'
import {
  activeView,
  broadcast,
  broadcastStatistics,
  type ClusterOptions,
  connectNode,
  describeSelf,
  join,
  leave,
  members,
  membership,
  type NodeOptions,
  nodes,
  passiveView,
  startNode,
  subscribeBroadcast,
  subscribeMembers,
  subscribeMembership,
  unsubscribeBroadcast,
  unsubscribeMembers,
  unsubscribeMembership,
} from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { b, VirtualCluster } from '../dist/virtual-cluster.ts'

const test = suite('cluster of a node')

/** What is refused, and what the message must say. */
const bad: readonly (readonly [given: unknown, message: RegExp])[] = [
  [true, /cluster: expected options or false, got true/],
  [null, /cluster: expected options or false, got null/],
  ['on', /cluster: expected options or false, got "on"/],
  [[], /cluster: expected options or false, got /],
  [{ gossip: {} }, /cluster: unknown option 'gossip'; known are membership, broadcast, verdict/],
  [{ membership: null }, /cluster: membership: expected options, got null/],
  [{ membership: 5 }, /cluster: membership: expected options, got 5/],
  [{ membership: { activeSize: 0 } }, /membership: activeSize: .* 1 to 64, got 0/],
  [{ membership: { activeSize: 65 } }, /membership: activeSize: .* 1 to 64, got 65/],
  [{ membership: { walk: 'far' } }, /membership: walk: .*room.*got "far"/],
  [{ membership: { views: 1 } }, /membership: unknown option 'views'/],
  [{ membership: { contactNodes: [b] } }, /membership: contacts are named in 'join'/],
  [{ broadcast: [] }, /cluster: broadcast: expected options, got /],
  [{ broadcast: 7 }, /cluster: broadcast: expected options, got 7/],
  [{ broadcast: { graftTimeoutMs: -1 } }, /broadcast: graftTimeoutMs: .*at least 1, got -1/],
  [{ broadcast: { bodyTtlMs: 300_000 } }, /broadcast: bodyTtlMs: .*less than dedupTtlMs/],
  [{ broadcast: { keepOneEager: 1 } }, /broadcast: keepOneEager: .*true or false, got 1/],
  [{ verdict: null }, /cluster: verdict: expected options, got null/],
  [{ verdict: { probeTimeoutMs: 0 } }, /verdict\.probeTimeoutMs: must be .*1 to 600000, got 0/],
  [{ verdict: { confirmations: 1.5 } }, /verdict\.confirmations: must be a whole number/],
  [{ verdict: { speed: 1 } }, /verdict\.speed: .*no option/],
  [{ version: 1 }, /cluster: version: must be text of at most 64 characters, got 1/],
  [{ metadata: { a: 1 } }, /cluster: metadata: must be at most 32 texts by name/],
  [{ metadata: 'x' }, /cluster: metadata: must be at most 32 texts by name.*got "x"/],
]

for (const [given, message] of bad) {
  test(`cluster: ${JSON.stringify(given)} is refused`, async () => {
    // @ts-expect-error what callers without types may give
    await refused(startNode({ name: 'a@here', cluster: given }), message)
  })
}

test('more contacts than a node keeps are refused before anything is started', async () => {
  const list = Array.from({ length: limits.membershipContactsMax + 1 }, (_, n) => `n${n}@here`)
  await refused(
    startNode({ name: 'a@here', join: list }),
    /join: expected at most 64 nodes, got 65/,
  )
})

test('every option is taken as it is given', async () => {
  const cluster = new VirtualCluster()
  const options: ClusterOptions = {
    membership: { activeSize: 3, shufflePeriodMs: 2_000 },
    broadcast: { graftTimeoutMs: 200 },
    verdict: { probeTimeoutMs: 300 },
    version: '1',
    metadata: { zone: 'a' },
  }
  const node = await cluster.start(b, { cluster: options })
  const [self] = await cluster.drive(members(node))
  assert.equal([self?.version, self?.metadata, self?.state], ['1', { zone: 'a' }, 'up'])
})

const without: readonly (readonly [what: string, options: Partial<NodeOptions>])[] = [
  ['without a carrier', { name: 'alone@here' }],
  ['with cluster: false', { cluster: false }],
  ['that hides', { hidden: true }],
]

for (const [what, { name, ...options }] of without) {
  test(`a node ${what} has no overlay, and says so to whoever asks`, async () => {
    const cluster = new VirtualCluster()
    const { carrier: _, ...alone } = cluster.optionsOf(b)
    const starting = name === undefined ? cluster.start(b, options) : startNode({ ...alone, name })
    const node = await cluster.drive(starting)
    cleanup(() => cluster.drive(node.stop()))
    const why = "it has no carrier, hides, or was started with 'cluster: false'"
    const message = new RegExp(`^BadArgument: [a-zA-Z]+: ${node.name} has no overlay: ${why}`)
    for (const work of [
      () => join(node, 'x@here'),
      () => leave(node),
      () => membership(node),
      () => activeView(node),
      () => passiveView(node),
      () => broadcast(node, 'news', 1),
      () => broadcastStatistics(node),
      () => members(node),
      () => describeSelf(node, {}),
    ]) {
      await refused(cluster.drive(new Promise((resolve) => resolve(work()))), message)
    }
    await cluster.run(node, (self) => {
      for (const ask of [subscribeMembership, unsubscribeMembership]) {
        assert.throws(() => ask(self), /has no overlay/)
      }
      for (const ask of [subscribeMembers, unsubscribeMembers]) {
        assert.throws(() => ask(self), /has no overlay/)
      }
      for (const ask of [subscribeBroadcast, unsubscribeBroadcast]) {
        assert.throws(() => ask(self, 'news'), /has no overlay/)
      }
    })
    const own = [...systemOf(node).names.keys()].filter((known) =>
      /membership|broadcast|members/.test(String(known)),
    )
    assert.equal(own, [])
  })
}

test('a node with cluster: false connects on demand, and to those it joins', async () => {
  const cluster = new VirtualCluster()
  await cluster.start(b)
  const node = await cluster.start('a@10.0.0.1', { cluster: false, join: [b] })
  await cluster.until('it is connected', () => nodes(node).includes(b))
  assert.is(await cluster.drive(connectNode(node, b)), true)
})

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work
  } catch (error) {
    assert.match(String(error), message)
    return
  }
  assert.unreachable('it was not refused')
}

test.run()

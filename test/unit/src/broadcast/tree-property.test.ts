/** Laws of broadcast over random graphs, orders of delivery, lost messages and changing links. */
import fc from 'fast-check'
import { assert, suite } from '../../../support/harness.ts'
import { Network, type TestNode } from './network.ts'

const test = suite('broadcast laws')

type Deed =
  | { readonly tag: 'broadcast' | 'own'; readonly at: number }
  | { readonly tag: 'link' | 'unlink'; readonly at: number; readonly other: number }
  | { readonly tag: 'deliver' | 'lose'; readonly times: number }
  | { readonly tag: 'wait'; readonly ms: number }

const at = fc.nat({ max: 11 })
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ tag: fc.constant('broadcast' as const), at }) },
  { weight: 1, arbitrary: fc.record({ tag: fc.constant('own' as const), at }) },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant('link' as const), at, other: at }) },
  { weight: 2, arbitrary: fc.record({ tag: fc.constant('unlink' as const), at, other: at }) },
  {
    weight: 5,
    arbitrary: fc.record({ tag: fc.constant('deliver' as const), times: fc.nat({ max: 30 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ tag: fc.constant('lose' as const), times: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ tag: fc.constant('wait' as const), ms: fc.nat({ max: 3000 }) }),
  },
)

test(
  'every broadcast is delivered exactly once at every node, whatever links come and go',
  () => {
    const property = fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.nat(),
      // Hundreds of messages wait at a time: more, and some would be under way for longer than the
      // minute by which ids outlive bodies, and come twice.
      fc.nat({ max: 100 }),
      fc.array(deeds, { maxLength: 60 }),
      (size, seed, msPerMessage, script) => {
        const network = new Network(size, seed)
        network.msPerMessage = msPerMessage
        network.linkAll(size)
        let made = 0
        for (const [index, deed] of script.entries()) made += perform(network, deed, index)
        network.msPerMessage = 0
        network.linkAll(2)
        network.run(200_000)
        for (const node of network.nodes.values()) {
          assert.is(new Set(node.delivered).size, node.delivered.length, `${node.name}: twice`)
          assert.is(node.delivered.length, made, `${node.name}: ${missed(network, node)}`)
          assert.is(node.state.missing.size, 0)
        }
      },
    )
    fc.assert(property, { numRuns: 150 })
  },
  { deadlineMs: 60_000 },
)

test(
  'the eager links become a tree, and then a body passes each of them once',
  () => {
    const property = fc.property(
      fc.integer({ min: 2, max: 16 }),
      fc.nat(),
      fc.boolean(),
      (size, seed, manySenders) => {
        const network = new Network(size, seed, { optimisationThreshold: 'never' })
        network.linkAll(2 * size)
        for (let each = 0; each < 12; each++) {
          network.broadcast(network.node(manySenders ? network.draw(size) : 0))
          network.run(5000)
        }
        network.sent.clear()
        network.broadcast(network.node(0))
        network.run(5000)
        assert.is(network.sent.get('gossip') ?? 0, size - 1)
        assert.is(network.sent.get('graft') ?? 0, 0)
        assert.is(network.sent.get('prune') ?? 0, 0)
        const edges = [...network.nodes.values()].flatMap((node) =>
          node.eager.map((peer) => [node.name, peer].sort().join()),
        )
        assert.is(edges.length, 2 * (size - 1), 'each edge is eager at both ends')
        assert.is(new Set(edges).size, size - 1)
      },
    )
    fc.assert(property, { numRuns: 100 })
  },
  { deadlineMs: 60_000 },
)

/** Returns how many broadcasts it made. */
function perform(network: Network, deed: Deed, index: number): number {
  switch (deed.tag) {
    case 'broadcast':
      network.broadcast(network.node(deed.at))
      return 1
    case 'own':
      network.broadcast(network.node(deed.at), `key ${index}`)
      return 1
    case 'link':
      network.link(network.node(deed.at).name, network.node(deed.other).name)
      return 0
    case 'unlink':
      network.unlink(network.node(deed.at).name, network.node(deed.other).name)
      return 0
    case 'deliver':
      for (let each = 0; each < deed.times; each++) network.deliverOne()
      return 0
    case 'lose':
      for (let each = 0; each < deed.times; each++) network.loseOne()
      return 0
    case 'wait':
      network.run(deed.ms)
      return 0
  }
}

function missed(network: Network, node: TestNode): string {
  const all = new Set([...network.nodes.values()].flatMap(({ delivered }) => delivered))
  return [...all].filter((id) => !node.delivered.includes(id)).join(', ')
}

test.run()

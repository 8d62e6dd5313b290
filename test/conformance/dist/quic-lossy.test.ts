/**
 * The rules of order, links, monitors and calls (O1 to O6, D8, D11) between two OS processes over
 * real QUIC, through a wire that loses two of a hundred datagrams each way, delays and reorders
 * them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { at, callWithin, cast, type Node, nodes, spawnAt, startNode } from '../../../src/index.ts'
import { type Forwarder, openForwarder } from '../../support/forwarder.ts'
import { assert, suite } from '../../support/harness.ts'
import { genServerCalls } from '../topics/gen-server-calls.ts'
import { links } from '../topics/links.ts'
import { monitors } from '../topics/monitors.ts'
import { rpcs } from '../topics/rpc.ts'
import { signalOrder } from '../topics/signal-order.ts'
import { placeOf } from '../topics/topic.ts'
import { framesOf, needsNoFrame } from './crossing.ts'
import { FarNode } from './far-node.ts'
import { portion, tally } from './tally.ts'

const near = 'near@127.0.0.1'
const far = 'far@127.0.0.1'
const dir = mkdtempSync(join(tmpdir(), 'skein-lossy-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

const topics = [signalOrder, links, monitors, genServerCalls, rpcs]

const child = new FarNode(new URL('./quic-child.ts', import.meta.url), [far, near, join(dir, far)])
let started: { readonly node: Node; readonly wire: Forwarder } | undefined

function scene(): { readonly node: Node; readonly wire: Forwarder } {
  if (started === undefined) throw new Error('the node here did not start')
  return started
}

const before = suite('O and D over a lossy wire: before')
before('two nodes in two OS processes start, the wire between them', async () => {
  const wire = await openForwarder({ host: '127.0.0.1', port: await child.port() }, { seed: 11 })
  for (const way of [wire.up, wire.down])
    Object.assign(way, { loss: 0.02, delayMs: 0, jitterMs: 2 })
  const node = await startNode({
    name: near,
    dataDir: join(dir, near),
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    nodes: { [far]: wire.address },
    modules: [...new Set(topics.flatMap((topic) => topic.modules))],
    cookie: 'the cookie',
    // Cases make processes crash.
    quiet: true,
    tickMs: 1_000,
  })
  started = { node, wire }
  assert.equal(nodes(node), [])
})
before.run()

for (const { subject, cases } of topics) {
  const test = suite(`otp: ${subject} over a lossy wire`)
  for (const topicCase of cases) {
    test(
      `${topicCase.rule} ${topicCase.name}`,
      async () => {
        const { node } = scene()
        const sentBefore = framesOf(node, far).sent
        await topicCase.run(placeOf(node, far))
        if (!needsNoFrame(topicCase)) assert.ok(framesOf(node, far).sent > sentBefore)
      },
      { deadlineMs: 30_000 },
    )
  }
  test.run()
}

const pouring = suite('pouring over a lossy wire')
pouring(
  'O1 five senders pour small and large portions: all arrive, whole and in order',
  async () => {
    const { node, wire } = scene()
    const lostBefore = wire.up.counts.lost
    await node.run((self) => spawnAt(self, far, tally, undefined, { name: 'tally' }))
    const senders = [0, 1, 2, 3, 4].map((mark) =>
      node.run(async (self) => {
        for (let n = 0; n < 40; n++) {
          const size = n % 10 === 9 ? 300_000 : 1_000
          cast(self, at(far, tally, 'tally'), 'add', portion(mark, n, size))
          await self.sendReady(far)
        }
        // Behind what it has sent itself.
        return callWithin(self, 50_000, at(far, tally, 'tally'), 'counts')
      }),
    )
    const all = await Promise.all(senders)
    for (const [mark, { counts, broken }] of all.entries()) {
      assert.equal([counts[mark], broken], [40, 0])
    }
    assert.ok(wire.up.counts.lost > lostBefore, 'datagrams were lost meanwhile')
  },
  { deadlineMs: 60_000 },
)
pouring.run()

const after = suite('O and D over a lossy wire: after')
after(
  'a stop loses nothing of what was sent before it, then the other ends by itself',
  async () => {
    const { node, wire } = scene()
    assert.equal(nodes(node), [far])
    await node.run(async (self) => {
      await spawnAt(self, far, tally, undefined, { name: 'last' })
      for (let n = 0; n < 30; n++) {
        cast(self, at(far, tally, 'last'), 'add', portion(7, n, 100_000))
      }
    })
    await node.stop()
    assert.equal(await child.ask('tally last'), { counts: { 7: 30 }, broken: 0 })
    assert.is(await child.ask('stop'), 'stopped')
    assert.is(await child.ended, 0)
    await wire.close()
  },
)
after.run()

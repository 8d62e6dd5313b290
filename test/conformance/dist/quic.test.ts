/**
 * The conformance topics between two OS processes over real QUIC on loopback: `here` in the test
 * process, `there` in a child that knows nothing of the tests but the modules. Every case must have
 * crossed the wire both ways.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { type Node, nodes, startNode } from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'
import { framesOf, needsNoFrame } from './crossing.ts'
import { FarNode } from './far-node.ts'

const near = 'near@127.0.0.1'
const far = 'far@127.0.0.1'
const dir = mkdtempSync(join(tmpdir(), 'skein-quic-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

const child = new FarNode(new URL('./quic-child.ts', import.meta.url), [far, near, join(dir, far)])
let started: Node | undefined

function here(): Node {
  if (started === undefined) throw new Error('the node here did not start')
  return started
}

const before = suite('otp over QUIC: before')
before('two nodes in two OS processes start', async () => {
  const port = await child.port()
  started = await startNode({
    name: near,
    dataDir: join(dir, near),
    carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
    nodes: { [far]: { host: '127.0.0.1', port } },
    modules: topics
      .flatMap((topic) => topic.modules)
      .filter((one, at, all) => all.indexOf(one) === at),
    cookie: 'the cookie',
    tickMs: 500,
  })
  assert.equal(nodes(started), [])
})
before.run()

for (const { subject, cases } of topics) {
  const test = suite(`otp: ${subject} over QUIC`)
  for (const topicCase of cases) {
    test(`${topicCase.rule} ${topicCase.name}`, async () => {
      const [nearBefore, farBefore] = [framesOf(here(), far), await child.ask('frames')]
      await topicCase.run(placeOf(here(), far))
      if (needsNoFrame(topicCase)) return
      const [nearAfter, farAfter] = [framesOf(here(), far), await child.ask('frames')]
      assert.ok(grew(nearBefore, nearAfter), 'frames crossed, seen from here')
      assert.ok(grew(farBefore, farAfter), 'frames crossed, seen from there')
    })
  }
  test.run()
}

function grew(one: unknown, other: unknown): boolean {
  return isFrames(one) && isFrames(other) && other.sent > one.sent && other.received > one.received
}

function isFrames(value: unknown): value is { sent: number; received: number } {
  return typeof value === 'object' && value !== null && 'sent' in value && 'received' in value
}

const after = suite('otp over QUIC: after')
after('both stop, and the child process ends by itself', async () => {
  assert.equal(nodes(here()), [far])
  assert.is(await child.ask('stop'), 'stopped')
  assert.is(await child.ended, 0)
  await here().stop()
})
after.run()

/**
 * The conformance topics between a node and another one on a worker thread of the same OS process.
 * Every case must have crossed the port both ways.
 */
import { nodePlatform } from '../../../runtime/platform/node.ts'
import { simStorage } from '../../../runtime/platform/sim-storage.ts'
import { workerCarrier } from '../../../src/carrier/worker/index.ts'
import { type Node, nodes, startNode, startWorkers } from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { testTls } from '../../support/tls.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'
import { framesOf, needsNoFrame } from './crossing.ts'
import { modules } from './worker-program.ts'

const far = 'worker-1@localhost'
const platform = { ...nodePlatform(), storage: simStorage(new Map()) }
let started: Node | undefined

function here(): Node {
  if (started === undefined) throw new Error('the node here did not start')
  return started
}

const before = suite('otp over threads: before')
before(
  'a node and its worker start',
  async () => {
    started = await startNode({
      name: 'main@localhost',
      carrier: workerCarrier(),
      cookie: 'the cookie',
      tls: await testTls(platform),
      modules,
      platform,
      quiet: true,
    })
    await startWorkers(started, {
      count: 1,
      program: new URL('./worker-program.ts', import.meta.url),
    })
    assert.equal(nodes(started), [far])
  },
  { deadlineMs: 30_000 },
)
before.run()

for (const { subject, cases } of topics) {
  const test = suite(`otp: ${subject} over threads`)
  for (const topicCase of cases) {
    test(`${topicCase.rule} ${topicCase.name}`, async () => {
      const earlier = framesOf(here(), far)
      await topicCase.run(placeOf(here(), far))
      if (needsNoFrame(topicCase)) return
      const later = framesOf(here(), far)
      assert.ok(later.sent > earlier.sent && later.received > earlier.received, 'frames crossed')
    })
  }
  test.run()
}

const after = suite('otp over threads: after')
after('both stop', async () => {
  assert.equal(nodes(here()), [far])
  await here().stop()
  assert.equal(nodes(here()), [])
})
after.run()

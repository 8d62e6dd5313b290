/**
 * The conformance topics between two nodes on the memory carrier, in virtual time: on a calm
 * network, and on one that delays, reorders and loses packets. Every case must have crossed the
 * wire both ways: nothing may short-circuit because both nodes live in one OS process.
 */
import { assert, suite, useSeed } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'
import { framesOf, needsNoFrame } from './crossing.ts'

const networks = [
  { kind: 'a calm network', delayMaxMs: 0, loss: 0 },
  { kind: 'a rough network', delayMaxMs: 40, loss: 0.05 },
] as const

for (const { kind, delayMaxMs, loss } of networks) {
  for (const { subject, modules, cases } of topics) {
    const test = suite(`otp: ${subject} over ${kind}`)
    for (const [index, topicCase] of cases.entries()) {
      test(`${topicCase.rule} ${topicCase.name}`, async () => {
        useSeed(index)
        const cluster = new VirtualCluster({ seed: index })
        cluster.network.setDelay(0, delayMaxMs)
        cluster.network.setLoss(loss)
        const here = await cluster.start(a, { modules })
        const there = await cluster.start(b, { modules })
        await cluster.drive(topicCase.run(placeOf(here, there.name)))
        if (needsNoFrame(topicCase)) return
        for (const frames of [framesOf(here, b), framesOf(there, a)]) {
          assert.ok(frames.sent > 0 && frames.received > 0, `the wire: ${JSON.stringify(frames)}`)
        }
      })
    }
    test.run()
  }
}

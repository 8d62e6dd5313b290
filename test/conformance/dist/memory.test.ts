/**
 * The conformance topics between two nodes on the memory carrier, in virtual time. Every case must
 * have crossed the wire both ways: nothing may short-circuit because both nodes live in one OS
 * process.
 */
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'
import { framesOf, needsNoFrame } from './crossing.ts'

for (const { subject, modules, cases } of topics) {
  const test = suite(`otp: ${subject} over the memory carrier`)
  for (const topicCase of cases) {
    test(`${topicCase.rule} ${topicCase.name}`, async () => {
      const cluster = new VirtualCluster()
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

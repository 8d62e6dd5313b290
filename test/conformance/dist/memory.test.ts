/**
 * The conformance topics between two nodes on the memory carrier, in virtual time. Every case must
 * have crossed the wire both ways: nothing may short-circuit because both nodes live in one OS
 * process.
 */
import { channelStatistics } from '../../../src/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'
import { topics } from '../topics/index.ts'
import { placeOf } from '../topics/topic.ts'

for (const { subject, modules, cases } of topics) {
  const test = suite(`otp: ${subject} over the memory carrier`)
  for (const { rule, name, run } of cases) {
    test(`${rule} ${name}`, async () => {
      const cluster = new VirtualCluster()
      const here = await cluster.start(a, { modules })
      const there = await cluster.start(b, { modules })
      await cluster.drive(run(placeOf(here, there.name)))
      for (const [node, peer] of [
        [here, b],
        [there, a],
      ] as const) {
        const crossed = channelStatistics(node, peer)
        assert.ok((crossed?.framesSent ?? 0) > 0, `${node.name} sent frames`)
        assert.ok((crossed?.framesReceived ?? 0) > 0, `${node.name} received frames`)
      }
    })
  }
  test.run()
}

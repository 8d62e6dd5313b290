/**
 * Dials that cross on a slow network, at every offset of one from the other: the greater node lets
 * the peer's connection in while its own is still being made, and both must still keep the same
 * one (RT-20). Found by the meeting of many seeds: each kept its own and closed the other's.
 */
import { connectNode, nodes } from '../../../../src/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { a, b, VirtualCluster } from './virtual-cluster.ts'

const test = suite('crossing dials')

const stepMs = 100

for (const delayMs of [100, 300, 400, 500]) {
  test(`${delayMs} ms away: one channel, and never another`, async () => {
    for (let headStartMs = -2_400; headStartMs <= 2_400; headStartMs += stepMs) {
      const cluster = new VirtualCluster()
      const [smaller, greater] = [await cluster.start(a), await cluster.start(b)]
      cluster.network.setDelay(delayMs, delayMs)
      const [first, second] = headStartMs < 0 ? [greater, smaller] : [smaller, greater]
      const earlier = connectNode(first, second.name)
      await cluster.pass(Math.abs(headStartMs))
      const later = connectNode(second, first.name)
      const context = `the smaller ${headStartMs} ms ahead`
      assert.equal(await cluster.drive(Promise.all([earlier, later])), [true, true], context)
      await cluster.pass(60_000)
      assert.equal([nodes(smaller), nodes(greater)], [[b], [a]], context)
      assert.is(cluster.network.traffic().length, 2, context)
      const told = (tag: 'nodeup' | 'nodedown'): number[] =>
        [a, b].map((name) => cluster.of(name, tag).length)
      assert.equal(
        [told('nodeup'), told('nodedown')],
        [
          [1, 1],
          [0, 0],
        ],
        context,
      )
    }
  })
}

test.run()

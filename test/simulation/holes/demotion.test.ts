/**
 * A send that races a demotion: a body leaves for a peer that has just become none, or is not sent
 * to one that has just become one. With edges changing all the time and a slow network nothing may
 * be lost by it, or come twice. The rules alone are shown by `what a former peer sent before it
 * knew is taken for a moment` in `test/unit/src/membership/edge.test.ts`.
 */
import type { ClusterOptions } from '../../../src/node/cluster-options.ts'
import { assert, suite } from '../../support/harness.ts'
import { Stage } from './stage.ts'

const test = suite('holes of demotion')
const deadline = { deadlineMs: 60_000 }
const speeches = 80

/** How often a broadcast was not delivered where it should have been, amid changing edges. */
async function missed(broadcast: ClusterOptions['broadcast']): Promise<number> {
  const membership = { activeSize: 3, rotatePeriodMs: 300, refusalBackoffMs: 200, graceMs: 1_000 }
  const options = broadcast === undefined ? { membership } : { membership, broadcast }
  const stage = new Stage({ honest: 10, cluster: options })
  await stage.start()
  await stage.sim.run(5_000)
  stage.sim.setPath(0, 20, 200)
  for (let n = 0; n < speeches; n++) {
    await stage.say(stage.honest[n % stage.honest.length] ?? '', n)
    await stage.sim.run(100)
  }
  await stage.sim.run(15_000)
  let missing = 0
  for (let n = 0; n < speeches; n++) {
    const { nodes, times } = stage.whoHeard(n)
    assert.is(times, nodes.length, `broadcast ${n} came twice`)
    missing += stage.honest.length - nodes.length
  }
  return missing
}

test(
  'bodies that miss a peer for ever do so only when nobody announces or compares',
  async () => {
    const never = 3_600_000
    const open = await missed({ graftTimeoutMs: never, fetchDelayMs: never, digestPeriodMs: 0 })
    assert.ok(open > 0, 'nothing was missed')
    assert.is(await missed({ digestPeriodMs: 2_000 }), 0)
  },
  deadline,
)

test.run()

/**
 * Nearly a third of the nodes dies at once, amid broadcasts: a cluster of 30, and what is missed
 * when nobody announces what it has. `npm run sim -- --scenario survivors` does it with 200.
 */
import { assert, suite } from '../support/harness.ts'
import { runSurvivors } from './survivors.ts'

const test = suite('survivors')
const deadline = { deadlineMs: 60_000 }

test(
  'of 30 nodes 9 die at once: every broadcast reaches every survivor, and all know who is gone',
  async () => {
    const result = await runSurvivors({ seed: 1, nodes: 30 })
    assert.equal(result.violations, [])
    assert.is(result.killed, 9)
    assert.ok(result.broadcasts >= 50)
  },
  deadline,
)

test(
  'without announcements, grafts and digests some of them are missed',
  async () => {
    const never = 3_600_000
    const broadcast = { graftTimeoutMs: never, fetchDelayMs: never, digestPeriodMs: 0 }
    const { violations } = await runSurvivors({
      seed: 1,
      nodes: 30,
      boot: { cluster: { broadcast } },
    })
    assert.ok(
      violations.some((text) => /broadcast: b\d+ of .* never reached/.test(text)),
      violations[0],
    )
  },
  deadline,
)

test.run()

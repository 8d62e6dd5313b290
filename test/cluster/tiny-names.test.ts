/** A million members that one peer makes up. Too slow for every run. */
import { limits } from '../../src/limits.ts'
import { assert, suite } from '../support/harness.ts'
import { tinyNames } from '../unit/src/members/hostile-scene.ts'

const test = suite('a million tiny names')

test(
  'every honest name has room, and the tables keep within their limits',
  async () => {
    assert.ok((await tinyNames(1_000_000)) <= limits.membersMax)
  },
  {
    deadlineMs: 120_000,
  },
)

test.run()

import { meeting } from '../conformance/dist/meeting.ts'
import { assert, suite, useSeed } from '../support/harness.ts'

const test = suite('nodes that meet, many seeds (RT-20)')

for (let from = 1_000; from < 3_000; from += 250) {
  const name = `seeds ${from} to ${from + 249}`
  const body = async (): Promise<void> => {
    for (let seed = from; seed < from + 250; seed++) {
      useSeed(seed)
      assert.equal(await meeting(seed), [], `seed ${seed}`)
    }
  }
  test(name, body, { deadlineMs: 120_000 })
}

test.run()

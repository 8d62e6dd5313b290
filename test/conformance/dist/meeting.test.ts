import { assert, suite, useSeed } from '../../support/harness.ts'
import { meeting } from './meeting.ts'

const test = suite('nodes that meet (RT-20)')

for (let from = 1; from <= 60; from += 15) {
  test(`seeds ${from} to ${from + 14}`, async () => {
    for (let seed = from; seed < from + 15; seed++) {
      useSeed(seed)
      assert.equal(await meeting(seed), [], `seed ${seed}`)
    }
  })
}

/** Each node kept another one of two connections: at the first meeting, after it, at the next. */
const onceFailed = [1124, 1319, 1524, 2164, 2764]

for (const seed of onceFailed) {
  test(`seed ${seed}, which failed`, async () => {
    useSeed(seed)
    assert.equal(await meeting(seed), [])
  })
}

test.run()

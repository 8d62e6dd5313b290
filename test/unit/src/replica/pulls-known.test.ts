/** Authors that are known, and those of whom there is hearsay: who waits for whom. */
import { limits } from '../../../../src/limits.ts'
import { type PullAction, Pulls } from '../../../../src/replica/pulls.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('pulls: known authors')

const max = limits.replicaPullsMax
const options = { pullEveryMs: 100, pullTimeoutMs: 5_000, random: { unit: () => 0.5 } }

function pulls(): Pulls {
  return new Pulls({ ...options, isKnown: (node) => node.startsWith('known') }, 1)
}

function asked(actions: readonly PullAction[]): readonly string[] {
  return actions.flatMap((action) => (action.tag === 'ask' ? [action.node] : []))
}

test('a known author is asked at once, however many others are being asked', () => {
  const given = pulls()
  for (let n = 0; n < 2 * max; n++) given.want(`other ${n}`, 0)
  assert.equal(asked(given.want('known', 0)), ['known'])
  assert.equal(given.want('known', 0), [])
  assert.is(given.size, 2 * max + 1)
})

test('of the known, too, so many are asked at a time; each that is done makes room', () => {
  const given = pulls()
  for (let n = 0; n < max; n++) assert.is(asked(given.want(`known ${n}`, 0)).length, 1)
  assert.equal(asked(given.want('known last', 0)), [])
  assert.equal(asked(given.want('other', 0)), ['other'])
  assert.equal(asked(given.done('other', true, 1)), [])
  assert.equal(asked(given.failed('known 0', 1)), ['known last'])
  assert.equal(asked(given.forget('known 1', 1)), [])
  assert.equal(asked(given.want('known again', 1)), ['known again'])
})

test('what is forgotten while it waits is not asked, known or not', () => {
  const given = pulls()
  for (let n = 0; n <= max; n++)
    for (const kind of ['known', 'other']) given.want(`${kind} ${n}`, 0)
  given.forget(`known ${max}`, 0)
  given.forget(`other ${max}`, 0)
  assert.is(given.size, 2 * max)
  assert.equal(asked(given.done('known 0', true, 1)), [])
  assert.equal(asked(given.done('other 0', true, 1)), [])
})

test.run()

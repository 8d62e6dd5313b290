/** Options of broadcast: a bad one is refused by its name and value. */
import {
  broadcastOptions,
  defaultBroadcastOptions,
  paperBroadcastOptions,
} from '../../../../src/broadcast/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('broadcast options')

test('what is not given is the default', () => {
  assert.equal(broadcastOptions({}), defaultBroadcastOptions)
  assert.is(broadcastOptions({ optimisationThreshold: 'never' }).optimisationThreshold, 'never')
  const some = broadcastOptions({ graftTimeoutMs: 20, keepOneEager: false })
  assert.equal(some, { ...defaultBroadcastOptions, graftTimeoutMs: 20, keepOneEager: false })
})

test('both profiles are valid', () => {
  assert.equal(broadcastOptions(paperBroadcastOptions), paperBroadcastOptions)
  assert.equal(broadcastOptions(defaultBroadcastOptions), defaultBroadcastOptions)
})

test('a bad option is refused, with its name and what was given', () => {
  const refused = (given: object, pattern: RegExp): void => {
    assert.throws(() => broadcastOptions(given), pattern)
  }
  refused({ graftTimeoutMs: 0 }, /graftTimeoutMs: expected a whole number of at least 1, got 0/)
  refused({ announceDelayMs: -1 }, /announceDelayMs: expected a whole number of at least 0, got -1/)
  refused({ idsMax: '7' }, /idsMax.*got '?"?7/)
  refused({ idsMax: undefined }, /idsMax/)
  refused({ digestPeriodMs: Number.POSITIVE_INFINITY }, /digestPeriodMs.*Infinity/)
  refused({ sweepPeriodMs: 2 ** 31 }, /sweepPeriodMs: .* at most 2147483647, got 2147483648/)
  refused({ keepOneEager: 1 }, /keepOneEager: expected true or false, got 1/)
  refused({ newcomersEager: 'no' }, /newcomersEager: expected true or false, got '?"?no/)
  refused({ optimisationThreshold: 'seldom' }, /optimisationThreshold.*seldom/)
  refused({ optimisationThreshold: -1 }, /optimisationThreshold.*at least 0, or 'never', got -1/)
  refused({ graftTimeout: 1 }, /unknown option 'graftTimeout'/)
  refused({ bodyTtlMs: 300_000 }, /bodyTtlMs: expected less than dedupTtlMs \(300000\), got 300000/)
})

test.run()

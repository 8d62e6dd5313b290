/**
 * Options of the membership rules: the defaults of the spec, and bad values refused by name.
 */
import { BadArgument } from '../../../../runtime/index.ts'
import {
  defaultMembershipOptions,
  membershipOptions,
  paperMembershipOptions,
} from '../../../../src/membership/index.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('membership options')

test('the defaults are those of the spec', () => {
  const { activeSize, passiveSize, arwl, prwl, shuffleLength, shufflePeriodMs } =
    defaultMembershipOptions
  assert.equal(
    { activeSize, passiveSize, arwl, prwl, shuffleLength, shufflePeriodMs },
    { activeSize: 5, passiveSize: 30, arwl: 6, prwl: 3, shuffleLength: 8, shufflePeriodMs: 10_000 },
  )
  assert.equal(membershipOptions(), defaultMembershipOptions)
  assert.equal(membershipOptions(paperMembershipOptions), paperMembershipOptions)
})

test('the paper shares its numbers with the defaults and has none of the remedies', () => {
  const { activeSize, passiveSize, arwl, prwl, shuffleLength } = paperMembershipOptions
  assert.equal([activeSize, passiveSize, arwl, prwl, shuffleLength], [5, 30, 6, 3, 8])
  const { auditPeriodMs, rotatePeriodMs, lostMax, requestsMax, evictionEveryMs, protectedSlots } =
    paperMembershipOptions
  const off = {
    auditPeriodMs,
    rotatePeriodMs,
    lostMax,
    requestsMax,
    evictionEveryMs,
    protectedSlots,
  }
  assert.ok(Object.values(off).every((value) => value === 0))
})

for (const [field, value] of Object.entries(defaultMembershipOptions)) {
  test(`${field}: a wrong value is refused by name`, () => {
    for (const wrong of ['many', -1, Number.NaN, 0.5, null, Number.POSITIVE_INFINITY]) {
      const given: object = { [field]: wrong }
      const named = new RegExp(`membership: ${field}: expected .+, got `)
      assert.throws(
        () => membershipOptions(given),
        (error: unknown) => error instanceof BadArgument && named.test(error.message),
      )
    }
    assert.equal(membershipOptions({ [field]: value }), defaultMembershipOptions)
  })
}

test('an option nobody knows is refused', () => {
  const given: object = { activeSiez: 7 }
  assert.throws(() => membershipOptions(given), /unknown option 'activeSiez'; known are activeSize/)
})

test('contacts are node names', () => {
  assert.throws(() => membershipOptions({ contactNodes: ['seed'] }), /contactNodes.*got.*seed/)
})

test.run()

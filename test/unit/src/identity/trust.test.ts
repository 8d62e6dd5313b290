import { decideTrust, type PinLookup, type TrustQuestion } from '../../../../src/identity/trust.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('trust rule')

const ownKey = new Uint8Array(32).fill(1)
const peerKey = new Uint8Array(32).fill(2)
const otherKey = new Uint8Array(32).fill(3)
const notPinned: PinLookup = { tag: 'notPinned' }
const pinEqual: PinLookup = { tag: 'pinned', publicKey: peerKey.slice() }
const pinDiffers: PinLookup = { tag: 'pinned', publicKey: otherKey }
const unreadable: PinLookup = { tag: 'error', reason: 'pinUnreadable', message: 'disk' }

function decide(question: Partial<TrustQuestion>): ReturnType<typeof decideTrust> {
  return decideTrust({
    mode: 'tofu',
    lookup: notPinned,
    name: 'b@h',
    publicKey: peerKey,
    selfName: 'a@h',
    selfKey: ownKey,
    ...question,
  })
}

const mismatch = { tag: 'reject', reason: 'keyMismatch', expected: otherKey }
const table = [
  ['tofu', 'no pin', notPinned, { tag: 'accept', isNew: true }],
  ['tofu', 'an equal pin', pinEqual, { tag: 'accept', isNew: false }],
  ['tofu', 'another pin', pinDiffers, mismatch],
  ['tofu', 'an unreadable pin', unreadable, { tag: 'reject', reason: 'pinUnreadable' }],
  ['strict', 'no pin', notPinned, { tag: 'reject', reason: 'untrustedKey' }],
  ['strict', 'an equal pin', pinEqual, { tag: 'accept', isNew: false }],
  ['strict', 'another pin', pinDiffers, mismatch],
  ['strict', 'an unreadable pin', unreadable, { tag: 'reject', reason: 'pinUnreadable' }],
] as const

for (const [mode, what, lookup, expected] of table) {
  test(`${mode}, ${what}: ${expected.tag}`, () => {
    assert.equal(decide({ mode, lookup }), expected)
  })
}

for (const mode of ['tofu', 'strict'] as const) {
  for (const [what, lookup] of [
    ['no pin', notPinned],
    ['a pin of our key', { tag: 'pinned', publicKey: ownKey }],
  ] as const) {
    test(`${mode}, ${what}: our own key under another name is a reflection`, () => {
      const decision = decide({ mode, lookup, publicKey: ownKey })
      assert.equal(decision, { tag: 'reject', reason: 'ownKeyReflected' })
    })
  }

  test(`${mode}: our own name with our own key is accepted and never pinned`, () => {
    const decision = decide({ mode, name: 'a@h', publicKey: ownKey })
    assert.equal(decision, { tag: 'accept', isNew: false })
  })

  test(`${mode}: our own name with another key is refused, pinned or not`, () => {
    for (const lookup of [notPinned, pinEqual]) {
      const decision = decide({ mode, lookup, name: 'a@h' })
      assert.equal(decision, { tag: 'reject', reason: 'keyMismatch', expected: ownKey })
    }
  })
}

test('a mode that is neither trusts nobody new', () => {
  // @ts-expect-error a caller in plain JavaScript
  assert.equal(decide({ mode: 'TOFU' }), { tag: 'reject', reason: 'untrustedKey' })
})

test.run()

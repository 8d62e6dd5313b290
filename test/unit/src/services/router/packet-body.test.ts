/** What is inside a relayed packet, and what becomes of what cannot be inside one. */
import fc from 'fast-check'
import { limits } from '../../../../../src/limits.ts'
import {
  callOf,
  decodeOutcome,
  encodeBody,
  encodeOutcome,
} from '../../../../../src/services/router/packet-body.ts'
import { createCodec } from '../../../../../src/wire/index.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('bodies of packets')

const codec = createCodec()

test('an outcome is read as it was written', () => {
  const outcomes = [
    { tag: 'reply', value: { a: [1, 2n, null] } },
    { tag: 'failed', reason: 'killed' },
    { tag: 'failed', reason: { tag: 'undef', op: 'x' } },
  ] as const
  for (const outcome of outcomes) {
    assert.equal(decodeOutcome(codec, encodeOutcome(codec, outcome)), outcome)
  }
})

test('what cannot travel becomes a failure that says so', () => {
  const unsendable = encodeOutcome(codec, { tag: 'reply', value: { f: () => 1 } })
  const said = decodeOutcome(codec, unsendable)
  assert.is(
    said?.tag === 'failed' && typeof said.reason === 'object' && said.reason.tag,
    'unsendable',
  )
  const large = encodeOutcome(codec, { tag: 'reply', value: 'x'.repeat(limits.relayBodyMaxBytes) })
  assert.equal(decodeOutcome(codec, large), {
    tag: 'failed',
    reason: { tag: 'systemLimit', limit: 'relayBody', max: limits.relayBodyMaxBytes },
  })
  const reason = { tag: 'odd', what: () => 1 }
  const odd = encodeOutcome(codec, { tag: 'failed', reason })
  assert.equal(decodeOutcome(codec, odd), { tag: 'failed', reason: 'unknown' })
})

test('nothing that comes instead makes it throw', () => {
  const terms = [null, 7, [], ['reply'], ['reply', 1, 2], ['failed', 7], ['other', 1], { tag: 'x' }]
  for (const term of terms) {
    const encoded = encodeBody(codec, term)
    if (encoded.tag === 'error') throw new Error('it can be sent')
    assert.is(decodeOutcome(codec, encoded.body), undefined)
  }
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const outcome = decodeOutcome(codec, bytes)
      assert.ok(outcome === undefined || typeof outcome.tag === 'string')
    }),
  )
  assert.equal(callOf(['op', 1]), { op: 'op', arg: 1 })
  for (const term of [null, 7, [], ['op'], ['op', 1, 2], { op: 'op' }, [1, 'op']]) {
    assert.is(callOf(term), undefined)
  }
})

test.run()

/**
 * Membership messages as they come from a peer: what is well formed is taken field by field, all
 * else is undefined, and nothing throws.
 */
import fc from 'fast-check'
import { limits } from '../../../../src/limits.ts'
import { decodeMembership, type MembershipMessage } from '../../../../src/membership/index.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { anyMessage } from './arbitrary.ts'

const test = suite('membership message')

test('every message survives the codec and the decoder', () => {
  const codec = createCodec()
  fc.assert(
    fc.property(anyMessage, (message) => {
      const encoded = codec.encode(message)
      assert.is(encoded.tag, 'ok')
      if (encoded.tag !== 'ok') return
      const decoded = codec.decode(encoded.bytes.slice())
      assert.is(decoded.tag, 'ok')
      if (decoded.tag === 'ok') assert.equal(decodeMembership(decoded.term), message)
    }),
  )
})

test('anything else is refused without a throw', () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withSet: true, withBigInt: true }), (term) => {
      assert.is(decodeMembership(term), undefined)
    }),
  )
})

test('a message with one field replaced is refused, or is still within its limits', () => {
  fc.assert(
    fc.property(anyMessage, fc.nat(), fc.anything(), (message, at, value) => {
      const fields: Record<string, unknown> = { ...message }
      const names = Object.keys(fields)
      const name = names[at % names.length] ?? 'tag'
      const decoded = decodeMembership({ ...fields, [name]: value })
      if (decoded !== undefined) assert.equal(decodeMembership(decoded), decoded)
    }),
  )
})

test('fields nobody asked for do not come through', () => {
  const message = { tag: 'join', edge: 1, sender: 'somebody@else' }
  assert.equal(decodeMembership(message), { tag: 'join', edge: 1 })
})

const refused: readonly (readonly [string, unknown])[] = [
  ['no object', 'join'],
  ['null', null],
  ['an unknown tag', { tag: 'flood', edge: 1 }],
  ['no edge', { tag: 'join' }],
  ['a fraction as an edge', { tag: 'join', edge: 0.5 }],
  ['an edge beyond 32 bits', { tag: 'join', edge: 2 ** 32 }],
  ['a walk without end', { tag: 'forwardJoin', peer: { node: 'a@b', ageMs: 0 }, ttl: 1e9 }],
  ['a walk of no time to live', { tag: 'forwardJoin', peer: { node: 'a@b', ageMs: 0 }, ttl: NaN }],
  ['a name that is none', { tag: 'forwardJoin', peer: { node: '../x', ageMs: 0 }, ttl: 1 }],
  ['an age below zero', { tag: 'forwardJoin', peer: { node: 'a@b', ageMs: -1 }, ttl: 1 }],
  ['another priority', { tag: 'neighbor', edge: 1, priority: 'highest' }],
  ['another reason', { tag: 'disconnect', edge: 1, reason: 'because', peers: [] }],
  ['an answer that is neither', { tag: 'neighborReply', edge: 1, accept: 1, peers: [] }],
  ['peers that are no list', { tag: 'shuffleReply', id: 1, peers: {}, tried: [] }],
]

for (const [what, term] of refused) {
  test(`refused: ${what}`, () => {
    assert.is(decodeMembership(term), undefined)
  })
}

test('a message names only so many nodes', () => {
  const peers = (size: number) =>
    Array.from({ length: size }, (_, i) => ({ node: `a${i}@b`, ageMs: 0 }))
  const reply = (size: number) => ({ tag: 'shuffleReply', id: 1, peers: peers(size), tried: [] })
  assert.ok(decodeMembership(reply(limits.membershipPeersMax)))
  assert.is(decodeMembership(reply(limits.membershipPeersMax + 1)), undefined)
  const tried = Array.from({ length: limits.membershipTriedMax + 1 }, (_, i) => ({
    node: `a${i}@b`,
    agoMs: 0,
  }))
  assert.is(decodeMembership({ ...reply(1), tried }), undefined)
})

test('the decoder keeps no part of the term it was given', () => {
  const peer = { node: 'a@b', ageMs: 1 }
  const decoded = decodeMembership({ tag: 'forwardJoin', peer, ttl: 1 }) as MembershipMessage & {
    readonly peer: unknown
  }
  peer.node = 'changed@later'
  assert.equal(decoded.peer, { node: 'a@b', ageMs: 1 })
})

test.run()

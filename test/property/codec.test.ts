/** The codec's laws over arbitrary terms. */
import fc from 'fast-check'
import { createCodec } from '../../src/wire/index.ts'
import { assert, suite } from '../support/harness.ts'
import { channel, interned } from '../support/vectors/term-space.ts'
import {
  equalTerms,
  keyArbitrary,
  plainTermArbitrary,
  termArbitrary,
} from '../support/vectors/terms.ts'

const test = suite('codec laws')
const table = interned()
const ends = channel(table)
const alice = createCodec(ends.alice)
const bob = createCodec(ends.bob)

function bytesOf(term: unknown): Uint8Array {
  const encoded = alice.encode(term)
  if (encoded.tag === 'error') throw new Error(`refused: ${JSON.stringify(encoded)}`)
  return encoded.bytes.slice()
}

function received(bytes: Uint8Array): unknown {
  const decoded = bob.decode(bytes)
  if (decoded.tag === 'error') throw new Error(`not decoded: ${JSON.stringify(decoded)}`)
  return decoded.term
}

test('what is encoded is decoded, exactly', () => {
  fc.assert(
    fc.property(termArbitrary(table), (term) => equalTerms(received(bytesOf(term)), term)),
    { numRuns: 2000 },
  )
})

test('a plain term is the same through msgpackr and through our reader', () => {
  fc.assert(
    fc.property(plainTermArbitrary(), (term) => {
      // An extension anywhere sends the whole term through our reader.
      const pair = received(bytesOf([term, undefined]))
      return (
        Array.isArray(pair) &&
        equalTerms(pair[0], term) &&
        equalTerms(received(bytesOf(term)), term)
      )
    }),
    { numRuns: 1000 },
  )
})

test('large terms come back too, by both readers', () => {
  for (const special of [[], [undefined]]) {
    const rows = Array.from({ length: 5000 }, (_, id) => ({
      id,
      name: `row ${id}`,
      tags: ['a', 'é'],
    }))
    const term = { rows, bytes: new Uint8Array(100_000).fill(7), text: 'ü'.repeat(40_000), special }
    assert.ok(equalTerms(received(bytesOf(term)), term))
  }
})

test('a decoded term shares no memory with its bytes', () => {
  for (const special of [[], [undefined]]) {
    for (const size of [10, 100_000]) {
      const term = { bytes: new Uint8Array(size).fill(1), text: 'a'.repeat(size), special }
      const bytes = bytesOf(term)
      const before = bytes.slice()
      const decoded = received(bytes)
      assert.equal(bytes, before)
      assert.equal(Object.keys(bytes).length, bytes.length, 'the input got properties')
      bytes.fill(0)
      assert.ok(equalTerms(decoded, term))
    }
  }
})

test('bytes are Uint8Array whatever they were', () => {
  const decoded = received(bytesOf([Buffer.from('abc'), Uint8Array.of(1)]))
  assert.ok(equalTerms(decoded, [Uint8Array.of(97, 98, 99), Uint8Array.of(1)]))
})

test('keys are own properties and reach no prototype', () => {
  fc.assert(
    fc.property(keyArbitrary, fc.boolean(), (key, special) => {
      const term = { [key]: { polluted: true }, special: special ? undefined : 0 }
      const decoded = received(bytesOf(term))
      return (
        typeof decoded === 'object' &&
        decoded !== null &&
        Object.hasOwn(decoded, key) &&
        Object.getPrototypeOf(decoded) === Object.prototype &&
        !('polluted' in {})
      )
    }),
  )
})

test('every proper prefix and every extension of a term is refused', () => {
  fc.assert(
    fc.property(termArbitrary(table), fc.nat(255), (term, byte) => {
      const bytes = bytesOf(term)
      for (let end = 0; end < bytes.length; end += 1) {
        if (bob.decode(bytes.subarray(0, end)).tag === 'ok') return false
      }
      const longer = bob.decode(Uint8Array.of(...bytes, byte))
      return longer.tag === 'error' && longer.reason === 'trailing' && longer.at === bytes.length
    }),
    { numRuns: 200 },
  )
})

test('a flipped bit gives an error or a term that can be encoded again', () => {
  fc.assert(
    fc.property(termArbitrary(table), fc.nat(), fc.nat(7), (term, where, bit) => {
      const bytes = bytesOf(term)
      const at = where % bytes.length
      bytes[at] = bytes[at]! ^ (1 << bit)
      const decoded = bob.decode(bytes)
      return decoded.tag === 'error' || bob.encode(decoded.term).tag === 'ok'
    }),
    { numRuns: 3000 },
  )
})

test('random bytes never throw, and what they mean can be encoded again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoded = bob.decode(bytes)
      return decoded.tag === 'error' || bob.encode(decoded.term).tag === 'ok'
    }),
    { numRuns: 5000 },
  )
})

test.run()

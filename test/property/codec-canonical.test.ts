/** Laws of canonical keys: equal terms share one, others do not. */
import fc from 'fast-check'
import { canonicalBytes, createCodec, termKey } from '../../src/wire/index.ts'
import { assert, suite } from '../support/harness.ts'
import { channel, interned } from '../support/term-space.ts'
import { equalTerms, termArbitrary } from '../support/terms.ts'

const test = suite('canonical keys')
const table = interned()
const ends = channel(table)

function keyOf(term: unknown): string {
  const result = termKey(term)
  if (result.tag === 'error') throw new Error(`refused: ${JSON.stringify(result)}`)
  return result.key
}

/** The same term with the order of all keys, entries and members reversed. */
function reversed(term: unknown): unknown {
  if (Array.isArray(term)) return term.map(reversed)
  if (term instanceof Map)
    return new Map([...term].reverse().map(([key, value]) => [reversed(key), reversed(value)]))
  if (term instanceof Set) return new Set([...term].reverse().map(reversed))
  if (typeof term !== 'object' || term === null) return term
  if (Object.getPrototypeOf(term) !== Object.prototype || term instanceof Uint8Array) return term
  return Object.fromEntries(
    Object.entries(term)
      .reverse()
      .map(([key, value]) => [key, reversed(value)]),
  )
}

test('the order of keys, entries and members does not matter', () => {
  fc.assert(
    fc.property(termArbitrary(table), (term) => keyOf(term) === keyOf(reversed(term))),
    { numRuns: 1000 },
  )
})

test('different terms have different keys', () => {
  fc.assert(
    fc.property(termArbitrary(table), termArbitrary(table), (a, b) => {
      // Equal keys are allowed only where a round trip through canonical bytes agrees.
      if (keyOf(a) !== keyOf(b)) return true
      return equalTerms(normal(a), normal(b))
    }),
    { numRuns: 3000 },
  )
})

test('values that look alike are told apart', () => {
  const alike = [
    [1, 1n, '1', [1], { 1: 1 }, new Set([1]), new Map([[1, 1]]), Uint8Array.of(1), true],
    [null, undefined, 0, '', [], {}, new Map(), new Set(), 0n, new Uint8Array(0), false],
    [{ a: undefined }, { a: null }, { b: undefined }, ['a', undefined]],
    [2 ** 53 - 1, 2 ** 53, BigInt(2 ** 53), Number.NaN, 'NaN'],
  ]
  for (const terms of alike) assert.is(new Set(terms.map(keyOf)).size, terms.length)
})

test('the canonical bytes are a term like any other', () => {
  const bob = createCodec(ends.bob)
  fc.assert(
    fc.property(termArbitrary(table), (term) => {
      const canonical = canonicalBytes(term)
      if (canonical.tag === 'error') return false
      const decoded = bob.decode(canonical.bytes)
      return decoded.tag === 'ok' && keyOf(decoded.term) === keyOf(term)
    }),
    { numRuns: 500 },
  )
})

test('the key is the bytes, one character each', () => {
  const term = { name: 'é', list: [1, 2, 300] }
  const canonical = canonicalBytes(term)
  assert.is(canonical.tag, 'ok')
  if (canonical.tag === 'ok')
    assert.is(keyOf(term), Buffer.from(canonical.bytes).toString('latin1'))
})

test('what cannot be a key is refused by path', () => {
  assert.equal(termKey({ a: [() => 1] }), {
    tag: 'error',
    reason: 'type',
    path: 'key.a[0]',
    got: 'function',
  })
})

/** A term as its canonical bytes tell it. */
function normal(term: unknown): unknown {
  const canonical = canonicalBytes(term)
  if (canonical.tag === 'error') throw new Error('refused')
  const decoded = createCodec(ends.bob).decode(canonical.bytes)
  if (decoded.tag === 'error') throw new Error('not decoded')
  return decoded.term
}

test.run()

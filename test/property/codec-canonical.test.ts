/** Laws of canonical keys: equal terms share one, others do not. */
import fc from 'fast-check'
import { isPid, isReference, pidKey, refKey } from '../../runtime/identifier.ts'
import { canonicalBytes, createCodec, termKey } from '../../src/wire/index.ts'
import { assert, suite } from '../support/harness.ts'
import { channel, interned } from '../support/vectors/term-space.ts'
import { termArbitrary } from '../support/vectors/terms.ts'

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

test('keys are equal exactly where a plain text form of the terms is', () => {
  const small = fc.oneof(
    fc.constantFrom<unknown>(0, -0, 1, '0', undefined, null, 1n, 0n),
    termArbitrary(table),
  )
  const shape = fc.tuple(fc.constantFrom('a', 'b'), small, small)
  fc.assert(
    fc.property(shape, shape, ([k, v, w], [l, x, y]) => {
      const [a, b] = [
        [new Map([[k, v]]), { c: w }],
        [new Map([[l, x]]), { c: y }],
      ]
      return (keyOf(a) === keyOf(b)) === (textOf(a) === textOf(b))
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

test('the canonical bytes are a term like any other, and lose nothing', () => {
  const bob = createCodec(ends.bob)
  fc.assert(
    fc.property(termArbitrary(table), (term) => {
      const canonical = canonicalBytes(term)
      if (canonical.tag === 'error') return false
      const decoded = bob.decode(canonical.bytes)
      return decoded.tag === 'ok' && textOf(decoded.term) === textOf(term)
    }),
    { numRuns: 1000 },
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

/** The model: a term as text, entries and members sorted. */
function textOf(term: unknown): string {
  if (Array.isArray(term)) return `[${term.map(textOf).join(',')}]`
  if (term instanceof Uint8Array) return `bytes ${Buffer.from(term).toString('hex')}`
  if (isPid(term)) return `pid ${pidKey(term)}`
  if (isReference(term)) return `reference ${refKey(term)}`
  const sorted = (texts: string[]) => texts.sort().join(',')
  const entry = ([key, value]: [unknown, unknown]) => `${textOf(key)}=>${textOf(value)}`
  if (term instanceof Map) return `Map(${sorted([...term].map(entry))})`
  if (term instanceof Set) return `Set(${sorted([...term].map(textOf))})`
  if (typeof term === 'object' && term !== null)
    return `{${sorted(Object.entries(term).map(entry))}}`
  return typeof term === 'string' ? JSON.stringify(term) : `${typeof term} ${String(term)}`
}

test.run()

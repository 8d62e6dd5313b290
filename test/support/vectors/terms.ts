/**
 * Arbitrary terms: everything a message may hold, nested, with the awkward values of each kind more
 * often than chance would give them. `equalTerms` is structural equality that tells -0 from 0 and
 * an undefined property from an absent one.
 */
import fc from 'fast-check'
import { Pid, Reference } from '../../../runtime/identifier.ts'
import { alice, bob, type Interned } from './term-space.ts'

const awkwardTexts = [
  '',
  '\u0000',
  '\ufeff',
  `\ufeff${'long'.repeat(40)}`,
  'é'.repeat(20),
  '𝄞',
] as const
const awkwardKeys = [
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  '10',
  '-1',
] as const
const awkwardNumbers = [
  ...[-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324],
  ...[7, 8, 15, 16, 31, 32, 33, 52, 53, 54, 64].flatMap((bits) =>
    [-1, 0, 1].flatMap((step) => [2 ** bits + step, -(2 ** bits) + step]),
  ),
]

const identifierNumber = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.maxSafeNat(),
  fc.constantFrom(127, 128, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
)
const incarnation = fc.oneof(
  fc.constantFrom(alice, bob),
  fc.record({
    name: fc.constantFrom(alice.name, 'c@10.0.0.1', `${'n'.repeat(127)}@${'h'.repeat(127)}`),
    creation: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
)

/** Strings that have a UTF-8 form. */
export const textArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom(...awkwardTexts),
)

export const keyArbitrary: fc.Arbitrary<string> = fc
  .oneof(textArbitrary, fc.constantFrom(...awkwardKeys))
  .filter((key) => key !== '__proto__')

export const plainLeaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false),
  textArbitrary,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(...awkwardNumbers),
  fc.uint8Array({ maxLength: 40 }),
)

function specialLeaf(table: Interned): fc.Arbitrary<unknown> {
  const pid = fc
    .tuple(incarnation, identifierNumber, identifierNumber)
    .map(([{ name, creation }, index, serial]) =>
      table.pid({ node: name, creation, index, serial }),
    )
  const reference = fc
    .tuple(incarnation, identifierNumber)
    .map(([{ name, creation }, id]) => table.reference({ node: name, creation, id }))
  return fc.oneof(
    fc.constant(undefined),
    fc.bigInt(),
    fc.bigInt({ min: 0n, max: 2n ** 600n }),
    pid,
    reference,
  )
}

/** Terms without extensions. */
export function plainTermArbitrary(): fc.Arbitrary<unknown> {
  return fc.letrec<{ term: unknown }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      plainLeaf,
      fc.array(tie('term'), { maxLength: 20 }),
      fc.dictionary(keyArbitrary, tie('term'), { maxKeys: 20, noNullPrototype: true }),
    ),
  })).term
}

/** Any term a message may hold. */
export function termArbitrary(table: Interned): fc.Arbitrary<unknown> {
  return fc.letrec<{ term: unknown }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      plainLeaf,
      specialLeaf(table),
      fc.array(tie('term'), { maxLength: 8 }),
      fc.dictionary(keyArbitrary, tie('term'), { maxKeys: 8, noNullPrototype: true }),
      fc.array(fc.tuple(tie('term'), tie('term')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
      fc.array(tie('term'), { maxLength: 5 }).map((members) => new Set(members)),
    ),
  })).term
}

/**
 * Structural equality of terms, order of keys, entries and members included. Identifiers are equal
 * by identity; Node's own deep equality calls any two of them equal, for they show no properties.
 */
export function equalTerms(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Pid || a instanceof Reference) return false
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  const [left, right] = [members(a), members(b)]
  return left.length === right.length && left.every((item, at) => equalTerms(item, right[at]))
}

function members(container: object): readonly unknown[] {
  if (Array.isArray(container)) return container
  if (container instanceof Map) return [...container].flat(1)
  if (container instanceof Set) return [...container]
  return Object.entries(container).flat(1)
}

/**
 * Golden bytes of the canonical encoder. Placement hashes them and stores keep them: they never
 * change. Terms of one row are equal and must share the bytes.
 */
import { alice, type Interned } from './term-space.ts'

export type CanonicalVector = {
  readonly name: string
  readonly terms: readonly unknown[]
  readonly hex: string
}

export function canonicalVectors(table: Interned): readonly CanonicalVector[] {
  const parts = { node: alice.name, creation: alice.creation, index: 1, serial: 2 }
  return [
    { name: 'string', terms: ['users'], hex: 'a57573657273' },
    { name: 'zero', terms: [0, -0], hex: '00' },
    { name: 'NaN', terms: [Number.NaN, -Number.NaN], hex: 'cb7ff8000000000000' },
    { name: 'integer beyond 32 bits', terms: [2 ** 40], hex: 'cf0000010000000000' },
    { name: 'service of one node', terms: [['worker', 'a@h']], hex: '92a6776f726b6572a3614068' },
    {
      name: 'object, shorter keys first',
      terms: [
        { b: 1, aa: 2, a: 3 },
        { aa: 2, a: 3, b: 1 },
        Object.assign(Object.create(null), { a: 3, b: 1, aa: 2 }),
      ],
      hex: '83a16103a16201a2616102',
    },
    {
      name: 'nested objects',
      terms: [
        { x: { q: [], p: null }, k: true },
        { k: true, x: { p: null, q: [] } },
      ],
      hex: '82a16bc3a17882a170c0a17190',
    },
    {
      name: 'Map',
      terms: [
        new Map<unknown, unknown>([
          ['b', 1],
          [5, -0],
        ]),
        new Map<unknown, unknown>([
          [5, 0],
          ['b', 1],
        ]),
      ],
      hex: '95c700140500a16201',
    },
    {
      name: 'Map with equal keys of two identities',
      terms: [
        new Map([[[1], 'b'] as const, [[1], 'a'] as const]),
        new Map([[[1], 'a'] as const, [[1], 'b'] as const]),
      ],
      hex: '95c700149101a1619101a162',
    },
    {
      name: 'Set',
      terms: [new Set(['b', 'a', 1]), new Set([1, 'a', 'b'])],
      hex: '94c7001501a161a162',
    },
    { name: 'undefined property', terms: [{ a: undefined }], hex: '81a161c70010' },
    { name: 'bytes', terms: [Uint8Array.of(1, 2), Buffer.of(1, 2)], hex: 'c4020102' },
    {
      name: 'pid, named even at home',
      terms: [table.pid(parts)],
      hex: 'c71712020f616c696365403132372e302e302e31deadbeef0102',
    },
    {
      name: 'reference, named even at home',
      terms: [table.reference({ node: alice.name, creation: alice.creation, id: 1 })],
      hex: 'c71613020f616c696365403132372e302e302e31deadbeef01',
    },
  ]
}

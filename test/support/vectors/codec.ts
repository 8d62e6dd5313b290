/**
 * Golden bytes of the wire codec, from alice to bob (`term-space.ts`). They are part
 * of the protocol: a change here breaks every node of an older version and all persisted data.
 */
import { alice, bob, type Interned } from './term-space.ts'

export type Vector = { readonly name: string; readonly term: unknown; readonly hex: string }

const text300 = 'x'.repeat(300)

export function codecVectors(table: Interned): readonly Vector[] {
  const { pid, reference } = table
  const aPid = pid({ node: alice.name, creation: alice.creation, index: 1, serial: 2 })
  const bPid = pid({ node: bob.name, creation: bob.creation, index: 300, serial: 2 ** 53 - 1 })
  const cPid = pid({ node: 'c@h', creation: 0xffffffff, index: 2 ** 40, serial: 0 })
  const oldAlice = pid({ node: alice.name, creation: 1, index: 1, serial: 2 })
  const ref = reference({ node: bob.name, creation: bob.creation, id: 2 ** 32 + 1 })
  return [
    { name: 'null', term: null, hex: 'c0' },
    { name: 'undefined', term: undefined, hex: 'c70010' },
    { name: 'false', term: false, hex: 'c2' },
    { name: 'true', term: true, hex: 'c3' },
    { name: '0', term: 0, hex: '00' },
    { name: '-0', term: -0, hex: 'cb8000000000000000' },
    { name: '127', term: 127, hex: '7f' },
    { name: '128', term: 128, hex: 'cc80' },
    { name: '255', term: 255, hex: 'ccff' },
    { name: '256', term: 256, hex: 'cd0100' },
    { name: '65536', term: 65536, hex: 'ce00010000' },
    { name: '2^31', term: 2 ** 31, hex: 'ce80000000' },
    { name: '2^32 - 1', term: 2 ** 32 - 1, hex: 'ceffffffff' },
    { name: '2^32', term: 2 ** 32, hex: 'cf0000000100000000' },
    { name: '2^53 - 1', term: 2 ** 53 - 1, hex: 'cf001fffffffffffff' },
    { name: '2^53', term: 2 ** 53, hex: 'cb4340000000000000' },
    { name: '-1', term: -1, hex: 'ff' },
    { name: '-32', term: -32, hex: 'e0' },
    { name: '-33', term: -33, hex: 'd0df' },
    { name: '-129', term: -129, hex: 'd1ff7f' },
    { name: '-32769', term: -32769, hex: 'd2ffff7fff' },
    { name: '-2^31', term: -(2 ** 31), hex: 'd280000000' },
    { name: '-2^31 - 1', term: -(2 ** 31) - 1, hex: 'd3ffffffff7fffffff' },
    { name: '-(2^53 - 1)', term: -(2 ** 53 - 1), hex: 'd3ffe0000000000001' },
    { name: '1.5', term: 1.5, hex: 'cb3ff8000000000000' },
    { name: 'NaN', term: Number.NaN, hex: 'cb7ff8000000000000' },
    { name: 'Infinity', term: Number.POSITIVE_INFINITY, hex: 'cb7ff0000000000000' },
    { name: 'empty string', term: '', hex: 'a0' },
    { name: 'string', term: 'skein', hex: 'a5736b65696e' },
    { name: 'two- to four-byte letters', term: 'é東𝄞', hex: 'a9c3a9e69db1f09d849e' },
    { name: '16 letters of 2 bytes', term: 'é'.repeat(16), hex: `d920${'c3a9'.repeat(16)}` },
    { name: '300 letters', term: text300, hex: `da012c${'78'.repeat(300)}` },
    { name: 'bytes', term: Uint8Array.of(0, 255), hex: 'c40200ff' },
    { name: 'no bytes', term: new Uint8Array(0), hex: 'c400' },
    { name: 'array', term: [1, [], 'a'], hex: '930190a161' },
    { name: 'object in its own order', term: { b: 1, a: undefined }, hex: '82a16201a161c70010' },
    {
      name: 'Map in its own order',
      term: new Map<unknown, unknown>([
        ['b', 1],
        [{ k: 1 }, [2]],
      ]),
      hex: '95c70014a1620181a16b019102',
    },
    { name: 'empty Map', term: new Map(), hex: '91c70014' },
    { name: 'Set', term: new Set([2, 'a', null]), hex: '94c7001502a161c0' },
    { name: '0n', term: 0n, hex: 'c7011100' },
    { name: '-256n', term: -256n, hex: 'c70311010100' },
    { name: '2^64', term: 2n ** 64n, hex: 'c70a1100010000000000000000' },
    { name: 'pid of the sender', term: aPid, hex: 'c70312000102' },
    { name: 'pid of the receiver', term: bPid, hex: 'c70b1201ac02ffffffffffffff0f' },
    { name: 'pid of a third node', term: cPid, hex: 'c710120203634068ffffffff80808080802000' },
    {
      name: 'pid of an earlier sender',
      term: oldAlice,
      hex: 'c71712020f616c696365403132372e302e302e31000000010102',
    },
    { name: 'reference', term: ref, hex: 'c70613018180808010' },
  ]
}

/**
 * Mutations, pure but for the random source they are given: of bytes, of encoded terms and of
 * streams made of frames. A mutated input stays close to the grammar, since noise never gets past
 * the first check: most mutations keep lengths and counts true and change one value, some lie.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { limits } from '../../src/limits.ts'
import { branch, bytesOfTerm, countNodes, leaf, replaceNode, type TermTree } from './term-tree.ts'

/** A whole number below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random.unit() * end)
}

export function oneOf<T>(random: Random, list: readonly T[]): T {
  const found = list[below(random, list.length)]
  if (found === undefined) throw new RangeError('oneOf: an empty list')
  return found
}

export function chance(random: Random, probability: number): boolean {
  return random.unit() < probability
}

const awkwardBytes = [0x00, 0x01, 0x7f, 0x80, 0xc1, 0xfe, 0xff] as const

type ByteMutation = (bytes: Uint8Array, at: number, random: Random) => Uint8Array

const byteMutations: readonly ByteMutation[] = [
  (bytes, at, random) => changed(bytes, at, (byte) => byte ^ (1 << below(random, 8))),
  (bytes, at, random) => changed(bytes, at, () => oneOf(random, awkwardBytes)),
  (bytes, at, random) => changed(bytes, at, () => below(random, 256)),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at, random) => join(bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 4))),
  (bytes, at, random) =>
    join(bytes.subarray(0, at), random.bytes(1 + below(random, 8)), bytes.subarray(at)),
  (bytes, at, random) => join(bytes.subarray(0, at + 1 + below(random, 16)), bytes.subarray(at)),
  (bytes, _at, random) => join(bytes, random.bytes(1 + below(random, 8))),
]

/** One change of one place. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  return oneOf(random, byteMutations)(bytes, below(random, bytes.length), random)
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice()
  const byte = copy[at]
  if (byte !== undefined) copy[at] = change(byte)
  return copy
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

const letters = (text: string): number[] => [...new TextEncoder().encode(text)]
const named = (name: string): number[] => {
  const node = letters(name)
  return [0xc7, 2 + node.length + 4 + 2, 0x12, 0x02, node.length, ...node, 1, 2, 3, 4, 1, 1]
}

/** Values a careless reader trips over: some of the grammar, some just outside it. */
const awkwardLeaves: readonly TermTree[] = [
  ...[0xc0, 0xc1, 0xc2, 0x00, 0x7f, 0xe0, 0xff].map((byte) => leaf(byte)),
  leaf(0xa9, ...letters('__proto__')),
  leaf(0xd9, 0x09, ...letters('__proto__')),
  leaf(0xab, ...letters('constructor')),
  leaf(0xa0),
  leaf(0xa3, 0xef, 0xbb, 0xbf),
  leaf(0xa3, 0xed, 0xa0, 0x80),
  leaf(0xa2, 0xc3, 0x28),
  leaf(0xdb, 0, 0, 0, 1, 0x61),
  leaf(0xdb, 0xff, 0xff, 0xff, 0xff),
  leaf(0xc4, 0x00),
  leaf(0xc6, 0xff, 0xff, 0xff, 0xff),
  leaf(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 1),
  leaf(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0),
  leaf(0xca, 0x3f, 0x80, 0, 0),
  leaf(0xcc, 0x01),
  leaf(0xcf, 0, 0, 0, 0, 0, 0, 0, 1),
  leaf(0xcf, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  leaf(0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0),
  leaf(0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 0),
  leaf(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  leaf(0xd4, 0x72, 0x40),
  leaf(0xd6, 0xff, 0, 0, 0, 0),
  leaf(0xc7, 0x00, 0x10),
  leaf(0xc8, 0x00, 0x00, 0x10),
  leaf(0xc7, 0x01, 0x10, 0x00),
  leaf(0xc7, 0x01, 0x11, 0x01),
  leaf(0xc7, 0x02, 0x11, 0x02, 0x05),
  leaf(0xc7, 0x03, 0x11, 0x01, 0x01, 0x00),
  leaf(0xc7, 0x03, 0x12, 0x00, 0x01, 0x02),
  leaf(0xc7, 0x03, 0x12, 0x01, 0x01, 0x02),
  leaf(0xc7, 0x04, 0x12, 0x00, 0x80, 0x00, 0x02),
  leaf(0xc7, 0x03, 0x13, 0x01, 0x01, 0x02),
  leaf(0xc7, 0x00, 0x14),
  leaf(0xc7, 0x00, 0x15),
  leaf(0xc7, 0x00, 0x42),
  leaf(...named('mallory@10.6.6.6')),
  leaf(...named('no name')),
]

const lies = [0, 1, 2, 15, 16, 255, 0xffff, 0x10000, 0xffffffff] as const
const depths = [1, 2, limits.termDepthMax - 2, limits.termDepthMax, 1000] as const

/** One change of one value of a term; `donors` are values of other terms. */
export function mutateTerm(random: Random, tree: TermTree, donors: readonly TermTree[]): TermTree {
  const at = below(random, countNodes(tree))
  return replaceNode(tree, at, (node) => mutateNode(random, node, donors))
}

function mutateNode(random: Random, node: TermTree, donors: readonly TermTree[]): TermTree {
  const kind = below(random, 10)
  if (kind < 3) return oneOf(random, donors)
  if (kind < 6) return oneOf(random, awkwardLeaves)
  if (kind === 6) return nested(random, node)
  if (node.tag === 'leaf') return { tag: 'leaf', bytes: mutateBytes(random, node.bytes) }
  const { items } = node
  const place = below(random, items.length + 1)
  if (kind === 7) {
    const other = node.tag === 'map' ? 'array' : 'map'
    const lie = oneOf(random, lies)
    return chance(random, 0.5) ? branch(other, items) : branch(node.tag, items, lie)
  }
  if (kind === 8) return branch(node.tag, items.toSpliced(place, 1 + below(random, 2)))
  const more = oneOf(random, chance(random, 0.5) && items.length > 0 ? items : awkwardLeaves)
  return branch(node.tag, items.toSpliced(place, 0, more))
}

/** A value in as many containers as go, and a few more. */
function nested(random: Random, node: TermTree): TermTree {
  const asMap = chance(random, 0.3)
  let tree = node
  for (let depth = oneOf(random, depths); depth > 0; depth--) {
    tree = asMap ? branch('map', [leaf(0xa1, 0x6b), tree]) : branch('array', [tree])
  }
  return tree
}

/** The bytes of a term with up to three changes, now and then with one that knows no grammar. */
export function mutatedBody(
  random: Random,
  term: TermTree,
  donors: readonly TermTree[],
): Uint8Array {
  let tree = term
  for (let left = below(random, 4); left > 0; left--) tree = mutateTerm(random, tree, donors)
  const bytes = bytesOfTerm(tree)
  return chance(random, 0.15) ? mutateBytes(random, bytes) : bytes
}

/** `bytes` cut at random places into one to four chunks. */
export function chunks(random: Random, bytes: Uint8Array): readonly Uint8Array[] {
  const cuts = Array.from({ length: below(random, 4) }, () => below(random, bytes.length + 1))
  const ends = [...cuts.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end))
}

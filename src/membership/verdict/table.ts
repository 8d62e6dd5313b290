/**
 * The member table: an immutable trie of sixteen ways over the hash of the name, each part of which
 * knows how many entries and live members it holds and the digest of the live ones. A change copies
 * one path; a digest costs nothing; two tables find where they differ by comparing part for part.
 *
 * Invariants: the digest of a part depends on the live members in it (name and incarnation) and on
 * nothing else, not on order or on the dead, whom every node forgets in its own time. Sums are
 * exclusive or of two 32-bit lanes. A path is a string of hexadecimal digits, the root's is ''.
 */
import { type Entry, isLive } from './member.ts'

export type Digest = { readonly live: number; readonly low: number; readonly high: number }

type Part = Digest & { readonly size: number }
type Leaf = Part & { readonly entries: readonly Entry[] }
type Branch = Part & { readonly children: readonly (Node | undefined)[] }
type Node = Leaf | Branch

/** Undefined is the empty table. */
export type Table = Node | undefined

export const emptyTable: Table = undefined

const ways = 16
/** A leaf of more entries becomes a branch, while there are digits to tell them apart. */
const leafMax = 8
const digits = 8
const nothing: Part = { size: 0, live: 0, low: 0, high: 0 }

export function sizeOf(table: Table): number {
  return table?.size ?? 0
}

export function digestOf(table: Table): Digest {
  const { live, low, high } = table ?? nothing
  return { live, low, high }
}

export function sameDigest(a: Digest, b: Digest): boolean {
  return a.live === b.live && a.low === b.low && a.high === b.high
}

export function entryOf(table: Table, node: string): Entry | undefined {
  const hash = nameHash(node)
  let at = table
  for (let depth = 0; at !== undefined && 'children' in at; depth++)
    at = at.children[digit(hash, depth)]
  return at?.entries.find((entry) => entry.node === node)
}

/** With this entry instead of the one of the same name, if any. */
export function put(table: Table, entry: Entry): Table {
  return change(table, entry.hash, 0, (entries) => [
    ...entries.filter(({ node }) => node !== entry.node),
    entry,
  ])
}

export function remove(table: Table, node: string): Table {
  return change(table, nameHash(node), 0, (entries) => entries.filter((each) => each.node !== node))
}

/** All entries under a path, in an order that depends on the history of the table. */
export function* entriesOf(table: Table, path = ''): Generator<Entry, void, undefined> {
  let at = table
  for (let depth = 0; depth < path.length && at !== undefined && 'children' in at; depth++) {
    at = at.children[Number.parseInt(path[depth] ?? '', ways)]
  }
  for (const entry of allOf(at)) if (hexOf(entry.hash).startsWith(path)) yield entry
}

/** The digests of the sixteen parts under a path, and how many entries are in each. */
export function partsOf(table: Table, path: string): readonly Part[] {
  let at = table
  for (let depth = 0; depth < path.length && at !== undefined && 'children' in at; depth++) {
    at = at.children[Number.parseInt(path[depth] ?? '', ways)]
  }
  if (at !== undefined && 'children' in at) {
    return at.children.map((child) => (child === undefined ? nothing : child))
  }
  const within = (at?.entries ?? []).filter(({ hash }) => hexOf(hash).startsWith(path))
  return Array.from({ length: ways }, (_, way) =>
    sumOfEntries(within.filter(({ hash }) => digit(hash, path.length) === way)),
  )
}

/** The live member at this position, 0 to live - 1, in an order of no meaning. */
export function liveAt(table: Table, position: number): Entry | undefined {
  let left = position
  let at = table
  while (at !== undefined && 'children' in at) {
    at = at.children.find((child) => {
      const live = child?.live ?? 0
      if (left < live) return true
      left -= live
      return false
    })
  }
  return at?.entries.filter(isLive)[left]
}

/** 32 bits of a name: FNV-1a with the last steps of MurmurHash3. Frozen: it is on the wire. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return finish(hash)
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function change(
  at: Table,
  hash: number,
  depth: number,
  edit: (entries: readonly Entry[]) => readonly Entry[],
): Table {
  if (at !== undefined && 'children' in at) {
    const way = digit(hash, depth)
    const child = change(at.children[way], hash, depth + 1, edit)
    return branchOf(at.children.map((each, index) => (index === way ? child : each)))
  }
  return nodeOf(edit(at?.entries ?? []), depth)
}

function nodeOf(entries: readonly Entry[], depth: number): Table {
  if (entries.length === 0) return undefined
  if (entries.length <= leafMax || depth === digits) return { ...sumOfEntries(entries), entries }
  const children = Array.from({ length: ways }, (_, way) =>
    nodeOf(
      entries.filter(({ hash }) => digit(hash, depth) === way),
      depth + 1,
    ),
  )
  return branchOf(children)
}

function branchOf(children: readonly (Node | undefined)[]): Table {
  let { size, live, low, high } = nothing
  for (const child of children) {
    if (child === undefined) continue
    size += child.size
    live += child.live
    low = (low ^ child.low) >>> 0
    high = (high ^ child.high) >>> 0
  }
  return size === 0 ? undefined : { size, live, low, high, children }
}

function sumOfEntries(entries: readonly Entry[]): Part {
  let { live, low, high } = nothing
  for (const entry of entries) {
    if (!isLive(entry)) continue
    const incarnation = entry.authored?.incarnation ?? 0
    live++
    const lane = finish(entry.hash ^ (incarnation % 2 ** 32))
    low = (low ^ lane) >>> 0
    high = (high ^ finish(lane + Math.floor(incarnation / 2 ** 32) + entry.hash)) >>> 0
  }
  return { size: entries.length, live, low, high }
}

function* allOf(at: Table): Generator<Entry, void, undefined> {
  if (at === undefined) return
  if ('entries' in at) yield* at.entries
  else for (const child of at.children) yield* allOf(child)
}

function digit(hash: number, depth: number): number {
  return (hash >>> (28 - 4 * depth)) & 15
}

function hexOf(hash: number): string {
  return hash.toString(ways).padStart(digits, '0')
}

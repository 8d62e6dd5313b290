/**
 * Encoded terms as trees, so that a mutation can change one value and leave the rest well formed.
 * A reader of its own: the one under test must not decide what it is given. It reads what the
 * encoder writes, and throws for anything else.
 */

export type TermTree =
  | { readonly tag: 'leaf'; readonly bytes: Uint8Array }
  | {
      readonly tag: 'array' | 'map'
      /** Of a map: key, value, key, value. */
      readonly items: readonly TermTree[]
      /** The count in the header, when it shall not be the true one. */
      readonly declared?: number
      /** Nodes of this tree, itself included: kept, since every mutation asks. */
      readonly size: number
    }

export type TermBranch = Exclude<TermTree, { readonly tag: 'leaf' }>

export function leaf(...bytes: number[]): TermTree {
  return { tag: 'leaf', bytes: Uint8Array.from(bytes) }
}

/** A container; `declared` is the count its header gives, by default the true one. */
export function branch(
  tag: TermBranch['tag'],
  items: readonly TermTree[],
  declared?: number,
): TermBranch {
  const size = items.reduce((sum, item) => sum + countNodes(item), 1)
  return declared === undefined ? { tag, items, size } : { tag, items, size, declared }
}

/** The tree of exactly one encoded term, which it copies. */
export function parseTerm(encoded: Uint8Array): TermTree {
  // A slice of a Buffer would be a view, and a mutation of it would change the recording.
  const bytes = new Uint8Array(encoded)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const take = (size: number): TermTree => {
    const from = at
    at += size
    if (at > bytes.length) throw new RangeError(`a term that ends at ${bytes.length}`)
    return { tag: 'leaf', bytes: bytes.slice(from, at) }
  }
  const container = (tag: TermBranch['tag'], head: number, count: number): TermTree => {
    at += head
    const length = tag === 'map' ? count * 2 : count
    return branch(
      tag,
      Array.from({ length }, () => read()),
    )
  }
  const read = (): TermTree => {
    const tag = view.getUint8(at)
    if (tag < 0x80 || tag >= 0xe0) return take(1)
    if (tag < 0x90) return container('map', 1, tag & 0x0f)
    if (tag < 0xa0) return container('array', 1, tag & 0x0f)
    if (tag < 0xc0) return take(1 + (tag & 0x1f))
    if (tag === 0xdc) return container('array', 3, view.getUint16(at + 1))
    if (tag === 0xdd) return container('array', 5, view.getUint32(at + 1))
    if (tag === 0xde) return container('map', 3, view.getUint16(at + 1))
    if (tag === 0xdf) return container('map', 5, view.getUint32(at + 1))
    return take(sizeOf(tag, view, at))
  }
  const tree = read()
  if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes after a term`)
  return tree
}

function sizeOf(tag: number, view: DataView, at: number): number {
  switch (tag) {
    case 0xc4:
    case 0xd9:
      return 2 + view.getUint8(at + 1)
    case 0xc5:
    case 0xda:
      return 3 + view.getUint16(at + 1)
    case 0xc6:
    case 0xdb:
      return 5 + view.getUint32(at + 1)
    case 0xc7:
      return 3 + view.getUint8(at + 1)
    case 0xc8:
      return 4 + view.getUint16(at + 1)
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9
    case 0xce:
    case 0xd2:
      return 5
    case 0xcd:
    case 0xd1:
      return 3
    case 0xcc:
    case 0xd0:
      return 2
    default:
      return 1
  }
}

/** The bytes of a tree, with the counts it declares. */
export function bytesOfTerm(tree: TermTree): Uint8Array {
  const parts: Uint8Array[] = []
  const write = (each: TermTree): void => {
    if (each.tag === 'leaf') {
      parts.push(each.bytes)
      return
    }
    parts.push(header(each))
    for (const item of each.items) write(item)
  }
  write(tree)
  return new Uint8Array(Buffer.concat(parts))
}

function header({ tag, items, declared }: TermBranch): Uint8Array {
  const count = declared ?? (tag === 'map' ? items.length >> 1 : items.length)
  const [fix, wide] = tag === 'map' ? [0x80, 0xde] : [0x90, 0xdc]
  if (count < 0x10) return Uint8Array.of(fix | count)
  if (count < 0x10000) return Uint8Array.of(wide, count >>> 8, count & 0xff)
  return Uint8Array.of(
    wide + 1,
    count >>> 24,
    (count >>> 16) & 0xff,
    (count >>> 8) & 0xff,
    count & 0xff,
  )
}

export function countNodes(tree: TermTree): number {
  return tree.tag === 'leaf' ? 1 : tree.size
}

/** The tree with its node number `at`, counted from the root down, replaced. */
export function replaceNode(
  tree: TermTree,
  at: number,
  replace: (node: TermTree) => TermTree,
): TermTree {
  if (at === 0) return replace(tree)
  if (tree.tag === 'leaf') return tree
  let left = at - 1
  const items = tree.items.map((item) => {
    const size = countNodes(item)
    const within = left >= 0 && left < size
    const replaced = within ? replaceNode(item, left, replace) : item
    left -= size
    return replaced
  })
  return branch(tree.tag, items, tree.declared)
}

/** Every subtree, the tree itself first. */
export function* subtrees(tree: TermTree): Generator<TermTree, void> {
  yield tree
  if (tree.tag === 'leaf') return
  for (const item of tree.items) yield* subtrees(item)
}

/**
 * An immutable map sorted by its keys: an AVL tree whose changed path is copied, so that a change
 * costs O(log n) and the former map stays as it was. Rule states that hold tens of thousands of
 * entries are made of it. Comparing keys, it has no hash a peer could aim at.
 */

type Key = string | number

type Tree<K extends Key, V> = {
  readonly key: K
  readonly value: V
  readonly left: Tree<K, V> | undefined
  readonly right: Tree<K, V> | undefined
  readonly height: number
}

export class SortedMap<K extends Key, V> {
  readonly size: number
  readonly #root: Tree<K, V> | undefined

  private constructor(root: Tree<K, V> | undefined, size: number) {
    this.#root = root
    this.size = size
  }

  static empty<K extends Key, V>(): SortedMap<K, V> {
    return new SortedMap<K, V>(undefined, 0)
  }

  get(key: K): V | undefined {
    let tree = this.#root
    while (tree !== undefined && tree.key !== key) tree = key < tree.key ? tree.left : tree.right
    return tree?.value
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  set(key: K, value: V): SortedMap<K, V> {
    return new SortedMap(insert(this.#root, key, value), this.size + (this.has(key) ? 0 : 1))
  }

  /** The same map when the key is not in it. */
  delete(key: K): SortedMap<K, V> {
    return this.has(key) ? new SortedMap(remove(this.#root, key), this.size - 1) : this
  }

  /** The entry with the lowest key. */
  first(): readonly [K, V] | undefined {
    const lowest = leftmost(this.#root)
    return lowest === undefined ? undefined : [lowest.key, lowest.value]
  }

  /** Entries from `key` on, or all, in order. */
  *entries(key?: K): Generator<readonly [K, V]> {
    const path: Tree<K, V>[] = []
    let tree = this.#root
    for (;;) {
      while (tree !== undefined) {
        const wanted: boolean = key === undefined || tree.key >= key
        if (wanted) path.push(tree)
        tree = wanted ? tree.left : tree.right
      }
      const next = path.pop()
      if (next === undefined) return
      yield [next.key, next.value]
      tree = next.right
    }
  }
}

function heightOf(tree: Tree<Key, unknown> | undefined): number {
  return tree === undefined ? 0 : tree.height
}

function join<K extends Key, V>(
  { key, value }: { readonly key: K; readonly value: V },
  left: Tree<K, V> | undefined,
  right: Tree<K, V> | undefined,
): Tree<K, V> {
  return { key, value, left, right, height: Math.max(heightOf(left), heightOf(right)) + 1 }
}

/** `join` of two trees whose heights differ by two at most. */
function balance<K extends Key, V>(
  middle: Tree<K, V>,
  left: Tree<K, V> | undefined,
  right: Tree<K, V> | undefined,
): Tree<K, V> {
  const lean = heightOf(left) - heightOf(right)
  if (lean > 1 && left !== undefined) {
    const inner = left.right
    if (inner === undefined || heightOf(left.left) >= inner.height) {
      return join(left, left.left, join(middle, inner, right))
    }
    return join(inner, join(left, left.left, inner.left), join(middle, inner.right, right))
  }
  if (lean < -1 && right !== undefined) {
    const inner = right.left
    if (inner === undefined || heightOf(right.right) >= inner.height) {
      return join(right, join(middle, left, inner), right.right)
    }
    return join(inner, join(middle, left, inner.left), join(right, inner.right, right.right))
  }
  return join(middle, left, right)
}

function insert<K extends Key, V>(tree: Tree<K, V> | undefined, key: K, value: V): Tree<K, V> {
  if (tree === undefined) return { key, value, left: undefined, right: undefined, height: 1 }
  if (tree.key === key) return { ...tree, value }
  if (key < tree.key) return balance(tree, insert(tree.left, key, value), tree.right)
  return balance(tree, tree.left, insert(tree.right, key, value))
}

function remove<K extends Key, V>(tree: Tree<K, V> | undefined, key: K): Tree<K, V> | undefined {
  if (tree === undefined) return undefined
  const { left, right } = tree
  if (key < tree.key) return balance(tree, remove(left, key), right)
  if (key > tree.key) return balance(tree, left, remove(right, key))
  const next = leftmost(right)
  return next === undefined ? left : balance(next, left, remove(right, next.key))
}

function leftmost<K extends Key, V>(tree: Tree<K, V> | undefined): Tree<K, V> | undefined {
  let lowest = tree
  while (lowest?.left !== undefined) lowest = lowest.left
  return lowest
}

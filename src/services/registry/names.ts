/**
 * All instances this node knows, by name. Nearly all names have one, which then stands for itself
 * in the table. Several are kept in their order: this node's own first, the others by the name of
 * their node, so that everybody who asks twice gets the same answer.
 *
 * Invariant: of one name there is at most one instance per node.
 */
import type { NameKey, NameTerm } from '../../../runtime/index.ts'
import type { Instance } from './instance.ts'
import type { Key, NameKeys } from './name.ts'

type Slot = Instance | readonly Instance[]

export class Names {
  readonly #node: string
  readonly #keys: NameKeys
  /** Strings and numbers: what nearly all names are is looked up without any work on them. */
  readonly #plain = new Map<NameKey, Slot>()
  /** Other terms, by the text of their key. */
  readonly #terms = new Map<string, Slot>()

  constructor(node: string, keys: NameKeys) {
    this.#node = node
    this.#keys = keys
  }

  /** Names with an instance. */
  get size(): number {
    return this.#plain.size + this.#terms.size
  }

  /** The first instance of a name. */
  first(name: NameTerm): Instance | undefined {
    const slot =
      typeof name === 'string' || typeof name === 'number'
        ? this.#plain.get(name)
        : this.#terms.get(this.#keys.find(name) ?? '')
    return slot === undefined ? undefined : isMany(slot) ? slot[0] : slot
  }

  /** All instances of a name, in order. */
  all(key: Key): readonly Instance[] {
    const slot = this.#slot(key)
    return slot === undefined ? [] : isMany(slot) ? slot : [slot]
  }

  /** The instance of a name on a node. */
  on(key: Key, node: string): Instance | undefined {
    const slot = this.#slot(key)
    if (slot === undefined) return undefined
    if (isMany(slot)) return slot.find((instance) => instance.node === node)
    return slot.node === node ? slot : undefined
  }

  /** Adds an instance, in the place of the one its node had. */
  put(key: Key, instance: Instance): void {
    const slot = this.#slot(key)
    const isOnly = slot === undefined || (!isMany(slot) && slot.node === instance.node)
    if (isOnly) this.#set(key, instance)
    else {
      const others = this.all(key).filter(({ node }) => node !== instance.node)
      this.#set(
        key,
        [...others, instance].sort((a, b) => this.#order(a, b)),
      )
    }
  }

  remove(key: Key, node: string): void {
    const left = this.all(key).filter((instance) => instance.node !== node)
    const [only] = left
    if (only !== undefined) this.#set(key, left.length === 1 ? only : left)
    else if (isPlain(key.name)) this.#plain.delete(key.name)
    else this.#terms.delete(key.text)
  }

  /** The key of a known term, of whose entry there is only the text. */
  termKey(text: string): Key | undefined {
    const known = nameOf(this.#terms.get(text))
    return known === undefined ? undefined : { name: known[0], text }
  }

  /** Every name once: strings, then numbers, each sorted, then other terms by their text. */
  list(): readonly NameTerm[] {
    const plain = [...this.#plain.keys()]
    const texts = plain.filter((name) => typeof name === 'string').sort()
    const numbers = plain.filter((name) => typeof name === 'number').sort((a, b) => a - b)
    const keys = [...this.#terms.keys()].sort()
    const terms = keys.flatMap((text) => nameOf(this.#terms.get(text)) ?? [])
    return [...texts, ...numbers, ...terms]
  }

  *[Symbol.iterator](): Generator<Instance> {
    for (const table of [this.#plain, this.#terms]) {
      for (const slot of table.values()) {
        if (isMany(slot)) yield* slot
        else yield slot
      }
    }
  }

  #slot({ name, text }: Key): Slot | undefined {
    return isPlain(name) ? this.#plain.get(name) : this.#terms.get(text)
  }

  #set({ name, text }: Key, slot: Slot): void {
    if (isPlain(name)) this.#plain.set(name, slot)
    else this.#terms.set(text, slot)
  }

  #order(a: Instance, b: Instance): number {
    if (a.node === this.#node) return -1
    if (b.node === this.#node) return 1
    return a.node < b.node ? -1 : 1
  }
}

function isMany(slot: Slot): slot is readonly Instance[] {
  return Array.isArray(slot)
}

function isPlain(name: NameTerm): name is NameKey {
  return typeof name === 'string' || typeof name === 'number'
}

function nameOf(slot: Slot | undefined): readonly [NameTerm] | undefined {
  const instance = slot === undefined ? undefined : isMany(slot) ? slot[0] : slot
  return instance === undefined ? undefined : [instance.name]
}

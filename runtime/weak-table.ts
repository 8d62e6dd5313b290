/**
 * A map that holds its values weakly. Entries whose value was collected are removed a few at a
 * time, by a cursor that moves on with every insertion, so that no sweep ever stops the loop and
 * the table stays within a constant factor of what is alive.
 */
const sweptPerInsert = 4

export class WeakTable<K, V extends object> {
  readonly #entries = new Map<K, WeakRef<V>>()
  #cursor: Iterator<[K, WeakRef<V>]> | null = null

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.deref()
  }

  set(key: K, value: V): void {
    this.sweep(sweptPerInsert)
    this.#entries.set(key, new WeakRef(value))
  }

  /** Looks at the next `count` entries and removes those whose value is gone. */
  sweep(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#cursor ??= this.#entries[Symbol.iterator]()
      const step = this.#cursor.next()
      if (step.done) {
        this.#cursor = null
        return
      }
      const [key, ref] = step.value
      if (ref.deref() === undefined) this.#entries.delete(key)
    }
  }
}

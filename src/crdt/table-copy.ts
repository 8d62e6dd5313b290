/**
 * What a node holds of the tables of others: a copy for each author, changed only by what the
 * author itself has said.
 *
 * Invariants: a copy that is settled is the author's table at its head, but for entries that were
 * refused because the author has too many; one that is not lacks some of what changed after its
 * head, and one without a head is being filled or emptied. Whenever an entry changes, `changed` is
 * told, and the copy is already what it says. Long work is done in steps: `begin` starts a round,
 * and `sweep` then removes what was not put again in it.
 */
import type { Head, TableOp } from './table.ts'

export type CopyLimits = {
  /** Of one author. */
  readonly entriesMax: number
  readonly maxBytes: number
  /** Of all authors; above it those who have more than their share get no more. */
  readonly allEntriesMax: number
  readonly allMaxBytes: number
}

export type Changed<Value> = (
  key: string,
  before: Value | undefined,
  after: Value | undefined,
  cause: unknown,
) => void

type Held<Value> = { readonly value: Value; readonly bytes: number; readonly round: number }

/** How an op went; `full`: refused. */
export type Applied = 'done' | 'nothing' | 'full'

export class TableCopies<Value> {
  readonly #copies = new Map<string, TableCopy<Value>>()
  readonly #limits: CopyLimits
  #entries = 0
  #bytes = 0

  constructor(limits: CopyLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#copies.size
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#bytes
  }

  get(node: string): TableCopy<Value> | undefined {
    return this.#copies.get(node)
  }

  nodes(): IterableIterator<string> {
    return this.#copies.keys()
  }

  values(): IterableIterator<TableCopy<Value>> {
    return this.#copies.values()
  }

  /** The copy for an author, an empty one at first. */
  of(node: string, creation: number): TableCopy<Value> {
    const known = this.#copies.get(node)
    if (known !== undefined) return known
    const copy = new TableCopy<Value>(creation, (entries, bytes, of) => {
      return this.#charge(entries, bytes, of)
    })
    this.#copies.set(node, copy)
    return copy
  }

  /** The copy must be empty. */
  forget(node: string): void {
    this.#copies.delete(node)
  }

  /** Books what a copy grows or shrinks by; false when it may not grow. */
  #charge(entries: number, bytes: number, of: TableCopy<Value>): boolean {
    const { entriesMax, maxBytes, allEntriesMax, allMaxBytes } = this.#limits
    const share = 1 / this.#copies.size
    const isTooMuch =
      of.size + entries > entriesMax ||
      of.bytes + bytes > maxBytes ||
      (this.#entries + entries > allEntriesMax && of.size + entries > allEntriesMax * share) ||
      (this.#bytes + bytes > allMaxBytes && of.bytes + bytes > allMaxBytes * share)
    if (isTooMuch && (entries > 0 || bytes > 0)) return false
    this.#entries += entries
    this.#bytes += bytes
    return true
  }
}

type Charge<Value> = (entries: number, bytes: number, of: TableCopy<Value>) => boolean

export class TableCopy<Value> {
  /** Of the incarnation of the author whose table it is. */
  readonly creation: number
  /**
   * The changes since this head, applied, make it the author's table. Undefined: some of it may be
   * missing, or too much.
   */
  head: Head | undefined
  /** It is the author's table at the head. */
  settled = false
  readonly #entries = new Map<string, Held<Value>>()
  readonly #charge: Charge<Value>
  #bytes = 0
  #round = 0
  #sweeping: Iterator<[string, Held<Value>]> | undefined

  constructor(creation: number, charge: Charge<Value>) {
    this.creation = creation
    this.#charge = charge
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value
  }

  *entries(): Generator<[string, Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value]
  }

  /** From here on the copy is not whole; what is not put again by the next sweep goes with it. */
  begin(): void {
    this.head = undefined
    this.settled = false
    this.#round += 1
    this.#sweeping = undefined
  }

  apply(op: TableOp<Value>, changed: Changed<Value>): Applied {
    return op.tag === 'put' ? this.#put(op, changed) : this.#remove(op.key, op.cause, changed)
  }

  /**
   * Looks at so many entries and removes those that are left over from earlier rounds. True when
   * there are no more.
   */
  sweep(looksMax: number, cause: unknown, changed: Changed<Value>): boolean {
    this.#sweeping ??= this.#entries.entries()
    for (let looks = 0; looks < looksMax; looks++) {
      const { done, value } = this.#sweeping.next()
      if (done) {
        this.#sweeping = undefined
        return true
      }
      const [key, { round }] = value
      if (round !== this.#round) this.#remove(key, cause, changed)
    }
    return false
  }

  #put({ key, value, bytes }: TableOp<Value> & { tag: 'put' }, changed: Changed<Value>): Applied {
    const before = this.#entries.get(key)
    const isNew = before === undefined
    if (!this.#charge(isNew ? 1 : 0, bytes - (before?.bytes ?? 0), this)) {
      // What it was before is not true any more.
      this.#remove(key, undefined, changed)
      return 'full'
    }
    this.#bytes += bytes - (before?.bytes ?? 0)
    this.#entries.set(key, { value, bytes, round: this.#round })
    changed(key, before?.value, value, undefined)
    return 'done'
  }

  #remove(key: string, cause: unknown, changed: Changed<Value>): Applied {
    const before = this.#entries.get(key)
    if (before === undefined) return 'nothing'
    this.#entries.delete(key)
    this.#bytes -= before.bytes
    this.#charge(-1, -before.bytes, this)
    changed(key, before.value, undefined, cause)
    return 'done'
  }
}

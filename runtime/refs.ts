/**
 * References made by this node. The number of one is minted when it is first needed (printed,
 * sent to another node), which for most monitors and calls is never; from then on the table finds
 * it again, so that a reference that travelled and came back is `===` the one that left.
 *
 * The table holds references weakly and is swept a little at each minting.
 */
import { Reference } from './identifier.ts'
import { WeakTable } from './weak-table.ts'

export class RefTable {
  readonly node: string
  readonly creation: number
  #last = 0
  readonly #minted = new WeakTable<number, Reference>()

  constructor(node: string, creation: number) {
    this.node = node
    this.creation = creation
  }

  /** A number of its own; `ref`, if given, is found by it as long as somebody holds it. */
  mint(ref: Reference | null): number {
    const id = ++this.#last
    if (ref !== null) this.#minted.set(id, ref)
    return id
  }

  find(id: number): Reference | undefined {
    return this.#minted.get(id)
  }
}

/** A reference of this node; timers and spawn requests extend it. */
export class LocalReference extends Reference {
  readonly #table: RefTable
  #id = 0

  constructor(table: RefTable) {
    super()
    this.#table = table
  }

  get node(): string {
    return this.#table.node
  }

  get creation(): number {
    return this.#table.creation
  }

  get id(): number {
    if (this.#id === 0) this.#id = this.#table.mint(this)
    return this.#id
  }
}

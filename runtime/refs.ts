/**
 * References made by this node. The number of one is minted when it is first needed (printed,
 * sent to another node), which for most monitors and calls is never; from then on the table finds
 * it again, so that a reference that travelled and came back is `===` the one that left.
 *
 * Numbers are drawn, not counted: whoever has the reference of a call or an alias may answer it
 * from anywhere, so that no node must be able to guess one it was never given.
 *
 * The table holds references weakly and is swept a little at each minting.
 */
import { Reference } from './identifier.ts'
import type { Random } from './platform/platform.ts'
import { WeakTable } from './weak-table.ts'

/** A number is made of 52 random bits: it is exact in JavaScript. */
const highBits = 2 ** 20
const lowRange = 2 ** 32
const drawBytes = 8
const drawnAtOnce = 128

export class RefTable {
  readonly node: string
  readonly creation: number
  readonly #random: Random
  /** Random bytes not used yet, from `#at` on. */
  #pool: DataView = new DataView(new ArrayBuffer(0))
  #at = 0
  readonly #minted = new WeakTable<number, Reference>()

  constructor(node: string, creation: number, random: Random) {
    this.node = node
    this.creation = creation
    this.#random = random
  }

  /** A number of its own; `ref`, if given, is found by it as long as somebody holds it. */
  mint(ref: Reference | null): number {
    let id = this.#draw()
    while (id === 0 || this.#minted.get(id) !== undefined) id = this.#draw()
    if (ref !== null) this.#minted.set(id, ref)
    return id
  }

  #draw(): number {
    if (this.#at === this.#pool.byteLength) {
      const { buffer, byteOffset, length } = this.#random.bytes(drawnAtOnce * drawBytes)
      this.#pool = new DataView(buffer, byteOffset, length)
      this.#at = 0
    }
    const high = this.#pool.getUint32(this.#at) % highBits
    const low = this.#pool.getUint32(this.#at + 4)
    this.#at += drawBytes
    return high * lowRange + low
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

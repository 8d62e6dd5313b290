/**
 * Where an endpoint reads its streams into: one area for all of them, taken anew when a handler has
 * kept some of it, so that a large message is not copied once more.
 */
export class ReadArea {
  #bytes: Uint8Array
  readonly #size: number

  constructor(size: number) {
    this.#size = size
    this.#bytes = uncleared(size)
  }

  /** A plain byte array: on a Buffer `slice` does not copy, and handlers are given views of it. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** What was read belongs to somebody now. */
  renew(): void {
    this.#bytes = uncleared(this.#size)
  }
}

/** Memory of its own that is written before it is read. */
function uncleared(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}

/**
 * The body of a frame before it is sent: the encoded bytes, and the large byte arrays of the term
 * that stay where they are until the transport takes them. Erlang does the same with its reference
 * counted binaries: a large binary is never copied for being sent. A sender that changes one before
 * it has left breaks the rule that messages do not change, and sends what it has made of it.
 */
import type { Apart } from './encode.ts'

const nothingApart: readonly Apart[] = []

export class Body {
  /** Borrowed from the codec until `keep`. */
  readonly #bytes: Uint8Array
  readonly #apart: readonly Apart[]
  /** All bytes together. */
  readonly length: number

  constructor(bytes: Uint8Array, apart: readonly Apart[] = nothingApart) {
    this.#bytes = bytes
    this.#apart = apart
    let length = bytes.length
    for (const each of apart) length += each.length
    this.length = length
  }

  /** The whole body when nothing of it is apart. */
  get whole(): Uint8Array | undefined {
    return this.#apart.length === 0 ? this.#bytes : undefined
  }

  /** The same body, with nothing borrowed. */
  keep(): Body {
    return new Body(this.#bytes.slice(), this.#apart)
  }

  /** Its pieces in order. */
  pieces(): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let from = 0
    for (const { at, bytes, length } of this.#apart) {
      if (at > from) pieces.push(this.#bytes.subarray(from, at))
      pieces.push(intact(bytes, length))
      from = at
    }
    if (from < this.#bytes.length) pieces.push(this.#bytes.subarray(from))
    return pieces
  }
}

/**
 * `bytes`, or zeros in their place when they have not `length` any more: memory that its owner has
 * handed to another thread meanwhile must not break the stream that it was promised to.
 */
export function intact(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === length ? bytes : new Uint8Array(length)
}

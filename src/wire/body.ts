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
    return this.#cut(this.#bytes, 0)
  }

  /** Its pieces in order, with nothing borrowed, and `room` free bytes before the first. */
  piecesAfter(room: number): [Uint8Array, ...Uint8Array[]] {
    const kept = new Uint8Array(room + this.#bytes.length)
    kept.set(this.#bytes, room)
    const [first = kept, ...others] = this.#cut(kept, room)
    return [first, ...others]
  }

  /** `bytes` are the body's own after `skip` others, which belong to the first piece. */
  #cut(bytes: Uint8Array, skip: number): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let from = 0
    for (const each of this.#apart) {
      const to = skip + each.at
      if (to > from) pieces.push(viewOf(bytes, from, to))
      pieces.push(intact(each.bytes, each.length))
      from = to
    }
    if (from < bytes.length) pieces.push(viewOf(bytes, from, bytes.length))
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

/** A view costs more than a look at whether it is needed. */
function viewOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}

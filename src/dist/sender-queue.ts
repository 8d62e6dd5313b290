/**
 * What one sender has given to a stream and the stream has not written yet: batches of whole frames
 * and large messages, in the order in which they were given.
 *
 * Invariant: `take` gives what one turn of a sender may be, a batch or a fragment, and never a part
 * of a frame; a large message of which a fragment was taken stays first until its last one is.
 */
import { limits } from '../limits.ts'
import {
  type Body,
  type Fragment,
  FrameWriter,
  fragments,
  framed,
  framePieces,
} from '../wire/index.ts'
import { fragmentFrame } from './protocol.ts'

/** Small frames that leave in one turn of their sender. */
const batchBytes = 16 * 1024

type Item =
  | { readonly tag: 'frames'; readonly pieces: readonly Uint8Array[]; readonly bytes: number }
  | {
      readonly tag: 'large'
      readonly fragments: Generator<Fragment, void>
      readonly bytes: number
      bytesLeft: number
    }

export type Turn = {
  readonly pieces: readonly Uint8Array[]
  /** Bytes of the large message that ends with them, else 0. */
  readonly endedBytes: number
}

export class SenderQueue {
  readonly #nextId: () => number
  readonly #items: Item[] = []
  readonly #writer = new FrameWriter()
  #bytes = 0
  #largeBytes = 0

  /** `nextId` numbers large messages, uniquely within the channel. */
  constructor(nextId: () => number) {
    this.#nextId = nextId
  }

  /** All that waits. */
  get bytes(): number {
    return this.#bytes
  }

  /** Of it, what is in large messages. */
  get largeBytes(): number {
    return this.#largeBytes
  }

  /** Of it, what is not in the message that leaves now. */
  get behindBytes(): number {
    const first = this.#items[0]
    return first?.tag === 'large' ? this.#bytes - first.bytesLeft : this.#bytes
  }

  /** Size of the large message that begins with the next turn, if one does. */
  get beginsBytes(): number | undefined {
    const first = this.#items[0]
    return first?.tag === 'large' && first.bytesLeft === first.bytes ? first.bytes : undefined
  }

  /** Queues a frame; what is borrowed of `body` is copied. */
  add(type: number, body: Body): void {
    const { whole, length } = body
    if (length > limits.distFragmentBytes) {
      this.#closeBatch()
      const pieces = fragments(this.#nextId(), type, body.keep())
      this.#items.push({ tag: 'large', fragments: pieces, bytes: length, bytesLeft: length })
      this.#bytes += length
      this.#largeBytes += length
    } else if (whole === undefined) {
      this.#closeBatch()
      this.#addFrames(framed(type, body))
    } else {
      const before = this.#writer.length
      this.#writer.append(type, whole)
      this.#bytes += this.#writer.length - before
      if (this.#writer.length >= batchBytes) this.#closeBatch()
    }
  }

  /** Removes and returns what leaves in one turn. */
  take(): Turn {
    if (this.#items.length === 0) this.#closeBatch()
    const item = this.#items[0]
    if (item?.tag === 'large') return this.#cut(item)
    this.#items.shift()
    this.#bytes -= item?.bytes ?? 0
    return { pieces: item?.pieces ?? [], endedBytes: 0 }
  }

  #cut(large: Item & { tag: 'large' }): Turn {
    const next = large.fragments.next()
    if (next.done) return this.#end(large, [])
    const { head, pieces, length } = next.value
    large.bytesLeft -= length
    this.#bytes -= length
    this.#largeBytes -= length
    const frame = framePieces(fragmentFrame, pieces, head)
    return large.bytesLeft > 0 ? { pieces: frame, endedBytes: 0 } : this.#end(large, frame)
  }

  #end(large: Item & { tag: 'large' }, pieces: readonly Uint8Array[]): Turn {
    this.#items.shift()
    return { pieces, endedBytes: large.bytes }
  }

  #closeBatch(): void {
    if (this.#writer.length === 0) return
    const bytes = this.#writer.length
    // They are counted already.
    this.#items.push({ tag: 'frames', pieces: this.#writer.take(), bytes })
  }

  #addFrames(pieces: readonly Uint8Array[]): void {
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    this.#items.push({ tag: 'frames', pieces, bytes })
    this.#bytes += bytes
  }
}

/**
 * Messages longer than a fragment, cut and put together again, so that one large message cannot
 * hold others back on its stream. A fragment is the body of a frame:
 *
 *   id:u32be index:u32be [type:u8 total:u32be, in fragment 0 only] bytes
 *
 * Fragments of one message arrive in order (they ride one stream); those of different messages may
 * interleave. The declared total is charged against `distMaxMessageBytes` of the peer when the
 * first fragment arrives, while memory grows only with the bytes received: by doubling, until so
 * much has come that there is room for the rest at once, which is not touched before it comes.
 */
import { limits } from '../limits.ts'
import { type Body, intact } from './body.ts'

/** A message has room for all of it when this share of it has come. */
const roomAtShare = 1 / 16
const laterHeadBytes = 8
const firstHeadBytes = 13

export type Fragment = {
  readonly head: Uint8Array
  readonly pieces: readonly Uint8Array[]
  /** Of the pieces together. */
  readonly length: number
}

/**
 * Cuts `body`, the body of a frame of `type`, into fragments in order of sending. `id` must differ
 * from that of every unfinished message to the same peer. The fragments are views of `body`, which
 * must not change until the last one is taken.
 */
export function* fragments(id: number, type: number, body: Body): Generator<Fragment, void> {
  const cuts = new Cuts(body.pieces())
  for (let index = 0, from = 0; index === 0 || from < body.length; index += 1) {
    const to = Math.min(from + limits.distFragmentBytes, body.length)
    const head = new Uint8Array(index === 0 ? firstHeadBytes : laterHeadBytes)
    const view = new DataView(head.buffer)
    view.setUint32(0, id)
    view.setUint32(4, index)
    if (index === 0) {
      view.setUint8(laterHeadBytes, type)
      view.setUint32(laterHeadBytes + 1, body.length)
    }
    yield { head, pieces: cuts.next(to - from), length: to - from }
    from = to
  }
}

type Piece = { readonly bytes: Uint8Array; readonly length: number }

/** Takes bytes from the front of a row of pieces. */
class Cuts {
  readonly #pieces: readonly Piece[]
  #index = 0
  #offset = 0

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces.map((bytes) => ({ bytes, length: bytes.length }))
  }

  next(length: number): Uint8Array[] {
    const taken: Uint8Array[] = []
    for (let left = length; left > 0; ) {
      const piece = this.#pieces[this.#index]
      if (piece === undefined) break
      const size = Math.min(piece.length - this.#offset, left)
      const bytes = intact(piece.bytes, piece.length)
      taken.push(bytes.subarray(this.#offset, this.#offset + size))
      left -= size
      this.#offset += size
      if (this.#offset < piece.length) break
      this.#index += 1
      this.#offset = 0
    }
    return taken
  }
}

export type FragmentError = {
  readonly tag: 'error'
  /**
   * `malformed`: too short for its header, or without bytes; `order`: not the next fragment of a
   * message begun (one is missing, doubled or unknown); `overrun`: more bytes than declared;
   * `size`: the unfinished messages of this peer would exceed `distMaxMessageBytes`; `count`: they
   * would be more than `distUnfinishedMessagesMax`.
   */
  readonly reason: 'malformed' | 'order' | 'overrun' | 'size' | 'count'
  /** Message id, 0 when none could be read. */
  readonly id: number
}

type FragmentResult =
  | { readonly tag: 'more' }
  /** A message is complete; `body` belongs to the caller. */
  | { readonly tag: 'done'; readonly type: number; readonly body: Uint8Array }
  | FragmentError

type Unfinished = {
  readonly type: number
  readonly total: number
  next: number
  held: number
  bytes: Uint8Array
}

const more: FragmentResult = { tag: 'more' }

/** The unfinished messages of one peer. An error means that the channel cannot be trusted. */
export class Reassembly {
  readonly #unfinished = new Map<number, Unfinished>()
  #charged = 0

  /** Messages begun and not complete. */
  get unfinished(): number {
    return this.#unfinished.size
  }

  /** Declared bytes of the unfinished messages. */
  get chargedBytes(): number {
    return this.#charged
  }

  /** Takes the body of one fragment frame, borrowed. */
  push(fragment: Uint8Array): FragmentResult {
    if (fragment.length < laterHeadBytes) return refusal('malformed', 0)
    const view = new DataView(fragment.buffer, fragment.byteOffset, fragment.length)
    const id = view.getUint32(0)
    const index = view.getUint32(4)
    if (index > 0) return this.#append(id, index, fragment.subarray(laterHeadBytes))
    if (fragment.length < firstHeadBytes) return refusal('malformed', id)
    const type = view.getUint8(laterHeadBytes)
    const total = view.getUint32(laterHeadBytes + 1)
    return this.#begin(id, type, total) ?? this.#append(id, 0, fragment.subarray(firstHeadBytes))
  }

  #begin(id: number, type: number, total: number): FragmentError | undefined {
    if (this.#unfinished.has(id)) return refusal('order', id)
    if (total > limits.distMaxMessageBytes - this.#charged) return refusal('size', id)
    if (this.#unfinished.size >= limits.distUnfinishedMessagesMax) return refusal('count', id)
    this.#unfinished.set(id, { type, total, next: 0, held: 0, bytes: new Uint8Array(0) })
    this.#charged += total
    return undefined
  }

  #append(id: number, index: number, bytes: Uint8Array): FragmentResult {
    const message = this.#unfinished.get(id)
    if (message === undefined || message.next !== index) return refusal('order', id)
    const held = message.held + bytes.length
    if (held > message.total) return refusal('overrun', id)
    if (bytes.length === 0 && message.total > 0) return refusal('malformed', id)
    if (held > message.bytes.length) {
      const enough = held >= message.total * roomAtShare
      const grown = new Uint8Array(enough ? message.total : Math.max(held, message.held * 2))
      grown.set(message.bytes.subarray(0, message.held))
      message.bytes = grown
    }
    message.bytes.set(bytes, message.held)
    message.held = held
    message.next += 1
    if (held < message.total) return more
    this.#unfinished.delete(id)
    this.#charged -= message.total
    return { tag: 'done', type: message.type, body: message.bytes }
  }
}

function refusal(reason: FragmentError['reason'], id: number): FragmentError {
  return { tag: 'error', reason, id }
}

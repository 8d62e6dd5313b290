/**
 * The codec of one channel, or of one store: terms to bytes and back. An instance belongs to one
 * node and holds everything it needs; nothing is shared in the process.
 *
 * Who owns what: bytes given by `encode` are borrowed by the caller until the next `encode` of the
 * same codec (a frame writer copies them at once), what `encodeBody` leaves apart is the sender's
 * own and does not change; bytes given to `decode` are borrowed by the codec until it returns, and
 * the term holds none of them, unless they may be kept.
 */
import { Body } from './body.ts'
import { type DecodeError, Decoder } from './decode.ts'
import { Encoder } from './encode.ts'
import type { EncodeError } from './refusal.ts'
import type { TermSpace } from './term-space.ts'

export interface Codec {
  /**
   * One term as bytes, or why it cannot leave: see `EncodeReason`. `root` names the term in the
   * path of the error, default `message`.
   */
  encode(
    term: unknown,
    root?: string,
  ): { readonly tag: 'ok'; readonly bytes: Uint8Array } | EncodeError
  /** The same, with large byte arrays of the term where they are. */
  encodeBody(
    term: unknown,
    root?: string,
  ): { readonly tag: 'ok'; readonly body: Body } | EncodeError
  /**
   * The one term that `bytes` are, or why they are none: see `ScanReason` and `DecodeError`. Where
   * `ownedBytes`, the size of the memory in which they lie, says that they may be kept, byte arrays
   * that are much of it are views of it, and `viewed` tells so. Default 0: they may not.
   */
  decode(
    bytes: Uint8Array,
    ownedBytes?: number,
  ): { readonly tag: 'ok'; readonly term: unknown } | DecodeError
  /** The term decoded last holds views of its bytes. */
  readonly viewed: boolean
}

/** A codec for the channel `space`; without one, for data at rest: pids and references refused. */
export function createCodec(space?: TermSpace): Codec {
  const encoder = new Encoder(space ?? 'noIdentifiers')
  const decoder = new Decoder(space)
  return {
    encode(term, root) {
      const result = encoder.encode(term, root)
      return result.tag === 'ok' ? { tag: 'ok', bytes: result.sink.written() } : result
    },
    encodeBody(term, root) {
      const result = encoder.encode(term, root, true)
      if (result.tag === 'error') return result
      return { tag: 'ok', body: new Body(result.sink.written(), result.apart) }
    },
    decode: (bytes, ownedBytes = 0) => decoder.decode(bytes, ownedBytes),
    get viewed() {
      return decoder.viewed
    },
  }
}

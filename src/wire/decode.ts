/**
 * Bytes to a term. Nothing is built before the scanner has accepted every byte. A term without
 * special values then goes through msgpackr, any other through our own reader; both give the same
 * term for the same plain bytes (a property test holds them together). Decision 0002 says why.
 *
 * The input is borrowed: terms hold copies, no view of it escapes, and it is not changed; unless it
 * may be kept, when a byte array that is much of it becomes a view of it. Small bodies are
 * decoded from a private copy, because msgpackr keeps a DataView as a property on what it reads.
 */
import { Unpackr } from 'msgpackr'
import { type ScanError, Scanner } from './scan.ts'
import { TermReader } from './term-reader.ts'
import type { TermSpace } from './term-space.ts'

export type DecodeError =
  | ScanError
  | {
      readonly tag: 'error'
      /**
       * `identifier`: a pid or reference that the channel's cap refuses, or that has no meaning
       * here because there is no channel. `failed`: the term could not be built (memory).
       */
      readonly reason: 'identifier' | 'failed'
      readonly at: number
    }

/**
 * Bodies up to this size are copied: cheaper than the views that reading in place needs. Every
 * channel has such a scratch area, so it is small.
 */
const scratchBytes = 2048

export class Decoder {
  readonly #scanner = new Scanner()
  readonly #reader: TermReader
  readonly #unpackr = new Unpackr({
    useRecords: false,
    mapsAsObjects: true,
    int64AsType: 'number',
    copyBuffers: true,
  })
  readonly #scratch = new Uint8Array(scratchBytes)
  readonly #scratchBuffer = Buffer.from(this.#scratch.buffer)

  #viewed = false

  constructor(space: TermSpace | undefined) {
    this.#reader = new TermReader(space)
  }

  /** The last term holds views of the bytes it was read from. */
  get viewed(): boolean {
    return this.#viewed
  }

  /** Decodes exactly one term. Never throws. */
  decode(
    bytes: Uint8Array,
    ownedBytes: number,
  ): { readonly tag: 'ok'; readonly term: unknown } | DecodeError {
    this.#viewed = false
    const scanned = this.#scanner.scan(bytes)
    if (scanned.tag === 'error') return scanned
    const special = scanned.special || (ownedBytes > 0 && bytes.length > scratchBytes)
    try {
      const term = special ? this.#special(bytes, ownedBytes) : this.#plain(bytes)
      if (special) this.#viewed = this.#reader.viewed
      if (!special || this.#reader.refusedAt < 0) return { tag: 'ok', term }
      return { tag: 'error', reason: 'identifier', at: this.#reader.refusedAt }
    } catch {
      return { tag: 'error', reason: 'failed', at: 0 }
    }
  }

  #plain(bytes: Uint8Array): unknown {
    if (bytes.length > scratchBytes) return this.#unpackr.unpack(viewOf(bytes))
    this.#scratch.set(bytes)
    return this.#unpackr.unpack(this.#scratch, { start: 0, end: bytes.length })
  }

  #special(bytes: Uint8Array, ownedBytes: number): unknown {
    if (bytes.length > scratchBytes) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      return this.#reader.read(buffer, ownedBytes)
    }
    this.#scratch.set(bytes)
    return this.#reader.read(this.#scratchBuffer, 0)
  }
}

function viewOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

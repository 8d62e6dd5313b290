/**
 * Frames on a byte stream: `length:u32be type:u8 body`, where length counts type and body. The
 * reader takes chunks as they come and hands out whole frames; a frame within one chunk is passed
 * without copying. What it holds of an unfinished frame is room for the largest fragment at most,
 * and beyond that grows with the bytes that arrived, never with the length a peer declares. Writer
 * and reader each serve one direction of one stream.
 */
import { limits } from '../limits.ts'
import type { Body } from './body.ts'

const lengthBytes = 4
/** Bytes a frame adds to its body. */
export const frameOverheadBytes = lengthBytes + 1

/** Batches are cut from areas of this size, unless told; larger frames get one of their own. */
const usualAreaBytes = 8192
/** The same once a turn has filled one of those. */
const fullAreaBytes = 65_536
/** Room made at once for a frame of known length; a fragment with its head fits. */
const roomAtOnceBytes = limits.distFragmentBytes + 64

/** Collects frames, so that all frames of a turn leave together. */
export class FrameWriter {
  readonly #areaBytes: number
  #area = noBytes()
  /** Where the present batch begins and ends; what is before it belongs to others. */
  #from = 0
  #to = 0
  /** Batches before the present one, whose areas were full. */
  #full: Uint8Array[] = []
  #fullBytes = 0

  /** `areaBytes` stay with the writer between two frames. */
  constructor(areaBytes = usualAreaBytes) {
    this.#areaBytes = areaBytes
  }

  /** Bytes collected and not taken. */
  get length(): number {
    return this.#fullBytes + this.#to - this.#from
  }

  /**
   * Adds a frame made of `head` and `body`, both copied. False, with nothing added, when it would
   * be longer than `distFrameMaxBytes`: such a message is cut into fragments first.
   */
  append(type: number, body: Uint8Array, head?: Uint8Array): boolean {
    const headLength = head?.length ?? 0
    const size = frameOverheadBytes + headLength + body.length
    if (size > limits.distFrameMaxBytes) return false
    if (this.#to + size > this.#area.length) this.#nextArea(size)
    const area = this.#area
    const at = this.#to
    writeHeader(area, at, type, size)
    if (head !== undefined) area.set(head, at + frameOverheadBytes)
    area.set(body, at + frameOverheadBytes + headLength)
    this.#to = at + size
    return true
  }

  /**
   * What was collected, in order, which now belongs to the caller; empty when nothing was added.
   * Its ArrayBuffers hold other batches too: they may be read and written to a socket, never
   * transferred to a worker.
   */
  take(): Uint8Array[] {
    if (this.length === 0) return []
    const batches = this.#full
    if (this.#to > this.#from) batches.push(this.#area.subarray(this.#from, this.#to))
    this.#full = []
    this.#fullBytes = 0
    this.#from = this.#to
    if (this.#area.length > this.#areaBytes) this.#use(noBytes())
    return batches
  }

  #nextArea(size: number): void {
    if (this.#to > this.#from) {
      this.#full.push(this.#area.subarray(this.#from, this.#to))
      this.#fullBytes += this.#to - this.#from
    }
    this.#use(room(Math.max(size, this.#fullBytes > 0 ? fullAreaBytes : this.#areaBytes)))
  }

  #use(area: Uint8Array<ArrayBuffer>): void {
    this.#area = area
    this.#from = 0
    this.#to = 0
  }
}

/** The pieces of one frame of `body`, those apart where they are; nothing in it is borrowed. */
export function framed(type: number, body: Body): Uint8Array[] {
  const pieces = body.piecesAfter(frameOverheadBytes)
  writeHeader(pieces[0], 0, type, frameOverheadBytes + body.length)
  return pieces
}

/** The pieces of one frame made of `head` and `pieces`. */
export function framePieces(
  type: number,
  pieces: readonly Uint8Array[],
  head?: Uint8Array,
): Uint8Array[] {
  const headLength = head?.length ?? 0
  const header = new Uint8Array(frameOverheadBytes + headLength)
  let size = header.length
  for (const piece of pieces) size += piece.length
  writeHeader(header, 0, type, size)
  if (head !== undefined) header.set(head, frameOverheadBytes)
  return [header, ...pieces]
}

function writeHeader(area: Uint8Array, at: number, type: number, size: number): void {
  const length = size - lengthBytes
  area[at] = length >>> 24
  area[at + 1] = length >>> 16
  area[at + 2] = length >>> 8
  area[at + 3] = length
  area[at + 4] = type
}

export type FrameError = {
  readonly tag: 'error'
  /**
   * `oversize`: longer than `distFrameMaxBytes`; `empty`: a length of zero, so no type; `type`: a
   * type this stream does not know.
   */
  readonly reason: 'oversize' | 'empty' | 'type'
  /** The length or type received. */
  readonly got: number
}

type FrameReaderOptions = {
  /** True for the frame types this stream may carry; others end it. */
  readonly knows: (type: number) => boolean
  /**
   * A whole frame. `body` is borrowed until the callback returns, unless `ownedBytes` says that it
   * may be kept, and with it how much memory; the answer `true` tells that it was.
   */
  readonly onFrame: (type: number, body: Uint8Array, ownedBytes: number) => unknown
}

/** Cuts a byte stream into frames. After an error or `stop` it ignores all input. */
export class FrameReader {
  readonly #options: FrameReaderOptions
  #partial = noBytes()
  #held = 0
  #stopped = false
  #error: FrameError | undefined
  /** Memory that is kept with a frame of the present chunk; 0: it may not be. */
  #chunkBytes = 0
  #kept = false

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** Bytes held of a frame that is not complete. */
  get heldBytes(): number {
    return this.#held
  }

  /** Ends reading, also from within `onFrame`; what is held is dropped. */
  stop(): void {
    this.#stopped = true
    this.#drop()
  }

  /** Something of the last chunk was kept. */
  get kept(): boolean {
    return this.#kept
  }

  /**
   * Takes the next bytes, borrowed, or `keepable`: then what `onFrame` keeps of them stays as it
   * is. Returns the error that ended this stream, if one did.
   */
  push(chunk: Uint8Array, keepable = false): FrameError | undefined {
    this.#chunkBytes = keepable ? chunk.buffer.byteLength : 0
    this.#kept = false
    let at = 0
    while (at < chunk.length && !this.#stopped) {
      if (this.#held > 0) at = this.#complete(chunk, at)
      else at = this.#direct(chunk, at)
    }
    return this.#error
  }

  /** Frames that lie whole in the chunk; the beginning of one that does not is kept. */
  #direct(chunk: Uint8Array, from: number): number {
    const available = chunk.length - from
    let frameBytes = frameOverheadBytes
    if (available >= lengthBytes) {
      const length = readLength(chunk, from)
      if (this.#refuses(length, chunk[from + lengthBytes])) return chunk.length
      frameBytes = lengthBytes + length
      const next = from + frameBytes
      if (next <= chunk.length) {
        if (this.#deliver(chunk, from, next, this.#chunkBytes)) this.#kept = true
        return next
      }
    }
    this.#hold(chunk.subarray(from), frameBytes)
    return chunk.length
  }

  /** Adds to the held frame what it lacks; delivers it when nothing is lacking. */
  #complete(chunk: Uint8Array, from: number): number {
    const missing = (size: number) => Math.min(size - this.#held, chunk.length - from)
    if (this.#held < frameOverheadBytes) {
      const size = missing(frameOverheadBytes)
      this.#hold(chunk.subarray(from, from + size))
      if (this.#held >= lengthBytes) {
        const type = this.#held > lengthBytes ? this.#partial[lengthBytes] : undefined
        if (this.#refuses(readLength(this.#partial, 0), type)) return chunk.length
      }
      return this.#deliverIfWhole(from + size)
    }
    const frameBytes = lengthBytes + readLength(this.#partial, 0)
    const size = missing(frameBytes)
    this.#hold(chunk.subarray(from, from + size), frameBytes)
    return this.#deliverIfWhole(from + size)
  }

  #deliverIfWhole(next: number): number {
    if (this.#held < frameOverheadBytes) return next
    const end = lengthBytes + readLength(this.#partial, 0)
    if (this.#held < end) return next
    const frame = this.#partial
    this.#drop()
    this.#deliver(frame, 0, end, frame.length)
    return next
  }

  /**
   * A body is a plain Uint8Array also when the chunk is a Buffer, whose `slice` does not copy as
   * every other one does.
   */
  #deliver(bytes: Uint8Array, from: number, to: number, ownedBytes: number): boolean {
    const bodyAt = from + frameOverheadBytes
    const body = new Uint8Array(bytes.buffer, bytes.byteOffset + bodyAt, to - bodyAt)
    return this.#options.onFrame(bytes[from + lengthBytes]!, body, ownedBytes) === true
  }

  /** True, with the error set and reading ended, when the header cannot be accepted. */
  #refuses(length: number, type: number | undefined): boolean {
    if (length === 0) return this.#fail('empty', 0)
    if (lengthBytes + length > limits.distFrameMaxBytes) return this.#fail('oversize', length)
    if (type !== undefined && !this.#options.knows(type)) return this.#fail('type', type)
    return false
  }

  #fail(reason: FrameError['reason'], got: number): true {
    this.#error = { tag: 'error', reason, got }
    this.stop()
    return true
  }

  /**
   * Copies bytes behind those held; the frame will have `frameBytes`, where that is known. Doubling
   * keeps a frame that trickles in linear.
   */
  #hold(bytes: Uint8Array, frameBytes = frameOverheadBytes): void {
    const needed = this.#held + bytes.length
    if (needed > this.#partial.length) {
      const atOnce = Math.min(frameBytes, roomAtOnceBytes)
      const grown = room(Math.max(this.#partial.length * 2, needed, atOnce))
      grown.set(this.#partial.subarray(0, this.#held))
      this.#partial = grown
    }
    this.#partial.set(bytes, this.#held)
    this.#held = needed
  }

  #drop(): void {
    this.#partial = noBytes()
    this.#held = 0
  }
}

function readLength(bytes: Uint8Array, at: number): number {
  const high = bytes[at]! * 0x1000000
  return high + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

function noBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(0)
}

/** Memory that is written before it is read: not cleared first. */
function room(size: number): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.allocUnsafe(size)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, size)
}

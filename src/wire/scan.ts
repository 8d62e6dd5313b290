/**
 * Checks the bytes of a received term before anything is built from them. What passes is exactly
 * one term of the grammar in `format.ts`: tags we write and no others, lengths and counts within
 * the bytes present, nesting and number of elements within the limits, strings of valid UTF-8, map
 * keys that are strings and never `__proto__`, extensions of known code and well-formed payload.
 * A decoder behind it may trust every length, recurses at most `termDepthMax` deep, and meets no
 * record definition, no reserved tag (0xc1), no timestamp and no extension of msgpackr's own.
 *
 * Iterative: one counter per open container. A scanner belongs to one codec and is reused.
 */
import { isUtf8 } from 'node:buffer'
import { limits } from '../limits.ts'
import { isBigintPayload } from './bigint-bytes.ts'
import { ext } from './format.ts'
import { isIdentifierPayload } from './identifier-bytes.ts'

type ScanReason =
  /** Longer than `distMaxMessageBytes`. */
  | 'size'
  /** The bytes end inside a value. */
  | 'truncated'
  /** Bytes follow the term. */
  | 'trailing'
  /** A MessagePack tag outside our grammar. */
  | 'tag'
  /** Nested deeper than `termDepthMax`. */
  | 'depth'
  /** A count above the bytes present, or more elements than `termElementsMax`. */
  | 'count'
  /** A map key that is not a string, or is `__proto__`. */
  | 'key'
  /** A string that is not UTF-8. */
  | 'utf8'
  /** An integer beyond 2^53 - 1 either way. */
  | 'integer'
  /** An unknown extension, a malformed payload, or a marker in the wrong place. */
  | 'extension'

export type ScanError = {
  readonly tag: 'error'
  readonly reason: ScanReason
  /** Offset of the offending byte. */
  readonly at: number
}

type ScanOk = {
  readonly tag: 'ok'
  /**
   * False: every MessagePack reader returns this term exactly. True: it holds an extension, or a
   * string that begins with U+FEFF, which msgpackr without its native part drops.
   */
  readonly special: boolean
}

const plainTerm: ScanOk = { tag: 'ok', special: false }
const specialTerm: ScanOk = { tag: 'ok', special: true }

/** Below this length a loop beats the call into native code. */
const utf8LoopBytes = 64

export class Scanner {
  /** Items still unread and whether they are object entries, per open container. */
  readonly #left = new Int32Array(limits.termDepthMax + 1)
  readonly #isObject = new Uint8Array(limits.termDepthMax + 1)
  #special = false
  #fault: ScanError | undefined

  /** Examines a whole body. The bytes are borrowed and left unchanged. */
  scan(bytes: Uint8Array): ScanOk | ScanError {
    if (bytes.length > limits.distMaxMessageBytes) return { tag: 'error', reason: 'size', at: 0 }
    this.#special = false
    this.#fault = undefined
    const end = this.#walk(bytes)
    if (end < 0) return this.#fault!
    if (end !== bytes.length) return { tag: 'error', reason: 'trailing', at: end }
    return this.#special ? specialTerm : plainTerm
  }

  /** Returns the offset after the term, or -1 with `#fault` set. */
  #walk(bytes: Uint8Array): number {
    const end = bytes.length
    let at = 0
    let depth = 0
    let left = 1
    let isObject = 0
    let elements = 0
    let opened = false
    for (;;) {
      while (left === 0) {
        if (depth === 0) return at
        depth -= 1
        left = this.#left[depth]!
        isObject = this.#isObject[depth]!
      }
      if (at >= end) return this.#refuse('truncated', at)
      left -= 1
      const tag = bytes[at]!
      if ((isObject & left) === 1) {
        at = this.#key(bytes, at, end, tag)
        if (at < 0) return -1
        continue
      }
      if (tag < 0x80 || tag >= 0xe0) {
        at += 1
        opened = false
        continue
      }
      const header = containerHeader[tag]!
      if (header === 0) {
        at =
          tag >= 0xc7 && tag <= 0xc9
            ? this.#extension(bytes, at, end, opened ? left : -1)
            : this.#scalar(bytes, at, end, tag)
        if (at < 0) return -1
        opened = false
        continue
      }
      if (end - at < header) return this.#refuse('truncated', at)
      const isMap = tag < 0x90 || tag >= 0xde
      const declared = header === 1 ? tag & 0x0f : unsigned(bytes, at + 1, header - 1)
      const count = isMap ? declared * 2 : declared
      elements += count
      if (count > end - at - header || elements > limits.termElementsMax)
        return this.#refuse('count', at)
      if (depth === limits.termDepthMax) return this.#refuse('depth', at)
      this.#left[depth] = left
      this.#isObject[depth] = isObject
      depth += 1
      left = count
      isObject = isMap ? 1 : 0
      opened = !isMap && count > 0
      at += header
    }
  }

  #key(bytes: Uint8Array, at: number, end: number, tag: number): number {
    const header = stringHeader[tag]!
    if (header === 0) return this.#refuse('key', at)
    const next = this.#string(bytes, at, end, tag, header)
    return next >= 0 && isProto(bytes, at + header, next) ? this.#refuse('key', at) : next
  }

  #string(bytes: Uint8Array, at: number, end: number, tag: number, header: number): number {
    const from = at + header
    if (from > end) return this.#refuse('truncated', at)
    const length = header === 1 ? tag & 0x1f : unsigned(bytes, at + 1, header - 1)
    const to = from + length
    if (to > end) return this.#refuse('truncated', at)
    let pos = from
    if (length <= utf8LoopBytes) while (pos < to && bytes[pos]! < 0x80) pos += 1
    if (pos === to) return to
    if (!isUtf8(bytes.subarray(from, to))) return this.#refuse('utf8', at)
    if (bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf)
      this.#special = true
    return to
  }

  #scalar(bytes: Uint8Array, at: number, end: number, tag: number): number {
    const header = stringHeader[tag]!
    if (header > 0) return this.#string(bytes, at, end, tag, header)
    const size = fixedSize[tag]!
    if (size === 0) return this.#refuse('tag', at)
    if (at + size > end) return this.#refuse('truncated', at)
    if (tag >= 0xc4 && tag <= 0xc6) {
      const to = at + size + unsigned(bytes, at + 1, size - 1)
      return to > end ? this.#refuse('truncated', at) : to
    }
    if (tag === 0xcf && unsigned(bytes, at + 1, 4) > 0x1fffff) return this.#refuse('integer', at)
    if (tag === 0xd3 && !isSafeInt64(bytes, at + 1)) return this.#refuse('integer', at)
    return at + size
  }

  /** `left`: items after this one when it opens an array, else -1. */
  #extension(bytes: Uint8Array, at: number, end: number, left: number): number {
    const lengthBytes = 1 << (bytes[at]! - 0xc7)
    const from = at + lengthBytes + 2
    if (from > end) return this.#refuse('truncated', at)
    const to = from + unsigned(bytes, at + 1, lengthBytes)
    if (to > end) return this.#refuse('truncated', at)
    if (!isExtension(bytes, bytes[from - 1]!, from, to, left)) return this.#refuse('extension', at)
    this.#special = true
    return to
  }

  #refuse(reason: ScanReason, at: number): -1 {
    this.#fault = { tag: 'error', reason, at }
    return -1
  }
}

function isExtension(
  bytes: Uint8Array,
  code: number,
  from: number,
  to: number,
  left: number,
): boolean {
  switch (code) {
    case ext.undefined:
      return from === to
    case ext.bigint:
      return isBigintPayload(bytes, from, to)
    case ext.pid:
    case ext.reference:
      return isIdentifierPayload(bytes, code, from, to)
    case ext.map:
      return from === to && left >= 0 && left % 2 === 0
    case ext.set:
      return from === to && left >= 0
    default:
      return false
  }
}

const proto = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f] as const

function isProto(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== proto.length || bytes[from] !== proto[0]) return false
  return proto.every((byte, index) => bytes[from + index] === byte)
}

function unsigned(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let pos = at; pos < at + size; pos += 1) value = value * 256 + bytes[pos]!
  return value
}

/** Two's complement at `at`, within 2^53 - 1 of zero. */
function isSafeInt64(bytes: Uint8Array, at: number): boolean {
  const high = unsigned(bytes, at, 4)
  if (high <= 0x1fffff) return true
  const low = unsigned(bytes, at + 4, 4)
  return high > 0xffe00000 || (high === 0xffe00000 && low > 0)
}

/** Bytes before the content, per tag; 0: not of this kind. */
const containerHeader = headers({ 220: 3, 221: 5, 222: 3, 223: 5 }, 0x80, 0x9f)
const stringHeader = headers({ 217: 2, 218: 3, 219: 5 }, 0xa0, 0xbf)
/** Tag and fixed part of every scalar we write that is neither fixint, string nor extension. */
const fixedSize = headers(
  {
    192: 1,
    194: 1,
    195: 1,
    196: 2,
    197: 3,
    198: 5,
    203: 9,
    204: 2,
    205: 3,
    206: 5,
    207: 9,
    208: 2,
    209: 3,
    210: 5,
    211: 9,
  },
  1,
  0,
)

function headers(sizes: Readonly<Record<number, number>>, from: number, to: number): Uint8Array {
  return Uint8Array.from(
    { length: 256 },
    (_, tag) => sizes[tag] ?? (tag >= from && tag <= to ? 1 : 0),
  )
}

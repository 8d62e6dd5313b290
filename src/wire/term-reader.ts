/**
 * Builds a term from bytes that the scanner accepted: the reader for terms with pids, bigints, Maps
 * and the other values msgpackr cannot give us without its process-global extension table
 * (decision 0002). It checks nothing again: lengths, counts, nesting and keys are the scanner's.
 *
 * Decoded strings and byte arrays are copies, but for byte arrays that are much of memory that may
 * be kept. Recursion is at most `termDepthMax` deep.
 */
import type { Pid, Reference } from '../../runtime/identifier.ts'
import { readBigint } from './bigint-bytes.ts'
import { ext } from './format.ts'
import { readPid, readReference } from './identifier-bytes.ts'
import type { TermSpace } from './term-space.ts'

type CachedKey = { readonly bytes: Uint8Array; readonly text: string }

/** Short keys repeat from message to message; a table of this size finds most of them again. */
const keyCacheSlots = 256
/** Below this length a copy costs nothing to speak of, and may lie in memory shared with others. */
const viewMinBytes = 8192
/** A view keeps at most so many times its own size in memory: eight. */
const viewMinShare = 1 / 8
/** Below this length a loop beats the call into native code. */
const asciiLoopBytes = 24

export class TermReader {
  readonly #space: TermSpace | undefined
  readonly #keys: (CachedKey | undefined)[] = new Array(keyCacheSlots).fill(undefined)
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #refusedAt = -1
  /** A byte array of this length is taken as a view. */
  #viewFrom = Number.POSITIVE_INFINITY
  #viewed = false

  /** Without a space every pid and reference is refused. */
  constructor(space: TermSpace | undefined) {
    this.#space = space
  }

  /** Offset of the first identifier of the last term that the space refused, or -1. */
  get refusedAt(): number {
    return this.#refusedAt
  }

  /** The last term holds views of the bytes it was read from. */
  get viewed(): boolean {
    return this.#viewed
  }

  /**
   * Reads the term at the start of `bytes`. They are borrowed, unless `ownedBytes` says that they
   * may be kept, and how much memory is kept with them.
   */
  read(bytes: Buffer, ownedBytes: number): unknown {
    this.#bytes = bytes
    this.#viewed = false
    // A view keeps all of that memory: it must be worth it.
    const worthBytes = Math.max(ownedBytes * viewMinShare, viewMinBytes)
    this.#viewFrom = ownedBytes > 0 ? worthBytes : Number.POSITIVE_INFINITY
    this.#at = 0
    this.#refusedAt = -1
    return this.#value()
  }

  #value(): unknown {
    const tag = this.#bytes[this.#at++]!
    if (tag < 0x80) return tag
    if (tag < 0x90) return this.#record(tag & 0x0f)
    if (tag < 0xa0) return this.#array(tag & 0x0f)
    if (tag < 0xc0) return this.#string(tag & 0x1f)
    if (tag >= 0xe0) return tag - 0x100
    return tag < 0xca ? this.#simple(tag) : tag < 0xd9 ? this.#number(tag) : this.#sized(tag)
  }

  #simple(tag: number): unknown {
    switch (tag) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        const size = this.#unsigned(1 << (tag - 0xc4))
        return size < this.#viewFrom ? this.#copy(size) : this.#view(size)
      }
      default:
        return this.#extension(tag, this.#at - 1)
    }
  }

  #number(tag: number): number {
    switch (tag) {
      case 0xcb:
        this.#at += 8
        return this.#bytes.readDoubleBE(this.#at - 8)
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#unsigned(1 << (tag - 0xcc))
      case 0xd0:
        return (this.#unsigned(1) << 24) >> 24
      case 0xd1:
        return (this.#unsigned(2) << 16) >> 16
      case 0xd2:
        return this.#unsigned(4) | 0
      default: {
        const high = this.#unsigned(4) | 0
        return high * 0x1_0000_0000 + this.#unsigned(4)
      }
    }
  }

  #sized(tag: number): unknown {
    switch (tag) {
      case 0xd9:
        return this.#string(this.#unsigned(1))
      case 0xda:
        return this.#string(this.#unsigned(2))
      case 0xdb:
        return this.#string(this.#unsigned(4))
      case 0xdc:
        return this.#array(this.#unsigned(2))
      case 0xdd:
        return this.#array(this.#unsigned(4))
      case 0xde:
        return this.#record(this.#unsigned(2))
      default:
        return this.#record(this.#unsigned(4))
    }
  }

  #extension(tag: number, start: number): unknown {
    const size = this.#unsigned(1 << (tag - 0xc7))
    const code = this.#bytes[this.#at++]!
    const from = this.#at
    this.#at += size
    if (code === ext.undefined) return undefined
    if (code === ext.bigint) return readBigint(this.#bytes, from, this.#at)
    const identifier = this.#identifier(code, from)
    if (identifier === undefined && this.#refusedAt < 0) this.#refusedAt = start
    return identifier
  }

  #identifier(code: number, from: number): Pid | Reference | undefined {
    const space = this.#space
    if (space === undefined) return undefined
    return code === ext.pid
      ? space.pid(readPid(this.#bytes, from, space))
      : space.reference(readReference(this.#bytes, from, space))
  }

  #record(count: number): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    for (let left = count; left > 0; left -= 1) {
      const key = this.#key()
      record[key] = this.#value()
    }
    return record
  }

  #array(count: number): unknown {
    const marker = count > 0 ? this.#marker() : 0
    if (marker === ext.map) {
      const map = new Map<unknown, unknown>()
      for (let left = count - 1; left > 0; left -= 2) {
        const key = this.#value()
        map.set(key, this.#value())
      }
      return map
    }
    if (marker === ext.set) {
      const set = new Set<unknown>()
      for (let left = count - 1; left > 0; left -= 1) set.add(this.#value())
      return set
    }
    const array: unknown[] = []
    for (let left = count; left > 0; left -= 1) array.push(this.#value())
    return array
  }

  /** The code of a marker at the present offset, which is then passed, or 0. */
  #marker(): number {
    const bytes = this.#bytes
    const tag = bytes[this.#at]!
    if (tag < 0xc7 || tag > 0xc9) return 0
    const codeAt = this.#at + 1 + (1 << (tag - 0xc7))
    const code = bytes[codeAt]!
    if (code !== ext.map && code !== ext.set) return 0
    this.#at = codeAt + 1
    return code
  }

  #key(): string {
    const bytes = this.#bytes
    const tag = bytes[this.#at]!
    if (tag >= 0xc0) {
      this.#at += 1
      return this.#string(this.#unsigned(1 << (tag - 0xd9)))
    }
    const size = tag & 0x1f
    const from = this.#at + 1
    const slot = (bytes[from]! * 7 + bytes[from + size - 1]! * 31 + size * 131) % keyCacheSlots
    const cached = this.#keys[slot]
    if (cached !== undefined && startsAt(bytes, from, size, cached.bytes)) {
      this.#at = from + size
      return cached.text
    }
    this.#at = from
    const text = this.#string(size)
    this.#keys[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, from, from + size), text }
    return text
  }

  #string(size: number): string {
    const bytes = this.#bytes
    const from = this.#at
    const to = from + size
    this.#at = to
    if (size < asciiLoopBytes) {
      let text = ''
      let at = from
      for (; at < to && bytes[at]! < 0x80; at += 1) text += String.fromCharCode(bytes[at]!)
      if (at === to) return text
    }
    return bytes.toString('utf8', from, to)
  }

  #copy(size: number): Uint8Array {
    const copy = size < viewMinBytes ? new Uint8Array(size) : uncleared(size)
    copy.set(this.#bytes.subarray(this.#at, this.#at + size))
    this.#at += size
    return copy
  }

  #view(size: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes
    const view = new Uint8Array(buffer, byteOffset + this.#at, size)
    this.#viewed = true
    this.#at += size
    return view
  }

  #unsigned(size: number): number {
    const bytes = this.#bytes
    let value = 0
    for (let left = size; left > 0; left -= 1) value = value * 256 + bytes[this.#at++]!
    return value
  }
}

/** Memory of its own that is written before it is read: not cleared first. */
function uncleared(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}

function startsAt(bytes: Uint8Array, from: number, size: number, key: Uint8Array): boolean {
  if (key.length !== size) return false
  for (let index = 0; index < size; index += 1) {
    if (key[index] !== bytes[from + index]) return false
  }
  return true
}

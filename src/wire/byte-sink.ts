/**
 * A growing byte buffer and the primitive writers of the codec. It doubles, so appending is linear
 * overall; after something large it lets the memory go. It knows no limit: the encoder checks
 * sizes before it writes.
 */
import { limits } from '../limits.ts'

const firstBytes = 512
const quietNan = 0x7ff8_0000_0000_0000n

export class ByteSink {
  #buffer: Buffer = Buffer.allocUnsafe(firstBytes)
  #view = viewOf(this.#buffer)
  #at = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#at
  }

  /** Starts anew, and drops a buffer grown beyond `codecBufferKeepBytes`. */
  reset(): void {
    this.#at = 0
    if (this.#buffer.length > limits.codecBufferKeepBytes) this.#replace(firstBytes)
  }

  /** What was written, borrowed: valid until the next write or reset. */
  written(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#at)
  }

  /** What was written, one character per byte. */
  latin1(): string {
    return this.#buffer.toString('latin1', 0, this.#at)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = value
  }

  /** A tag and 8 bits. */
  tag8(tag: number, value: number): void {
    this.#reserve(2)
    this.#buffer[this.#at++] = tag
    this.#buffer[this.#at++] = value
  }

  /** A tag and 16 bits. */
  tag16(tag: number, value: number): void {
    this.#reserve(3)
    this.#buffer[this.#at++] = tag
    this.#buffer[this.#at++] = value >>> 8
    this.#buffer[this.#at++] = value
  }

  /** A tag and the low 32 bits of an integer. */
  tag32(tag: number, value: number): void {
    this.#reserve(5)
    this.#buffer[this.#at] = tag
    this.#view.setUint32(this.#at + 1, value)
    this.#at += 5
  }

  /** A tag and a safe integer as 64 bits in two's complement. */
  tag64(tag: number, value: number): void {
    this.tag32(tag, Math.floor(value / 0x1_0000_0000))
    this.uint32(value)
  }

  /** The low 32 bits of an integer. */
  uint32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#at, value)
    this.#at += 4
  }

  /** Float 64; every NaN is written as the same one. */
  double(value: number): void {
    this.#reserve(9)
    this.#buffer[this.#at] = 0xcb
    if (!Number.isNaN(value)) this.#view.setFloat64(this.#at + 1, value)
    else this.#view.setBigUint64(this.#at + 1, quietNan)
    this.#at += 9
  }

  /** Header of an array (`fix` 0x90, `tag` 0xdc) or a map (0x80, 0xde) of `count` entries. */
  header(fix: number, tag: number, count: number): void {
    if (count < 0x10) this.byte(fix | count)
    else if (count < 0x10000) this.tag16(tag, count)
    else this.tag32(tag + 1, count)
  }

  /** Header of `size` bytes that follow; `tag` is the 8-bit form, the wider ones come after it. */
  sized(tag: number, size: number): void {
    if (size < 0x100) this.tag8(tag, size)
    else if (size < 0x10000) this.tag16(tag + 1, size)
    else this.tag32(tag + 2, size)
  }

  /** Header of an extension whose payload of `size` bytes follows. */
  extension(code: number, size: number): void {
    this.sized(0xc7, size)
    this.byte(code)
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length)
    this.#buffer.set(source, this.#at)
    this.#at += source.length
  }

  /** Unsigned LEB128, shortest form. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 128) {
      this.#buffer[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at++] = rest
  }

  /**
   * Writes a text of at most 80 characters as a string value, in one pass. False, with nothing
   * written, when it holds a surrogate.
   */
  shortText(text: string): boolean {
    const length = text.length
    this.#reserve(length * 3 + 2)
    const buffer = this.#buffer
    const from = this.#at + (length < 32 ? 1 : 2)
    let at = from
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index)
      if (code < 0x80) {
        buffer[at++] = code
        continue
      }
      if ((code & 0xf800) === 0xd800) return false
      if (code < 0x800) {
        buffer[at++] = 0xc0 | (code >> 6)
      } else {
        buffer[at++] = 0xe0 | (code >> 12)
        buffer[at++] = 0x80 | ((code >> 6) & 0x3f)
      }
      buffer[at++] = 0x80 | (code & 0x3f)
    }
    this.#headShortText(from, at)
    return true
  }

  /** Writes the header of a text that lies from `from` to `to`, after room for 1 or 2 bytes. */
  #headShortText(from: number, to: number): void {
    const size = to - from
    const buffer = this.#buffer
    const start = this.#at
    this.#at = to
    if (size < 32) {
      buffer[start] = 0xa0 | size
      return
    }
    if (from === start + 1) {
      buffer.copyWithin(from + 1, from, to)
      this.#at += 1
    }
    buffer[start] = 0xd9
    buffer[start + 1] = size
  }

  /** A text known to be ASCII, without a header. */
  ascii(text: string): void {
    this.#reserve(text.length)
    for (let index = 0; index < text.length; index += 1)
      this.#buffer[this.#at++] = text.charCodeAt(index)
  }

  /** UTF-8 of a text whose encoded length is known. */
  utf8(text: string, byteLength: number): void {
    this.#reserve(byteLength)
    this.#buffer.write(text, this.#at, byteLength, 'utf8')
    this.#at += byteLength
  }

  /**
   * Puts the entries that begin at `starts` (the last one ends at the present length) in the order
   * of their bytes.
   */
  sortEntries(starts: readonly number[]): void {
    const bytes = this.#buffer
    const entries = starts.map((from, index) => ({ from, to: starts[index + 1] ?? this.#at }))
    const inOrder = entries.every(
      (entry, at) => at === 0 || order(bytes, entries[at - 1]!, entry) <= 0,
    )
    if (inOrder) return
    entries.sort((a, b) => order(bytes, a, b))
    const first = starts[0]!
    const before = Buffer.from(bytes.subarray(first, this.#at))
    let at = first
    for (const { from, to } of entries) {
      before.copy(bytes, at, from - first, to - first)
      at += to - from
    }
  }

  #reserve(size: number): void {
    if (this.#at + size > this.#buffer.length) this.#grow(size)
  }

  #grow(size: number): void {
    const old = this.#buffer
    this.#replace(Math.max(old.length * 2, this.#at + size))
    this.#buffer.set(old.subarray(0, this.#at))
  }

  #replace(size: number): void {
    this.#buffer = Buffer.allocUnsafe(size)
    this.#view = viewOf(this.#buffer)
  }
}

type Span = { readonly from: number; readonly to: number }

/** Most entries differ within a few bytes, where a loop beats the call into native code. */
function order(bytes: Uint8Array, a: Span, b: Span): number {
  const length = Math.min(a.to - a.from, b.to - b.from)
  for (let index = 0; index < length; index += 1) {
    const difference = bytes[a.from + index]! - bytes[b.from + index]!
    if (difference !== 0) return difference
  }
  return a.to - a.from - (b.to - b.from)
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}

/**
 * A term to bytes, in one walk that also decides whether it may leave the node at all (the grammar
 * is in `format.ts`). Refusals are values with the path of the field.
 *
 * Stated rules: `undefined` is kept, also as a property; `-0`, `NaN` and infinities are kept;
 * integers up to 2^53 - 1 travel as integers; a null prototype is not remembered; a getter is read
 * once; non-enumerable properties and properties of arrays other than their items do not travel;
 * an object reached twice is written twice; Map and Set keep their order.
 *
 * Canonical mode differs so that equal terms have equal bytes: entries of objects, Maps and Sets
 * are sorted by their bytes, `-0` is `0`, and every identifier carries its node's name.
 */
import {
  isPid,
  isReference,
  type Pid,
  type Reference,
  recordOfPid,
  recordOfRef,
} from '../../runtime/identifier.ts'
import { limits } from '../limits.ts'
import { writeBigint } from './bigint-bytes.ts'
import { ByteSink } from './byte-sink.ts'
import { ext } from './format.ts'
import { writePid, writeReference } from './identifier-bytes.ts'
import {
  describe,
  type EncodeError,
  type EncodeReason,
  mapValueSegment,
  propertySegment,
  refusalOf,
  type Step,
} from './refusal.ts'
import type { TermSpace } from './term-space.ts'
import { isSendable } from './text.ts'

/** What identifiers mean: those of a channel, none at all, or canonical bytes with full names. */
type EncoderMode = TermSpace | 'noIdentifiers' | 'canonical'

/** A byte array of the term that is sent from where it is: it belongs before `at` of the rest. */
export type Apart = { readonly at: number; readonly bytes: Uint8Array; readonly length: number }

type Encoded = {
  readonly tag: 'ok'
  readonly sink: ByteSink
  readonly apart: readonly Apart[] | undefined
}

/** Above this length calls into native code beat the loop. */
const shortTextChars = 48

export class Encoder {
  readonly #mode: EncoderMode
  readonly #canonical: boolean
  readonly #outside: number
  readonly #sink = new ByteSink()
  #busy = false
  #elements = 0
  /** Large byte arrays are left out of the sink. */
  #parts = false
  #apart: Apart[] | undefined
  #apartBytes = 0
  #reason: EncodeReason = 'type'
  #got = ''
  #last: object | undefined
  #steps: Step[] = []

  /** A term has room for so many containers around it. */
  constructor(mode: EncoderMode, outside = 0) {
    this.#mode = mode
    this.#canonical = mode === 'canonical'
    this.#outside = outside
  }

  /**
   * Writes one term. `root` names it in the path of a refusal. The sink is borrowed: valid until
   * the next call. A call from inside a getter of the term itself gets an encoder of its own.
   *
   * With `parts`, byte arrays of `wireApartBytes` or more are left out of the sink and given beside
   * it: what is sent does not change any more, so it need not be copied.
   */
  encode(term: unknown, root = 'message', parts = false): Encoded | EncodeError {
    if (this.#busy) return new Encoder(this.#mode, this.#outside).encode(term, root, parts)
    if (this.#run(term, parts)) return { tag: 'ok', sink: this.#sink, apart: this.#apart }
    const error = refusalOf(root, this.#reason, this.#got, this.#steps, this.#last)
    this.#steps = []
    this.#last = undefined
    return error
  }

  #run(term: unknown, parts: boolean): boolean {
    this.#busy = true
    try {
      this.#elements = 0
      this.#parts = parts
      this.#apart = undefined
      this.#apartBytes = 0
      this.#sink.reset()
      return this.#value(term, this.#outside) && this.#fits(0)
    } catch {
      return this.#refuse('size', 'more than the memory at hand')
    } finally {
      this.#busy = false
    }
  }

  #value(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        this.#number(value)
        return true
      case 'boolean':
        this.#sink.byte(value ? 0xc3 : 0xc2)
        return true
      case 'undefined':
        this.#sink.extension(ext.undefined, 0)
        return true
      case 'bigint':
        return writeBigint(this.#sink, value) ? this.#fits(0) : this.#refuse('size', 'bigint')
      case 'object':
        if (value !== null) return this.#object(value, depth)
        this.#sink.byte(0xc0)
        return true
      default:
        return this.#refuse('type', typeof value)
    }
  }

  #object(value: object, depth: number): boolean {
    try {
      if (isPlain(value)) return this.#enter(value, depth) && this.#record(value, depth + 1)
      const prototype: unknown = Object.getPrototypeOf(value)
      if (Array.isArray(value) && prototype === Array.prototype)
        return this.#enter(value, depth) && this.#array(value, depth + 1)
      if (isPid(value) || isReference(value)) return this.#identifier(value)
      if (value instanceof Uint8Array) return this.#bytes(value)
      if (value instanceof Map && prototype === Map.prototype)
        return this.#enter(value, depth) && this.#map(value, depth + 1)
      if (value instanceof Set && prototype === Set.prototype)
        return this.#enter(value, depth) && this.#set(value, depth + 1)
      return this.#refuse('type', describe(value))
    } catch (error) {
      return this.#refuse('type', `${describe(value)} that threw ${describe(error)}`)
    }
  }

  /** Every container passes here; false when it is too deep or the message already too long. */
  #enter(value: object, depth: number): boolean {
    if (depth < limits.termDepthMax) return this.#fits(0)
    this.#last = value
    return this.#refuse('depth', `nesting beyond ${limits.termDepthMax - this.#outside}`)
  }

  /** False when the message would exceed its limit with `more` bytes. */
  #fits(more: number): boolean {
    if (this.#sink.length + this.#apartBytes + more <= limits.distMaxMessageBytes) return true
    return this.#refuse('size', `more than ${limits.distMaxMessageBytes} bytes`)
  }

  /** Charges `count` elements; false above the limit. */
  #charge(count: number): boolean {
    this.#elements += count
    if (this.#elements <= limits.termElementsMax) return true
    return this.#refuse('size', `more than ${limits.termElementsMax} elements`)
  }

  #record(record: Record<string, unknown>, depth: number): boolean {
    const keys = Object.keys(record)
    const symbols = Object.getOwnPropertySymbols(record)
    if (symbols.length > 0) {
      this.#refuse('key', 'a symbol key')
      return this.#within(record, `[${String(symbols[0]).slice(0, 64)}]`)
    }
    if (!this.#charge(keys.length * 2)) return false
    this.#sink.header(0x80, 0xde, keys.length)
    const starts: number[] | undefined = this.#canonical ? [] : undefined
    for (const key of keys) {
      starts?.push(this.#sink.length)
      if (!this.#key(key) || !this.#member(record, key, depth))
        return this.#within(record, propertySegment(key))
    }
    if (starts !== undefined) this.#sink.sortEntries(starts)
    return true
  }

  #key(key: string): boolean {
    return key === '__proto__' ? this.#refuse('key', 'key __proto__') : this.#string(key)
  }

  #member(record: Record<string, unknown>, key: string, depth: number): boolean {
    let value: unknown
    try {
      value = record[key]
    } catch (error) {
      return this.#refuse('type', `a getter that threw ${describe(error)}`)
    }
    return this.#value(value, depth)
  }

  #array(array: readonly unknown[], depth: number): boolean {
    const length = array.length
    if (!this.#charge(length)) return false
    this.#sink.header(0x90, 0xdc, length)
    for (let index = 0; index < length; index += 1) {
      const item = array[index]
      const sound = item === undefined && !(index in array) ? this.#refuse('hole', 'a hole') : true
      if (!sound || !this.#value(item, depth)) return this.#within(array, `[${index}]`)
    }
    return true
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): boolean {
    const size = map.size
    if (!this.#charge(size * 2 + 1)) return false
    this.#sink.header(0x90, 0xdc, size * 2 + 1)
    this.#sink.extension(ext.map, 0)
    const starts: number[] | undefined = this.#canonical ? [] : undefined
    let index = 0
    for (const [key, value] of map) {
      starts?.push(this.#sink.length)
      if (!this.#value(key, depth)) return this.#within(map, `.keys()[${index}]`)
      if (!this.#value(value, depth)) return this.#within(map, mapValueSegment(key, index))
      index += 1
    }
    if (index !== size) return this.#refuse('type', 'a Map that changed meanwhile')
    if (starts !== undefined) this.#sink.sortEntries(starts)
    return true
  }

  #set(set: ReadonlySet<unknown>, depth: number): boolean {
    const size = set.size
    if (!this.#charge(size + 1)) return false
    this.#sink.header(0x90, 0xdc, size + 1)
    this.#sink.extension(ext.set, 0)
    const starts: number[] | undefined = this.#canonical ? [] : undefined
    let index = 0
    for (const member of set) {
      starts?.push(this.#sink.length)
      if (!this.#value(member, depth)) return this.#within(set, `.values()[${index}]`)
      index += 1
    }
    if (index !== size) return this.#refuse('type', 'a Set that changed meanwhile')
    if (starts !== undefined) this.#sink.sortEntries(starts)
    return true
  }

  #identifier(value: Pid | Reference): boolean {
    if (this.#mode === 'noIdentifiers')
      return this.#refuse('identifier', isPid(value) ? 'pid' : 'reference')
    const space = this.#mode === 'canonical' ? undefined : this.#mode
    if (isPid(value)) {
      writePid(this.#sink, recordOfPid(value), space)
      space?.left?.(value)
    } else writeReference(this.#sink, recordOfRef(value), space)
    return this.#fits(0)
  }

  #bytes(bytes: Uint8Array): boolean {
    if (!this.#fits(bytes.length)) return false
    this.#sink.sized(0xc4, bytes.length)
    if (this.#parts && bytes.length >= limits.wireApartBytes) this.#leaveOut(bytes)
    else this.#sink.bytes(bytes)
    return true
  }

  #leaveOut(bytes: Uint8Array): void {
    const part = { at: this.#sink.length, bytes, length: bytes.length }
    this.#apart ??= []
    this.#apart.push(part)
    this.#apartBytes += bytes.length
  }

  #string(text: string): boolean {
    const sink = this.#sink
    const length = text.length
    if (length <= shortTextChars && sink.shortText(text)) return true
    const byteLength = Buffer.byteLength(text)
    if (byteLength !== length && !isSendable(text))
      return this.#refuse('string', 'a string with a lone surrogate')
    if (!this.#fits(byteLength)) return false
    if (byteLength < 32) sink.byte(0xa0 | byteLength)
    else sink.sized(0xd9, byteLength)
    sink.utf8(text, byteLength)
    return true
  }

  #number(value: number): void {
    const sink = this.#sink
    if ((value | 0) === value) {
      if (value >= 0) {
        if (value === 0 && !this.#canonical && Object.is(value, -0)) sink.double(value)
        else if (value < 0x80) sink.byte(value)
        else if (value < 0x100) sink.tag8(0xcc, value)
        else if (value < 0x10000) sink.tag16(0xcd, value)
        else sink.tag32(0xce, value)
      } else if (value >= -0x20) sink.byte(value & 0xff)
      else if (value >= -0x80) sink.tag8(0xd0, value & 0xff)
      else if (value >= -0x8000) sink.tag16(0xd1, value & 0xffff)
      else sink.tag32(0xd2, value)
    } else if (!Number.isSafeInteger(value)) sink.double(value)
    else if (value < 0) sink.tag64(0xd3, value)
    else if (value <= 0xffffffff) sink.tag32(0xce, value)
    else sink.tag64(0xcf, value)
  }

  #refuse(reason: EncodeReason, got: string): false {
    this.#reason = reason
    this.#got = got
    return false
  }

  /** Adds a step to the path of a refusal on its way out. */
  #within(holder: object, segment: string): false {
    this.#steps.push({ holder, segment })
    return false
  }
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

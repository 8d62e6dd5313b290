/**
 * Changes of a table as they travel: values and causes are encoded each for itself. Reading them
 * never throws: an entry that cannot be read, or is no value of the table, is left out and counted.
 */
import { prepare, type System } from '../../runtime/kernel.ts'
import type { TableOp } from '../crdt/table.ts'
import type { Codec } from '../wire/index.ts'
import type { WireOp } from './table-message.ts'
import { entryBytes } from './table-weight.ts'

export class TableOps<Value> {
  readonly #system: System
  readonly #codec: Codec
  readonly #isValue: (value: unknown) => value is Value

  constructor(system: System, codec: Codec, isValue: (value: unknown) => value is Value) {
    this.#system = system
    this.#codec = codec
    this.#isValue = isValue
  }

  /** Throws for what was not checked before: our own mistake. */
  readonly encode = (op: TableOp<Value>): WireOp => {
    if (op.tag === 'put') return [op.key, this.#bytesOf(op.value)]
    return op.cause === undefined ? [op.key] : [op.key, null, this.#bytesOf(op.cause)]
  }

  /** Undefined: not an entry of this table. */
  decode([key, bytes, cause]: WireOp): TableOp<Value> | undefined {
    if (bytes instanceof Uint8Array) {
      const value = this.#termOf(bytes)
      if (!this.#admits(value)) return undefined
      return { tag: 'put', key, value, bytes: entryBytes(key, value, bytes.length) }
    }
    // That it is gone matters more than why.
    return { tag: 'remove', key, cause: cause && this.#termOf(cause) }
  }

  #bytesOf(term: unknown): Uint8Array {
    const encoded = this.#codec.encode(term, 'value')
    if (encoded.tag === 'ok') return encoded.bytes.slice()
    throw new TypeError(`replica: ${encoded.path}: ${encoded.reason} cannot be sent`)
  }

  #termOf(bytes: Uint8Array): unknown {
    const decoded = this.#codec.decode(bytes)
    if (decoded.tag === 'error') return undefined
    return this.#system.checked ? prepare(decoded.term, 'value') : decoded.term
  }

  /** A check that throws has found nothing good. */
  #admits(value: unknown): value is Value {
    try {
      return this.#isValue(value)
    } catch {
      return false
    }
  }
}

/**
 * A single-writer table as its author holds it: entries by key, a version that counts the changes,
 * and a log of the last ones, so that whoever has a version of it can be told what came since.
 *
 * Invariant: what the table is at (epoch, version) is one definite thing. So merging is taking what
 * the author has now: removals need no tombstones, and what was removed cannot come back. (The
 * seeds' registry is an OR-Map; decision 0011 says why this is not.)
 */
import { compareHlc, type Hlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'

/** The state of a table that one author has had. */
export type Head = { readonly epoch: Hlc; readonly version: number }

/** What changed. `bytes` is what the entry is charged for: key and encoded value. */
export type TableOp<Value> =
  | { readonly tag: 'put'; readonly key: string; readonly value: Value; readonly bytes: number }
  | { readonly tag: 'remove'; readonly key: string; readonly cause: unknown }

type Own<Value> = { readonly value: Value; readonly bytes: number; readonly version: number }

/** A key that was put, or one that was removed. */
type Change = string | { readonly key: string; readonly cause: unknown; readonly bytes: number }

/** Epochs of one run of a node that are told apart from those of others. */
const epochsMax = 16

export class Table<Value> {
  readonly #entries = new Map<string, Own<Value>>()
  /** The newest first. Versions count on from one to the next. */
  #epochs: readonly Hlc[]
  #version = 0
  #bytes = 0
  /** Changes since `#version - #log.length + #logStart`; the first `#logStart` are forgotten. */
  #log: Change[] = []
  #logStart = 0
  #logBytes = 0

  constructor(epoch: Hlc) {
    this.#epochs = [epoch]
  }

  get head(): Head {
    return { epoch: this.#epoch, version: this.#version }
  }

  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value
  }

  *entries(): Generator<[string, Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value]
  }

  /** From now on heads have this epoch. Those who know an earlier one need not start over. */
  renew(epoch: Hlc): void {
    this.#epochs = [epoch, ...this.#epochs].slice(0, epochsMax)
  }

  /** True when `epoch` is, or was, one of this table. */
  hasHad(epoch: Hlc): boolean {
    return this.#epochs.some((known) => compareHlc(known, epoch) === 0)
  }

  /** False, and nothing is changed, when the table is full. */
  put(key: string, value: Value, bytes: number): boolean {
    const before = this.#entries.get(key)
    const grown = this.#bytes + bytes - (before?.bytes ?? 0)
    if (grown > limits.tableMaxBytes) return false
    if (before === undefined && this.#entries.size >= limits.tableEntriesMax) return false
    this.#bytes = grown
    this.#version += 1
    this.#entries.set(key, { value, bytes, version: this.#version })
    this.#note(key)
    return true
  }

  /** False when there is no such entry. `causeBytes` is what the cause is charged for. */
  remove(key: string, cause: unknown, causeBytes: number): boolean {
    const before = this.#entries.get(key)
    if (before === undefined) return false
    this.#entries.delete(key)
    this.#bytes -= before.bytes
    this.#version += 1
    this.#note({ key, cause, bytes: key.length + causeBytes })
    return true
  }

  /** The changes after `version` can still be told. */
  remembers(version: number): boolean {
    return version >= this.#logBase && version <= this.#version
  }

  /**
   * The changes after `version`, which the table must remember, one by one: how far they lead, and
   * what to do; undefined for a change that a later one has undone.
   */
  *since(version: number): Generator<readonly [version: number, op: TableOp<Value> | undefined]> {
    for (let at = version + 1; at <= this.#version; at++) yield [at, this.#opAt(at)]
  }

  /**
   * The entries as they are at `version` and have not changed since; together with the changes
   * since then they are the table. The table may change while they are being read.
   */
  *entriesOf(version: number): Generator<TableOp<Value>> {
    let left = this.#entries.size
    for (const [key, own] of this.#entries) {
      if (left-- === 0) return
      if (own.version > version) continue
      yield { tag: 'put', key, value: own.value, bytes: own.bytes }
    }
  }

  get #epoch(): Hlc {
    const [epoch] = this.#epochs
    if (epoch === undefined) throw new TypeError('a table without an epoch')
    return epoch
  }

  /** The version before the first change that is remembered. */
  get #logBase(): number {
    return this.#version - (this.#log.length - this.#logStart)
  }

  #opAt(version: number): TableOp<Value> | undefined {
    const change = this.#log[this.#logStart + version - this.#logBase - 1]
    if (typeof change === 'object') {
      return { tag: 'remove', key: change.key, cause: change.cause }
    }
    const own = change === undefined ? undefined : this.#entries.get(change)
    if (change === undefined || own?.version !== version) return undefined
    return { tag: 'put', key: change, value: own.value, bytes: own.bytes }
  }

  #note(change: Change): void {
    this.#log.push(change)
    this.#logBytes += bytesOf(change)
    while (
      this.#log.length - this.#logStart > limits.tableLogMax ||
      this.#logBytes > limits.tableLogMaxBytes
    ) {
      const forgotten = this.#log[this.#logStart++]
      if (forgotten !== undefined) this.#logBytes -= bytesOf(forgotten)
    }
    if (this.#logStart > limits.tableLogMax) {
      this.#log = this.#log.slice(this.#logStart)
      this.#logStart = 0
    }
  }
}

function bytesOf(change: Change): number {
  return typeof change === 'string' ? change.length : change.bytes
}

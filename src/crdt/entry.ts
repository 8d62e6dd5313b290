/**
 * What a multi-writer map holds under one key: the greatest write made to it, as far as is known
 * here. A write is stamped with a *dot*, the timestamp and the node that minted it; a removal is a
 * write too, a tombstone.
 *
 * Invariant: writes to one key are totally ordered (`exceeds`), so that merging is taking the
 * greater one. The order: the later timestamp; of equal ones the value before the tombstone; then
 * the greater node name; then, of one dot with two values, which only corruption makes, the greater
 * canonical text. Textbook maps keep all dots of concurrent writes. Only the greatest ever decides
 * here, and keeping the others would break associativity: whether an older dot survives would
 * depend on whether a tombstone between the two came before or after the newer one.
 */
import { compareHlc, type Hlc, hlcFromTerm } from '../hlc/index.ts'
import { limits } from '../limits.ts'

export type Dot = {
  readonly hlc: Hlc
  readonly node: string
}

export type ValueEntry<Value> = {
  readonly tag: 'value'
  readonly dot: Dot
  readonly value: Value
}

export type Tombstone = {
  readonly tag: 'tombstone'
  readonly dot: Dot
}

export type MapEntry<Value> = ValueEntry<Value> | Tombstone

/**
 * An entry in a term: `[wallMs, logical, node]` is a tombstone, with a value behind it a value.
 */
export type EntryTerm =
  | readonly [wallMs: number, logical: number, node: string]
  | readonly [wallMs: number, logical: number, node: string, value: unknown]

/** The canonical text of a value: equal values have equal texts, others do not. */
export type ValueRank<Value> = (value: Value) => string

/** True when `entry` is the greater write of the two. */
export function exceeds<Value>(
  entry: MapEntry<Value>,
  other: MapEntry<Value>,
  rank: ValueRank<Value>,
): boolean {
  const order = compareHlc(entry.dot.hlc, other.dot.hlc)
  if (order !== 0) return order > 0
  if (entry.tag !== other.tag) return entry.tag === 'value'
  if (entry.dot.node !== other.dot.node) return entry.dot.node > other.dot.node
  if (entry.tag === 'tombstone' || other.tag === 'tombstone') return false
  return entry.value !== other.value && rank(entry.value) > rank(other.value)
}

export function entryToTerm<Value>(entry: MapEntry<Value>): EntryTerm {
  const { hlc, node } = entry.dot
  return entry.tag === 'value'
    ? [hlc.wallMs, hlc.logical, node, entry.value]
    : [hlc.wallMs, hlc.logical, node]
}

/**
 * Undefined for what is no entry, or carries a value that `isValue` does not answer true for. A
 * check that throws says no. Never throws.
 */
export function entryFromTerm<Value>(
  term: unknown,
  isValue: (value: unknown) => value is Value,
): MapEntry<Value> | undefined {
  if (!Array.isArray(term) || (term.length !== 3 && term.length !== 4)) return undefined
  const [wallMs, logical, node, value]: readonly unknown[] = term
  const hlc = hlcFromTerm([wallMs, logical])
  if (hlc === undefined || !isAuthor(node)) return undefined
  const dot = { hlc, node }
  if (term.length === 3) return { tag: 'tombstone', dot }
  return passes(value, isValue) ? { tag: 'value', dot, value } : undefined
}

/** A string that may be the name of a node; which nodes there are is not this layer's to know. */
export function isAuthor(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= limits.nodeNameMaxBytes
}

export function isKey(value: unknown): value is string {
  return typeof value === 'string' && value.length <= limits.crdtKeyMaxChars
}

function passes<Value>(
  value: unknown,
  isValue: (value: unknown) => value is Value,
): value is Value {
  try {
    const answer: unknown = isValue(value)
    return answer === true
  } catch {
    return false
  }
}

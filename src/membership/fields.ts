/**
 * Checks of the fields that messages of membership and of the verdict are made of. Nothing here
 * throws, whatever a peer sent.
 */
import { validateNodeName } from '../identity/index.ts'

type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

/** A whole number of 32 bits. */
export function isUint(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32
}

/** The name of a node. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && validateNodeName(value).tag === 'ok'
}

/** Undefined when it is no list, is too long, or one item is not what it should be. */
export function listOf<Item>(
  value: unknown,
  max: number,
  decode: (item: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (!Array.isArray(value) || value.length > max) return undefined
  const items: Item[] = []
  for (const each of value) {
    const item = decode(each)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}

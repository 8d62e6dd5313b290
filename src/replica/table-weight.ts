/**
 * What an entry of a table is charged for. Bytes alone would not bound memory: 64 KiB of a value
 * can be 60,000 empty objects, which take sixty times as much. So what the value is built of counts
 * too, by what an object and a field of it take at least in V8. Author and reader charge the same.
 */

/** An array, object, map or set, and each of its items or fields. */
const containerBytes = 64
const itemBytes = 16

/** `encodedBytes` is the length of the value as it travels, which bounds its texts and depth. */
export function entryBytes(key: string, value: unknown, encodedBytes: number): number {
  return key.length + encodedBytes + structureBytes(value)
}

function structureBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let bytes = containerBytes
  for (const item of itemsOf(value)) bytes += itemBytes + structureBytes(item)
  return bytes
}

/** Of identifiers and byte arrays there is nothing to see. */
function itemsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.values(value) : []
}

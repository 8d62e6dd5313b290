/**
 * What may be sent: null, booleans, numbers, bigints, strings, arrays, plain objects, Map, Set,
 * byte arrays, pids and references. In checked mode every message passes through `prepare`, which
 * makes sharing safe and finds early what could not cross a node: plain objects and arrays are
 * frozen in place, Map, Set and bytes are copied, anything else is refused by path.
 *
 * OTP copies every message; freezing is the honest substitute on a shared heap (rule P11). In
 * production messages are passed as they are, and changing one after sending it is undefined.
 */
import { BadArgument } from './exit.ts'
import { isPid, isReference } from './identifier.ts'
import { limits } from './limits.ts'

/** The value to put into the mailbox. Throws `BadArgument` naming the path of what is refused. */
export function prepare(value: unknown, root: string): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol') refuse(root, typeof value)
    return value
  }
  return prepareObject(value, root, new Walk())
}

function refuse(path: string, what: string): never {
  throw new BadArgument(`${path}: ${what} cannot be sent`)
}

function prepareAt(value: unknown, path: string, walk: Walk): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') refuse(path, `a ${typeof value}`)
  if (typeof value !== 'object' || value === null) return value
  return prepareObject(value, path, walk)
}

function prepareObject(value: object, path: string, walk: Walk): unknown {
  if (isPid(value) || isReference(value)) return value
  const known = walk.prepared.get(value)
  if (known !== undefined) return known
  const { above } = walk
  if (above.includes(value)) refuse(path, 'cyclic data')
  if (above.length >= limits.termDepthMax) refuse(path, `data deeper than ${limits.termDepthMax}`)
  above.push(value)
  const prepared = prepareContents(value, path, walk)
  above.pop()
  // Small messages share nothing worth remembering; large ones must not be walked twice.
  if (++walk.visited > rememberAfter && typeof prepared === 'object') {
    walk.prepared.set(value, prepared)
  }
  return prepared
}

/** Objects of a message that are walked before what is shared within it is remembered. */
const rememberAfter = 64

/** One walk through a message. */
class Walk {
  /** The containers around the current value. */
  readonly above: object[] = []
  readonly prepared = new Map<object, unknown>()
  visited = 0
}

function prepareContents(value: object, path: string, walk: Walk): unknown {
  const prototype = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) refuse(path, `an instance of ${className(prototype)}`)
    return prepareArray(value, path, walk)
  }
  // Not `slice`, which on a Buffer shares memory.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value instanceof Map) {
    const copy = new Map()
    for (const [key, item] of value) {
      copy.set(
        prepareAt(key, `${path}.keys()`, walk),
        prepareAt(item, `${path}.get(${keyText(key)})`, walk),
      )
    }
    return copy
  }
  if (value instanceof Set) {
    const copy = new Set()
    for (const item of value) copy.add(prepareAt(item, `${path}.values()`, walk))
    return copy
  }
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(path, `an instance of ${className(prototype)}`)
  }
  return prepareRecord(value as Record<string, unknown>, path, walk)
}

function prepareArray(value: readonly unknown[], path: string, walk: Walk): unknown {
  let copy: unknown[] | null = null
  for (let i = 0; i < value.length; i++) {
    const prepared = prepareAt(value[i], `${path}[${i}]`, walk)
    if (Object.is(prepared, value[i])) continue
    copy ??= value.slice()
    copy[i] = prepared
  }
  return Object.freeze(copy ?? value)
}

function prepareRecord(value: Record<string, unknown>, path: string, walk: Walk): unknown {
  let copy: Record<string, unknown> | null = null
  for (const key of Object.keys(value)) {
    const item = value[key]
    const prepared = prepareAt(item, `${path}.${key}`, walk)
    // An accessor is read now: read later, it could say something else to each reader.
    const fixed = Object.getOwnPropertyDescriptor(value, key)?.get === undefined
    if (fixed && Object.is(prepared, item)) continue
    copy ??= { ...value }
    copy[key] = prepared
  }
  return Object.freeze(copy ?? value)
}

/** How a Map's key shows in a path. Objects may have no text, or a hostile one. */
function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null ? '...' : String(key)
}

function className(prototype: object): string {
  const { value } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {}
  return typeof value === 'function' ? String(value.name) : 'a class'
}

/**
 * What a thread can be given, checked where it is given (checked mode). The structured clone of the
 * platform refuses functions, but makes a plain object of an instance of any class, a pid included,
 * without a word: here both are refused by path, and what is accepted is copied at once, so that
 * the caller can go on with its own.
 */
import type { Transferable } from 'node:worker_threads'
import { BadArgument, isPid, isReference } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'

export type Parcel = { readonly arg: unknown; readonly transfer: readonly Transferable[] }

/** A copy of `arg`, with what `transfer` lists moved into it. Throws `BadArgument`. */
export function parcel(arg: unknown, transfer: readonly Transferable[]): Parcel {
  check(arg, 'arg', new Set())
  try {
    // One clone of both keeps them the same objects.
    return structuredClone({ arg, transfer }, { transfer: [...transfer] })
  } catch (error) {
    throw new BadArgument(`arg: it cannot be given to a thread: ${String(error)}`)
  }
}

function check(value: unknown, path: string, seen: Set<object>): void {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new BadArgument(`${path}: a ${typeof value} cannot be given to a thread`)
  }
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (isPid(value) || isReference(value)) {
    throw new BadArgument(`${path}: ${String(value)} means nothing in a thread`)
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null || Array.isArray(value)) {
    for (const key of Object.keys(value)) check(Reflect.get(value, key), `${path}.${key}`, seen)
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      check(key, `${path}.keys()`, seen)
      check(item, `${path}.get(${show(key)})`, seen)
    }
  } else if (value instanceof Set) {
    for (const item of value) check(item, `${path}.values()`, seen)
  } else if (!isBuiltIn(value)) {
    throw new BadArgument(`${path}: an instance of a class cannot be given to a thread`)
  }
}

/** The platform's own kinds say what they are; a class that only claims to is refused by the clone. */
function isBuiltIn(value: object): boolean {
  const kind = Object.prototype.toString.call(value)
  return kind !== '[object Object]'
}

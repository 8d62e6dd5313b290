/**
 * What a program gave to define a behaviour, read with a check: a callback that is no function, or
 * a name that means nothing, is refused where it is written and not when it is first needed.
 */
import { BadArgument } from '../runtime/index.ts'
import { show } from '../runtime/kernel.ts'

export type Given = (...args: readonly unknown[]) => unknown

/** Refuses what is no object, and fields that are not `known`; `what` says what they would be. */
export function checkKeys(
  path: string,
  value: unknown,
  known: readonly string[],
  what: 'callback' | 'option',
): asserts value is object {
  if (typeof value !== 'object' || value === null) {
    throw new BadArgument(`${path}: expected an object, got ${show(value)}`)
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new BadArgument(`${path}: there is no ${what} '${key}'`)
  }
}

/** The function under `key`, if there is one. */
export function functionIn(value: object, key: string, path = ''): Given | undefined {
  const found: unknown = Reflect.get(value, key)
  if (found === undefined || isFunction(found)) return found
  throw new BadArgument(`${path}${key}: expected a function, got ${show(found)}`)
}

/** The function under `key`. */
export function requiredIn(value: object, key: string, path = ''): Given {
  const found = functionIn(value, key, path)
  if (found !== undefined) return found
  throw new BadArgument(`${path}${key}: expected a function, got undefined`)
}

/** The object under `key`, if there is one. */
export function objectIn(value: object, key: string, path = ''): object | undefined {
  const found: unknown = Reflect.get(value, key)
  if (found === undefined) return undefined
  if (typeof found === 'object' && found !== null) return found
  throw new BadArgument(`${path}${key}: expected an object, got ${show(found)}`)
}

/** The table of functions under `key`; empty if there is none. */
export function tableIn(value: object, key: string): Readonly<Record<string, Given>> {
  const table = objectIn(value, key) ?? {}
  const entries = Object.keys(table).map((op) => [op, requiredIn(table, op, `${key}.`)] as const)
  return Object.fromEntries(entries)
}

/** Refuses what is no function. */
export function checkFunction(path: string, value: unknown): asserts value is Given {
  if (!isFunction(value)) throw new BadArgument(`${path}: expected a function, got ${show(value)}`)
}

function isFunction(value: unknown): value is Given {
  return typeof value === 'function'
}

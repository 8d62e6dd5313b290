/**
 * Checks at the boundary: a value a user gave, refused with a message that names the field and
 * what was received. Inside, types are trusted.
 */
import type { Name, NameTerm } from './destination.ts'
import { BadArgument } from './exit.ts'
import { isPid, isReference, type Pid, type Reference } from './identifier.ts'
import { limits } from './limits.ts'

/** Names of processes and modules: 1 to `limits.nameMaxBytes` characters. */
export function checkName(field: string, name: unknown): asserts name is string {
  if (typeof name === 'string' && name.length > 0 && name.length <= limits.nameMaxBytes) return
  throw new BadArgument(
    `${field}: expected a string of 1 to ${limits.nameMaxBytes} characters, got ${show(name)}`,
  )
}

/** Timeouts: 0 to 2^32-1 milliseconds, or Infinity (rule R4). */
export function checkTimeout(field: string, timeoutMs: unknown): void {
  if (timeoutMs === Number.POSITIVE_INFINITY) return
  if (typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= limits.timeoutMaxMs) return
  const expected = `0 to ${limits.timeoutMaxMs} milliseconds or Infinity`
  throw new BadArgument(`${field}: expected ${expected}, got ${show(timeoutMs)}`)
}

export function checkSignal(field: string, signal: unknown): asserts signal is AbortSignal {
  if (!(signal instanceof AbortSignal)) {
    throw new BadArgument(`${field}: expected an AbortSignal, got ${show(signal)}`)
  }
}

export function checkPid(field: string, pid: unknown): asserts pid is Pid {
  if (!isPid(pid)) throw new BadArgument(`${field}: expected a pid, got ${show(pid)}`)
}

export function checkReference(field: string, ref: unknown): asserts ref is Reference {
  if (!isReference(ref)) throw new BadArgument(`${field}: expected a reference, got ${show(ref)}`)
}

/** Where a signal can be addressed that is not a pid: a name. */
export function checkDestination(field: string, to: unknown): asserts to is Name {
  if (typeof to === 'object' && to !== null && 'tag' in to && 'name' in to && isName(to)) return
  throw new BadArgument(`${field}: expected a pid or a name, got ${show(to)}`)
}

function isName(to: { readonly tag: unknown; readonly name: unknown }): boolean {
  const { tag, name } = to
  if (tag === 'local') return typeof name === 'string'
  if (tag === 'at') return typeof name === 'string' && 'node' in to && typeof to.node === 'string'
  return tag === 'via' && isTerm(name) && 'registry' in to && typeof to.registry === 'string'
}

/** Something that may be a via name; whether it is one its registry says. */
export function isTerm(name: unknown): name is NameTerm {
  return name !== undefined && typeof name !== 'function' && typeof name !== 'symbol'
}

/** Optional arguments, as an object with none but the `known` fields. */
export function checkOptions(field: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`${field}: expected options, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new BadArgument(`${field}: unknown option '${key}'`)
  }
}

/** A short form of any value, for messages. */
export function show(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object' && value !== null) {
    const text = Object.prototype.toString.call(value)
    return text === '[object Object]' ? `object with keys ${Object.keys(value).join(', ')}` : text
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * Names of servers, as data that remembers the server's protocol for the compiler, and the names a
 * process can be started under: a local one, or a via name, which a registry of the node keeps.
 */
import {
  BadArgument,
  type LocalName,
  type Module,
  type NameKey,
  type RemoteName,
  type ViaName,
} from '../runtime/index.ts'
import { checkName, show } from '../runtime/kernel.ts'

/** What a process can be started as: `'carts'`, `local(Carts, 'carts')`, `via(...)`. */
export type OwnName<P = unknown> = string | LocalName<P> | ViaName<P>

/** A server registered as `name` on the caller's own node. */
export function local<P>(_behaviour: Module<P, never>, name: string): LocalName<P> {
  return { tag: 'local', name }
}

/** A server registered as `name` on node `node`; resolved there, each time. */
export function at<P>(node: string, _behaviour: Module<P, never>, name: string): RemoteName<P> {
  return { tag: 'at', node, name }
}

/**
 * A server that registry `registry` of the caller's node knows as `name`, each time anew. Throws
 * `BadArgument` unless `name` is a string of 1 to 255 characters or a finite number.
 */
export function via<P>(_behaviour: Module<P, never>, registry: string, name: NameKey): ViaName<P> {
  checkName('registry', registry)
  checkKey('name', name)
  return { tag: 'via', registry, name }
}

/** Names and keys of registries: strings as long as local names, and finite numbers. */
export function checkKey(field: string, key: unknown): asserts key is NameKey {
  if (typeof key !== 'number') checkName(field, key)
  else if (!Number.isFinite(key)) {
    throw new BadArgument(`${field}: expected a string or a finite number, got ${show(key)}`)
  }
}

/** What a process is to be registered as. Throws `BadArgument` for what is no such name. */
export function ownName(given: unknown): string | ViaName {
  const name = typeof given === 'string' ? given : nameWithin(given)
  if (typeof name === 'object') {
    checkName('name.registry', name.registry)
    checkKey('name', name.name)
  } else checkName('name', name)
  return name
}

/** `ownName` of a name that came as data: undefined for what is none. */
export function registeredName(given: unknown): string | ViaName | undefined {
  try {
    return ownName(given)
  } catch (error) {
    if (error instanceof BadArgument) return undefined
    throw error
  }
}

function nameWithin(given: unknown): string | ViaName {
  if (typeof given === 'object' && given !== null && 'tag' in given && 'name' in given) {
    const { tag, name } = given
    if (tag === 'local' && typeof name === 'string') return name
    const isKey = typeof name === 'string' || typeof name === 'number'
    if (tag === 'via' && 'registry' in given && typeof given.registry === 'string' && isKey) {
      return { tag: 'via', registry: given.registry, name }
    }
  }
  throw new BadArgument(`name: expected a local or a via name, got ${show(given)}`)
}

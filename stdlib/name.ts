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
export function via<P>(
  _behaviour: Module<P, never>,
  registry: string,
  name: NameKey,
): ViaName<P> {
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

/** A name as it is registered: the bare local name or the via name; undefined if it is neither. */
export function registeredName(name: unknown): string | ViaName | undefined {
  if (typeof name === 'string') return name
  if (typeof name !== 'object' || name === null || !('tag' in name) || !('name' in name)) {
    return undefined
  }
  const { name: key } = name
  if (name.tag === 'local') return typeof key === 'string' ? key : undefined
  if (name.tag !== 'via' || !('registry' in name)) return undefined
  const { registry } = name
  if (typeof registry !== 'string') return undefined
  return typeof key === 'string' || typeof key === 'number'
    ? { tag: 'via', registry, name: key }
    : undefined
}

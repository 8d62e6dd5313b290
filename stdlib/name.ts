/**
 * Names of servers, as data that remembers the server's protocol for the compiler, and the names a
 * process can be started under: a local one, or a via name, which a registry of the node keeps.
 */
import {
  BadArgument,
  type LocalName,
  type Module,
  type NameKey,
  type NameTerm,
  type RemoteName,
  type ViaName,
} from '../runtime/index.ts'
import { checkName, isTerm, show } from '../runtime/kernel.ts'

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

/** The registry of the whole cluster. Its names may be any terms that can be sent. */
export const clusterRegistry = 'cluster'

/** The registry of names that one process of the whole cluster has. */
export const globalRegistry = 'global'

/**
 * A server that registry `registry` of the caller's node knows as `name`, each time anew. Throws
 * `BadArgument` unless `name` is a string of 1 to 255 characters or a finite number; in the
 * registry `cluster` it may be another term, which is checked where the name is used.
 */
export function via<P>(
  behaviour: Module<P, never>,
  registry: typeof clusterRegistry,
  name: NameTerm,
): ViaName<P>
export function via<P>(behaviour: Module<P, never>, registry: string, name: NameKey): ViaName<P>
export function via<P>(_behaviour: Module<P, never>, registry: string, name: NameTerm): ViaName<P> {
  checkName('registry', registry)
  checkViaName(registry, name)
  return { tag: 'via', registry, name }
}

/** The one server of the cluster that has this name: `via(behaviour, 'global', name)`. */
export function global<P>(behaviour: Module<P, never>, name: NameKey): ViaName<P> {
  return via(behaviour, globalRegistry, name)
}

function checkViaName(registry: string, name: unknown): void {
  const isObject = typeof name !== 'string' && typeof name !== 'number' && isTerm(name)
  if (registry !== clusterRegistry || !isObject) checkKey('name', name)
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
    checkViaName(name.registry, name.name)
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
    const isVia = tag === 'via' && 'registry' in given && isTerm(name)
    if (isVia && typeof given.registry === 'string') {
      return { tag: 'via', registry: given.registry, name }
    }
  }
  throw new BadArgument(`name: expected a local or a via name, got ${show(given)}`)
}

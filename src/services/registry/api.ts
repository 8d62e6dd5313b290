/**
 * Names of processes across the cluster. Whoever is registered under a name is found by it on every
 * node, and the name goes when the process ends or its node does. Several nodes may have a process
 * under one name, one each. All but `whereisService` answer at once, from what this node knows.
 *
 * Differences from the registry of one node (`lookup`): a name takes any term, an entry carries
 * metadata that others select by, and a process is not linked with anything.
 */
import {
  BadArgument,
  type Caller,
  type NameTerm,
  type Pid,
  type Self,
} from '../../../runtime/index.ts'
import {
  callerProcess,
  checkOptions,
  checkPid,
  checkTimeout,
  processOfSelf,
  systemOf,
} from '../../../runtime/kernel.ts'
import type { Registered } from '../../../stdlib/index.ts'
import { clusterRegistry } from '../../../stdlib/name.ts'
import { limits } from '../../limits.ts'
import { TableFull } from '../../replica/index.ts'
import type { ServiceFilter } from './filter.ts'
import type { Instance, ServiceMetadata } from './instance.ts'
import { Registry } from './registry.ts'
import { checkPrefer, type Prefer, select } from './select.ts'

export type ServiceOptions = {
  /** Who is registered: a process of this node. Default the calling one, which host code is not. */
  readonly pid?: Pid
  /** Fields for those who select; 16 KiB encoded. Default none. */
  readonly metadata?: ServiceMetadata
}

/**
 * Registers a process of this node under a name of the cluster. A process may have any number of
 * names. One that has the name already gets the metadata given, or none. Errors:
 * `{ tag: 'alreadyRegistered', pid }` when another process of this node has it, `notLocal`,
 * `noproc`, and `{ tag: 'systemLimit' }`. Throws `BadArgument` for what is no name, no metadata or
 * too large.
 */
export function registerService(
  caller: Caller,
  name: NameTerm,
  options: ServiceOptions = {},
): Registered {
  const registry = registryOf(caller, 'registerService')
  checkOptions('registerService', options, ['pid', 'metadata'])
  const { pid = callerProcess(caller)?.pid, metadata } = options
  if (pid === undefined) throw new BadArgument('registerService: host code must give a pid')
  checkPid('pid', pid)
  return unlessFull(() => registry.register(name, pid, metadata))
}

/**
 * Replaces the metadata of this node's instance of a name. Errors: `notRegistered`, and
 * `{ tag: 'systemLimit' }`. Throws as `registerService` does.
 */
export function updateMetadata(
  caller: Caller,
  name: NameTerm,
  metadata: ServiceMetadata,
): Registered {
  const registry = registryOf(caller, 'updateMetadata')
  const own = registry.own(name)
  if (own === undefined) return { tag: 'error', reason: 'notRegistered' }
  return unlessFull(() => registry.register(name, own.pid, metadata))
}

function unlessFull(register: () => Registered): Registered {
  try {
    return register()
  } catch (error) {
    if (error instanceof TableFull) return { tag: 'error', reason: error.reason }
    throw error
  }
}

/** Takes a name back from the process of this node that has it; harmless when none does. */
export function unregisterService(caller: Caller, name: NameTerm): void {
  registryOf(caller, 'unregisterService').unregister(name)
}

/**
 * All instances of a name known here: this node's own first, then the others by the name of their
 * node. Throws `BadArgument` for what is no name.
 */
export function lookupService(caller: Caller, name: NameTerm): readonly Instance[] {
  return registryOf(caller, 'lookupService').lookup(name)
}

/** The process of this node that has a name. */
export function lookupLocal(caller: Caller, name: NameTerm): Pid | undefined {
  return registryOf(caller, 'lookupLocal').own(name)?.pid
}

/** Every name known here, once: strings, numbers and other terms, each sorted. */
export function listServices(caller: Caller): readonly NameTerm[] {
  return registryOf(caller, 'listServices').list()
}

export type WhereisOptions = {
  /** Which of several. Default `local`. */
  readonly prefer?: Prefer
  /**
   * How long to wait for a name nobody has yet: registrations take a moment to get about. Default
   * 1,000 ms; 0 answers from what is known.
   */
  readonly timeoutMs?: number
}

export type ServiceFound =
  | ({ readonly tag: 'ok' } & Instance)
  | { readonly tag: 'error'; readonly reason: 'notFound' }

/**
 * One instance of a name, waiting a while for one to appear. With a function as `prefer` it waits
 * also until that takes one. Rejects with `BadArgument` for what is no name or option, and with
 * what that function throws.
 */
export async function whereisService(
  caller: Caller,
  name: NameTerm,
  options: WhereisOptions = {},
): Promise<ServiceFound> {
  const registry = registryOf(caller, 'whereisService')
  checkOptions('whereisService', options, ['prefer', 'timeoutMs'])
  const { prefer = 'local', timeoutMs = limits.serviceLookupMs } = options
  checkPrefer(prefer)
  checkTimeout('timeoutMs', timeoutMs)
  const { node, platform } = systemOf(caller)
  const { roundTripMs } = registry
  const env = { node, unit: () => platform.random.unit(), roundTripMs }
  const choose: Choose = (instances) => select(prefer, instances, env)
  const known = choose(registry.lookup(name))
  if (known !== undefined) return { tag: 'ok', ...known }
  const found = timeoutMs > 0 ? await awaited(caller, registry, name, timeoutMs, choose) : undefined
  return found === undefined ? { tag: 'error', reason: 'notFound' } : { tag: 'ok', ...found }
}

type Choose = (instances: readonly Instance[]) => Instance | undefined

/** What the registry learns, or whoever finds what it has not heard of, in `timeoutMs`. */
async function awaited(
  caller: Caller,
  registry: Registry,
  name: NameTerm,
  timeoutMs: number,
  choose: Choose,
): Promise<Instance | undefined> {
  const wait = registry.waitFor(name, timeoutMs, callerProcess(caller))
  if (wait === undefined) return undefined
  try {
    let elsewhere: readonly Instance[] = []
    const found = (instance: Instance | undefined): void => {
      if (instance === undefined) return
      elsewhere = [instance]
      wait.changed()
    }
    const isUnknown = registry.lookup(name).length === 0
    // Who fails to find has found nothing: the name may still come by itself.
    if (isUnknown) registry.finder?.(name, timeoutMs).then(found, () => undefined)
    while (await wait.next()) {
      const instance = choose(registry.lookup(name)) ?? choose(elsewhere)
      if (instance !== undefined) return instance
    }
    return undefined
  } finally {
    wait.close()
  }
}

/**
 * Tells the calling process of instances coming and going (`ServiceEvent`), and `{ tag: 'resync',
 * source: 'services' }` when events may have been missed. Asking again changes what it hears.
 * Throws `BadArgument` for what is no filter.
 */
export function subscribeServices(self: Self, filter: ServiceFilter = 'all'): void {
  registryOf(self, 'subscribeServices').subscribe(processOfSelf(self), filter)
}

export function unsubscribeServices(self: Self): void {
  registryOf(self, 'unsubscribeServices').unsubscribe(processOfSelf(self))
}

function registryOf(caller: Caller, what: string): Registry {
  const { node, registries } = systemOf(caller)
  const registry = registries.find(clusterRegistry)
  if (registry instanceof Registry) return registry
  throw new BadArgument(`${what}: ${node} was not started by startNode and has no such registry`)
}

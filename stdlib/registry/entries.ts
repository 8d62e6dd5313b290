/**
 * What processes do with a registry of their node (Elixir's `Registry` functions). All of it
 * happens at once, on the caller's stack. A registry is named by its local name; one that does not
 * run is the caller's mistake (`BadArgument`), as a bare local name that nobody has.
 */
import {
  BadArgument,
  type Caller,
  type NameKey,
  type Pid,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import {
  checkPid,
  Process,
  prepare,
  processOfSelf,
  recordOfPid,
  show,
  systemOf,
} from '../../runtime/kernel.ts'
import { checkKey } from '../name.ts'
import { type RegistryEntry, RegistryTable } from './table.ts'

export type Registered =
  | { readonly tag: 'ok' }
  /** `{ tag: 'alreadyRegistered', pid }`, or `{ tag: 'systemLimit' }` for a full registry. */
  | { readonly tag: 'error'; readonly reason: Reason }

export type ValueUpdated =
  | { readonly tag: 'ok'; readonly value: unknown }
  | { readonly tag: 'error'; readonly reason: 'notRegistered' }

/**
 * Registers the calling process under a key, with a value for those who look it up. A unique key
 * somebody has, be it the caller, is refused; a duplicate key may be taken again and again. The
 * first key links the process with the registry.
 */
export function register(
  self: Self,
  registry: string,
  key: NameKey,
  value: unknown = null,
): Registered {
  const process = processOfSelf(self)
  const table = tableOf(self, registry)
  checkKey('key', key)
  const holder = table.whereis(key)
  const reason = holder === undefined ? table.full() : { tag: 'alreadyRegistered', pid: holder }
  if (reason !== undefined) return { tag: 'error', reason }
  table.add(process, key, process.system.checked ? prepare(value, 'value') : value)
  return { tag: 'ok' }
}

/** Gives up what the calling process has under a key; harmless when that is nothing. */
export function unregister(self: Self, registry: string, key: NameKey): void {
  tableOf(self, registry).remove(processOfSelf(self), key)
}

/** The processes under a key, oldest registration first: at most one where keys are unique. */
export function lookup(caller: Caller, registry: string, key: NameKey): RegistryEntry[] {
  return tableOf(caller, registry).lookup(key)
}

/** The keys of a process, oldest first; a duplicate key as often as it is registered. */
export function keysOf(caller: Caller, registry: string, pid: Pid): NameKey[] {
  const table = tableOf(caller, registry)
  checkPid('keysOf', pid)
  const process = recordOfPid(pid)
  return process instanceof Process ? table.keysOf(process) : []
}

/**
 * Replaces the value of a unique key of the calling process by what `change` makes of it. Throws
 * what `change` throws, leaving the value, and `BadArgument` where keys are duplicate.
 */
export function updateValue(
  self: Self,
  registry: string,
  key: NameKey,
  change: (value: unknown) => unknown,
): ValueUpdated {
  const process = processOfSelf(self)
  const table = tableOf(self, registry)
  if (!table.unique) throw new BadArgument(`updateValue: the keys of '${registry}' are duplicate`)
  const entry = table.entryOf(process, key)
  if (entry === undefined) return { tag: 'error', reason: 'notRegistered' }
  const value = change(entry.value)
  entry.value = process.system.checked ? prepare(value, 'value') : value
  return { tag: 'ok', value: entry.value }
}

/**
 * Hands all entries of a key to `visit`, once, in the caller; not at all when there are none. What
 * is sent to a topic is sent here: `dispatch(self, 'topics', 'news', (all) => { ... })`.
 */
export function dispatch(
  caller: Caller,
  registry: string,
  key: NameKey,
  visit: (entries: readonly RegistryEntry[]) => void,
): void {
  const entries = lookup(caller, registry, key)
  if (entries.length > 0) visit(entries)
}

/** How many entries a registry has. */
export function countEntries(caller: Caller, registry: string): number {
  return tableOf(caller, registry).size
}

function tableOf(caller: Caller, registry: string): RegistryTable {
  const table = systemOf(caller).registries.find(registry)
  if (table instanceof RegistryTable) return table
  throw new BadArgument(`registry: none named ${show(registry)} runs on this node`)
}

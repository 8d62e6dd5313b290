/**
 * The entries of one registry: keys with the processes registered under them, and the processes
 * with their keys. Read and changed on the caller's stack, as Elixir's registries are read and
 * changed in ETS by the caller: no message is sent and nothing waits for the registry's process.
 *
 * Invariant: an entry is there if and only if its process lives and has not unregistered it. An
 * exit hook removes the entries of a process within its end, so that they are gone before anybody
 * hears of it (rules N4, P5). As in Elixir a registered process is linked with the registry: none
 * goes on believing in an entry that died with its registry.
 */
import type { NameKey, NameTerm, Pid, Reason } from '../../runtime/index.ts'
import {
  linkLocal,
  type NameRegistry,
  Process,
  recordOfPid,
  runtimeLimits,
  unlink,
} from '../../runtime/kernel.ts'
import { checkKey } from '../name.ts'
import { DuplicateKeys, type KeyTable, type Registration, UniqueKeys } from './keys.ts'

/** A process registered under a key, with the value it left there. */
export type RegistryEntry = { readonly pid: Pid; readonly value: unknown }

/** One registered process. Kept until its end, so that it has one exit hook, not one per key. */
type Owner = { readonly registrations: Set<Registration>; linked: boolean }

export class RegistryTable implements NameRegistry {
  readonly unique: boolean
  readonly #registry: Process
  readonly #keys: KeyTable
  readonly #owners = new Map<Process, Owner>()
  #size = 0

  constructor(registry: Process, unique: boolean) {
    this.#registry = registry
    this.unique = unique
    this.#keys = unique ? new UniqueKeys() : new DuplicateKeys()
  }

  get size(): number {
    return this.#size
  }

  /** A key that several may have is nobody's name. */
  whereis(name: NameTerm): Pid | undefined {
    const isKey = typeof name === 'string' || typeof name === 'number'
    return isKey ? this.#keys.holder(name)?.pid : undefined
  }

  refusal(name: NameTerm): Reason | undefined {
    checkKey('name', name)
    if (!this.unique) return { tag: 'duplicateKeys', registry: this.#registry.name }
    const pid = this.whereis(name)
    return pid === undefined ? this.full() : { tag: 'alreadyStarted', pid }
  }

  register(name: NameTerm, pid: Pid): void {
    checkKey('name', name)
    const process = recordOfPid(pid)
    if (process instanceof Process) this.add(process, name, null)
  }

  unregister(name: NameTerm): void {
    checkKey('name', name)
    for (const registration of this.#keys.all(name)) {
      this.#drop(registration)
      this.#rest(registration.process)
    }
  }

  /** Why no entry can be added; undefined: one can. */
  full(): Reason | undefined {
    const max = runtimeLimits.registryEntriesMax
    return this.#size < max ? undefined : { tag: 'systemLimit', limit: 'registryEntries', max }
  }

  /** Registers a live process under a key that is free to it. */
  add(process: Process, key: NameKey, value: unknown): void {
    const owner = this.#ownerOf(process)
    const registration: Registration = { process, pid: process.pid, key, value }
    owner.registrations.add(registration)
    this.#keys.add(registration)
    this.#size++
    if (owner.linked || process === this.#registry || process.links?.has(this.#registry.pid)) return
    linkLocal(process, this.#registry)
    owner.linked = true
  }

  /** Removes what `process` has under `key`. */
  remove(process: Process, key: NameKey): void {
    const owner = this.#owners.get(process)
    if (owner === undefined) return
    const entry = this.entryOf(process, key)
    // A topic may have far more subscribers than a process has topics.
    const held = this.unique ? (entry === undefined ? [] : [entry]) : [...owner.registrations]
    for (const registration of held) if (registration.key === key) this.#drop(registration)
    this.#rest(process)
  }

  lookup(key: NameKey): RegistryEntry[] {
    return this.#keys.all(key).map(({ pid, value }) => ({ pid, value }))
  }

  /** The entry of a unique key, if `process` has it. */
  entryOf(process: Process, key: NameKey): Registration | undefined {
    const registration = this.#keys.holder(key)
    return registration?.process === process ? registration : undefined
  }

  keysOf(process: Process): NameKey[] {
    return [...(this.#owners.get(process)?.registrations ?? [])].map(({ key }) => key)
  }

  #ownerOf(process: Process): Owner {
    const known = this.#owners.get(process)
    if (known !== undefined) return known
    const owner: Owner = { registrations: new Set(), linked: false }
    this.#owners.set(process, owner)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      this.#owners.delete(process)
      for (const registration of owner.registrations) {
        this.#keys.remove(registration)
        this.#size--
      }
    })
    return owner
  }

  #drop(registration: Registration): void {
    this.#owners.get(registration.process)?.registrations.delete(registration)
    this.#keys.remove(registration)
    this.#size--
  }

  /** A process without a key left has nothing to do with the registry any more. */
  #rest(process: Process): void {
    const owner = this.#owners.get(process)
    if (owner === undefined || !owner.linked || owner.registrations.size > 0) return
    owner.linked = false
    unlink(process, this.#registry.pid)
  }
}

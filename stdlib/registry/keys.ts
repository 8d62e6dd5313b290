/**
 * The two kinds of keys of a registry: those one process may have, and those any number may have,
 * one process even several times. Each finds, adds and removes an entry at a cost that does not
 * grow with the others.
 */
import type { NameKey, Pid } from '../../runtime/index.ts'
import type { Process } from '../../runtime/kernel.ts'

export type Registration = {
  readonly process: Process
  readonly pid: Pid
  readonly key: NameKey
  value: unknown
}

export interface KeyTable {
  /** Who alone has `key`; undefined where several could. */
  holder(key: NameKey): Registration | undefined
  /** All entries of `key`, oldest first, in an array of the caller's own. */
  all(key: NameKey): Registration[]
  add(registration: Registration): void
  remove(registration: Registration): void
}

export class UniqueKeys implements KeyTable {
  readonly #entries = new Map<NameKey, Registration>()

  holder(key: NameKey): Registration | undefined {
    return this.#entries.get(key)
  }

  all(key: NameKey): Registration[] {
    const entry = this.#entries.get(key)
    return entry === undefined ? [] : [entry]
  }

  add(registration: Registration): void {
    this.#entries.set(registration.key, registration)
  }

  remove({ key }: Registration): void {
    this.#entries.delete(key)
  }
}

export class DuplicateKeys implements KeyTable {
  readonly #entries = new Map<NameKey, Set<Registration>>()

  holder(): undefined {
    return undefined
  }

  all(key: NameKey): Registration[] {
    return [...(this.#entries.get(key) ?? [])]
  }

  add(registration: Registration): void {
    const entries = this.#entries.get(registration.key)
    if (entries === undefined) this.#entries.set(registration.key, new Set([registration]))
    else entries.add(registration)
  }

  remove(registration: Registration): void {
    const entries = this.#entries.get(registration.key)
    entries?.delete(registration)
    if (entries?.size === 0) this.#entries.delete(registration.key)
  }
}

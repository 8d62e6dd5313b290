/**
 * Registries behind `via` names (rule N5): what one must be able to do, and the table of those that
 * run on a node. A registry answers at once, from what this node knows: a name is resolved on the
 * sender's stack, like a local one. The pid it gives may be of any node, so that a registry of the
 * whole cluster fits the same four functions.
 *
 * Difference from OTP: a registry does not send. Sending to a name is `whereis` and a send to the
 * pid, here as for every other name, so that order and failures are the same for all of them.
 */
import { show } from './check.ts'
import type { NameTerm, ViaName } from './destination.ts'
import type { Reason } from './exit.ts'
import type { Pid } from './identifier.ts'

/** For a term that a registry does not take as a name `whereis` has nobody, the others throw. */
export interface NameRegistry {
  /** Who has the name now. Never throws: timers ask too, long after a name was made. */
  whereis(name: NameTerm): Pid | undefined
  /** Why `name` cannot be given just now; undefined: it can (OTP's `yes`). */
  refusal(name: NameTerm): Reason | undefined
  /** Gives the name to a live process of this node. Call it only where `refusal` has none. */
  register(name: NameTerm, pid: Pid): void
  /** Takes the name from whoever has it here; nothing happens when nobody does. */
  unregister(name: NameTerm): void
}

export class NameRegistries {
  readonly #running = new Map<string, NameRegistry>()

  find(registry: string): NameRegistry | undefined {
    return this.#running.get(registry)
  }

  /** False when a registry of that name runs already. */
  open(name: string, registry: NameRegistry): boolean {
    if (this.#running.has(name)) return false
    this.#running.set(name, registry)
    return true
  }

  close(name: string): void {
    this.#running.delete(name)
  }

  /** Who has a via name; undefined also when its registry does not run. */
  whereis(via: ViaName): Pid | undefined {
    return this.#running.get(via.registry)?.whereis(via.name)
  }

  /** Why a process cannot start under a via name; undefined: it can. */
  refusal({ registry, name }: ViaName): Reason | undefined {
    const running = this.#running.get(registry)
    return running === undefined ? { tag: 'noRegistry', registry } : running.refusal(name)
  }

  register({ registry, name }: ViaName, pid: Pid): void {
    this.#running.get(registry)?.register(name, pid)
  }
}

/** A via name as messages show it. */
export function showVia({ registry, name }: ViaName): string {
  return `${show(name)} in registry '${registry}'`
}

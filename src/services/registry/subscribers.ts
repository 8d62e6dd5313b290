/**
 * Who hears of services. As `Subscriptions` of membership, and whoever wants one name costs nothing
 * when another one changes: proxies do, and there may be thousands of them.
 *
 * Invariants: a process is subscribed once or not at all, and forgotten when it ends; a filter or a
 * predicate that ends a process, and so its names, changes nobody's order of events.
 */
import { deliver, type Process, reasonOfThrown, terminate } from '../../../runtime/kernel.ts'
import type { ResyncMessage } from '../../membership/index.ts'
import type { Wanted } from './filter.ts'
import type { ServiceEvent } from './instance.ts'

export class Subscribers {
  readonly #wanted = new Map<Process, Wanted>()
  /** Those that want one name, by the text of its key. */
  readonly #byName = new Map<string, Set<Process>>()
  /** The others. */
  readonly #some = new Map<Process, Extract<Wanted, { readonly tag: 'some' }>>()
  /** Those that will be forgotten when they end, subscribed or not. */
  readonly #watched = new WeakSet<Process>()
  /** What happened while something else was being told: everybody hears all in one order. */
  readonly #untold: (readonly [text: string, event: ServiceEvent])[] = []
  #telling = false

  /** From now on `process` hears what is `wanted`, in the place of what it wanted before. */
  add(process: Process, wanted: Wanted): void {
    if (!process.alive) return
    this.remove(process)
    this.#wanted.set(process, wanted)
    if (wanted.tag === 'some') this.#some.set(process, wanted)
    else {
      const all = this.#byName.get(wanted.text) ?? new Set()
      this.#byName.set(wanted.text, all.add(process))
    }
    if (this.#watched.has(process)) return
    this.#watched.add(process)
    process.exitHooks ??= []
    process.exitHooks.push(() => this.remove(process))
  }

  remove(process: Process): void {
    const wanted = this.#wanted.get(process)
    this.#wanted.delete(process)
    this.#some.delete(process)
    if (wanted?.tag !== 'one') return
    const all = this.#byName.get(wanted.text)
    all?.delete(process)
    if (all?.size === 0) this.#byName.delete(wanted.text)
  }

  get size(): number {
    return this.#wanted.size
  }

  /** Nobody would hear of the name with this key. */
  nobodyWants(text: string): boolean {
    return this.#some.size === 0 && !this.#byName.has(text)
  }

  tell(text: string, event: ServiceEvent): void {
    this.#untold.push([text, event])
    if (this.#telling) return
    this.#telling = true
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
        this.#tell(...next)
      }
    } finally {
      this.#telling = false
    }
  }

  #tell(text: string, event: ServiceEvent): void {
    const one = this.#byName.get(text)
    if (one !== undefined) for (const process of [...one]) deliver(process, event)
    if (this.#some.size === 0) return
    for (const [process, { wants }] of [...this.#some]) {
      if (isWanted(process, wants, event)) deliver(process, event)
    }
  }

  /** What was told since may have been missed. */
  resync(): void {
    const message: ResyncMessage = { tag: 'resync', source: 'services' }
    for (const process of [...this.#wanted.keys()]) deliver(process, message)
  }
}

/** A filter that throws is its subscriber's own mistake, and must not harm who tells. */
function isWanted(
  process: Process,
  wants: (name: ServiceEvent['name']) => boolean,
  { name }: ServiceEvent,
): boolean {
  try {
    return wants(name)
  } catch (error) {
    terminate(process, reasonOfThrown(error))
    return false
  }
}

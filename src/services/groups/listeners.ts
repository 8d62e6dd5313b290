/**
 * Who hears of the groups of one scope: monitors of the scope, which hear of all its groups, and
 * monitors of one group (OTP `pg:monitor_scope/1`, `pg:monitor/2`). They belong to the node, not to
 * a process of the system.
 *
 * Invariant: a monitor hears of every change after its first answer, once, in the order in which
 * this node's view of the scope changed; and nothing once it is taken back or its process ended.
 */
import type { Pid, Reference } from '../../../runtime/index.ts'
import { deliver, LocalReference, type Process } from '../../../runtime/kernel.ts'

export type GroupEvent = {
  readonly tag: 'groupJoin' | 'groupLeave'
  /** Of the monitor. */
  readonly ref: Reference
  readonly scope: string
  readonly group: unknown
  /** Who has come or gone; each as often as it has joined or left. */
  readonly pids: readonly Pid[]
}

/** `self.receive(isGroupEvent(ref))`: an event of that monitor, or of any without it. */
export function isGroupEvent(ref?: Reference): (message: unknown) => message is GroupEvent {
  return (message): message is GroupEvent => {
    if (typeof message !== 'object' || message === null) return false
    if (!('tag' in message && 'ref' in message)) return false
    const { tag, ref: of } = message
    return (tag === 'groupJoin' || tag === 'groupLeave') && (ref === undefined || of === ref)
  }
}

type Listener = { readonly ref: Reference; readonly process: Process; readonly key: string | null }

export class Listeners {
  readonly #byRef = new Map<Reference, Listener>()
  /** By group; those of the whole scope under null. */
  readonly #byKey = new Map<string | null, Set<Listener>>()
  /** Kept until the process ends, so that it has one exit hook. */
  readonly #byProcess = new Map<Process, Set<Listener>>()

  /** `key` is the group's; null for all. */
  add(process: Process, key: string | null): Reference {
    const ref = new LocalReference(process.system.refs)
    const listener = { ref, process, key }
    this.#byRef.set(ref, listener)
    const others = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, others.add(listener))
    this.#of(process).add(listener)
    return ref
  }

  /** False when `process` has no such monitor here. */
  remove(process: Process, ref: Reference): boolean {
    const listener = this.#byRef.get(ref)
    if (listener === undefined || listener.process !== process) return false
    this.#drop(listener)
    this.#byProcess.get(process)?.delete(listener)
    return true
  }

  tell(key: string, event: Omit<GroupEvent, 'ref'>): void {
    if (this.#byRef.size === 0) return
    const all = [...(this.#byKey.get(null) ?? []), ...(this.#byKey.get(key) ?? [])]
    for (const { process, ref } of all) deliver(process, { ...event, ref } satisfies GroupEvent)
  }

  clear(): void {
    this.#byRef.clear()
    this.#byKey.clear()
    for (const listeners of this.#byProcess.values()) listeners.clear()
  }

  #of(process: Process): Set<Listener> {
    const known = this.#byProcess.get(process)
    if (known !== undefined) return known
    const listeners = new Set<Listener>()
    this.#byProcess.set(process, listeners)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      this.#byProcess.delete(process)
      for (const listener of listeners) this.#drop(listener)
    })
    return listeners
  }

  #drop(listener: Listener): void {
    this.#byRef.delete(listener.ref)
    const others = this.#byKey.get(listener.key)
    others?.delete(listener)
    if (others?.size === 0) this.#byKey.delete(listener.key)
  }
}

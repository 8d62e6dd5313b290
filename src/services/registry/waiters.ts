/**
 * Who waits for the instances of a name to change. What it waits for is the waiter's own affair: it
 * is told that there is something to look at, and looks.
 *
 * Invariant: a process that has ended waits for nothing, however long it would have.
 */
import type { Process, System, Timeout } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'

/** One that waits, until it is closed. */
export class Wait {
  readonly #leave: (wait: Wait) => void
  readonly #timeout: Timeout
  #changed = false
  #over = false
  #wake: ((changed: boolean) => void) | undefined

  constructor(system: System, timeoutMs: number, leave: (wait: Wait) => void) {
    this.#leave = leave
    this.#timeout = system.timeouts.add(timeoutMs, () => this.#end())
  }

  /** True when something changed since it was asked last, false when the time is over. */
  next(): Promise<boolean> {
    if (this.#changed || this.#over) return Promise.resolve(this.#take())
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  changed(): void {
    this.#changed = true
    this.#tell()
  }

  close(): void {
    this.#wake = undefined
    this.#timeout.cancel()
    this.#leave(this)
  }

  #end(): void {
    this.#over = true
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    if (wake === undefined) return
    this.#wake = undefined
    wake(this.#take())
  }

  #take(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }
}

export class Waiters {
  readonly #system: System
  readonly #byName = new Map<string, Set<Wait>>()
  /** Kept until the process ends, so that it has one exit hook. */
  readonly #byProcess = new Map<Process, Set<Wait>>()
  #size = 0

  constructor(system: System) {
    this.#system = system
  }

  get size(): number {
    return this.#size
  }

  /**
   * Waits for changes under the key `text`, until `process` ends; null for host code. Undefined
   * when too many wait already.
   */
  open(text: string, timeoutMs: number, process: Process | null): Wait | undefined {
    if (this.#size >= limits.serviceWaitersMax) return undefined
    const all = this.#byName.get(text) ?? new Set()
    const own = process && this.#of(process)
    const wait = new Wait(this.#system, timeoutMs, (left) => {
      if (!all.delete(left)) return
      own?.delete(left)
      this.#size -= 1
      if (all.size === 0) this.#byName.delete(text)
    })
    this.#byName.set(text, all.add(wait))
    own?.add(wait)
    this.#size += 1
    return wait
  }

  changed(text: string): void {
    if (this.#size === 0) return
    for (const wait of [...(this.#byName.get(text) ?? [])]) wait.changed()
  }

  #of(process: Process): Set<Wait> {
    const known = this.#byProcess.get(process)
    if (known !== undefined) return known
    const waits = new Set<Wait>()
    this.#byProcess.set(process, waits)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      this.#byProcess.delete(process)
      for (const wait of [...waits]) wait.close()
    })
    return waits
  }
}

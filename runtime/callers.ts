/**
 * Who waits for which calls to other nodes. A caller that ends takes its calls back, so that
 * neither this node nor the server's keeps a call that nobody waits for, however long its timeout.
 *
 * Calls within the node need no such table: the server's answer finds the caller dead, and nothing
 * but the server's mailbox holds the call.
 */
import type { LocalCall } from './local-call.ts'
import type { Process } from './process.ts'

export class Callers {
  readonly #waiting = new Map<Process, Set<LocalCall>>()

  /** Processes that wait. */
  get size(): number {
    return this.#waiting.size
  }

  add(caller: Process, call: LocalCall): void {
    const calls = this.#waiting.get(caller)
    if (calls === undefined) this.#waiting.set(caller, new Set([call]))
    else calls.add(call)
  }

  remove(caller: Process, call: LocalCall): void {
    const calls = this.#waiting.get(caller)
    if (calls?.delete(call) && calls.size === 0) this.#waiting.delete(caller)
  }

  /** The calls of a process that has ended; it is forgotten. */
  take(caller: Process): Iterator<LocalCall> | null {
    const calls = this.#waiting.get(caller)
    if (calls === undefined) return null
    this.#waiting.delete(caller)
    return calls.values()
  }
}

/**
 * One offloaded call as it lies in the pool's mailbox: what to do, who wants it, and how it is
 * called off. Shared by the caller and the pool, which are on one node. Nothing but `abort` changes
 * it: the first abort counts, and whoever runs it hears of it at once.
 */
import type { Transferable } from 'node:worker_threads'
import type { Pid, Reason } from '../../runtime/index.ts'

export class Job {
  readonly task: string
  readonly arg: unknown
  readonly transfer: readonly Transferable[]
  /** The calling process; null for host code, which does not end. */
  readonly owner: Pid | null
  readonly #controller = new AbortController()
  #why: Reason | null = null

  constructor(task: string, arg: unknown, transfer: readonly Transferable[], owner: Pid | null) {
    this.task = task
    this.arg = arg
    this.transfer = transfer
    this.owner = owner
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Why it was called off; null while it is wanted. */
  get why(): Reason | null {
    return this.#why
  }

  abort(why: Reason): void {
    if (this.#why !== null) return
    this.#why = why
    this.#controller.abort()
  }
}

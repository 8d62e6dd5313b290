/** What replicas need of their node, and those of the program that run, found by caller. */
import type { Process } from '../../runtime/kernel.ts'
import type { ReplicaContext } from './table-replica.ts'

export class Replicas {
  readonly context: ReplicaContext
  readonly #running = new Map<string, Process>()

  constructor(context: ReplicaContext) {
    this.context = context
  }

  /** The process of the replica with this name. */
  find(name: string): Process | undefined {
    return this.#running.get(name)
  }

  /** Until the process ends. */
  add(name: string, process: Process): void {
    this.#running.set(name, process)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      if (this.#running.get(name) === process) this.#running.delete(name)
    })
  }
}

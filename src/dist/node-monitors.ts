/**
 * Who hears of the loss of one node (OTP `monitor_node/2`, rule D4): monitoring n times gives n
 * messages, each withdrawal takes one back, and the loss uses them all up.
 */
import type { NodeDownMessage } from '../../runtime/index.ts'
import { deliver, type Process } from '../../runtime/kernel.ts'

export class NodeMonitors {
  readonly #counts = new Map<string, Map<Process, number>>()
  /** Which nodes a process monitors, or did: it is forgotten there when it ends. */
  readonly #watched = new Map<Process, Set<string>>()

  add(process: Process, node: string): void {
    let nodes = this.#watched.get(process)
    if (nodes === undefined) {
      nodes = new Set()
      this.#watched.set(process, nodes)
      process.exitHooks ??= []
      process.exitHooks.push(() => this.#ended(process))
    }
    nodes.add(node)
    const counts = this.#counts.get(node) ?? new Map<Process, number>()
    this.#counts.set(node, counts)
    counts.set(process, (counts.get(process) ?? 0) + 1)
  }

  /** Takes one back, if there is one. */
  remove(process: Process, node: string): void {
    const counts = this.#counts.get(node)
    const count = counts?.get(process) ?? 0
    if (count > 1) counts?.set(process, count - 1)
    else this.#forget(process, node)
  }

  /** Tells of a loss, a message per step. Those who monitor from now on wait for the next one. */
  losses(message: NodeDownMessage): Generator<() => void> {
    const counts = this.#counts.get(message.node)
    this.#counts.delete(message.node)
    return this.#tellings(counts ?? new Map(), message)
  }

  *#tellings(
    counts: ReadonlyMap<Process, number>,
    message: NodeDownMessage,
  ): Generator<() => void> {
    const { node } = message
    for (const [process, count] of counts) {
      for (let copy = 0; copy < count; copy++) yield () => deliver(process, message)
      if (!this.#counts.get(node)?.has(process)) this.#watched.get(process)?.delete(node)
    }
  }

  #forget(process: Process, node: string): void {
    const counts = this.#counts.get(node)
    if (counts?.delete(process) && counts.size === 0) this.#counts.delete(node)
    this.#watched.get(process)?.delete(node)
  }

  #ended(process: Process): void {
    for (const node of this.#watched.get(process) ?? []) this.#forget(process, node)
    this.#watched.delete(process)
  }
}

/**
 * Who hears of the loss of one node (OTP `monitor_node/2`, rule D4): monitoring n times gives n
 * messages, each withdrawal takes one back, and the loss uses them all up.
 */
import type { NodeDownMessage } from '../../runtime/index.ts'
import { deliver, type Process } from '../../runtime/kernel.ts'

export class NodeMonitors {
  readonly #counts = new Map<Process, Map<string, number>>()

  add(process: Process, node: string): void {
    let counts = this.#counts.get(process)
    if (counts === undefined) {
      counts = new Map()
      this.#counts.set(process, counts)
      process.exitHooks ??= []
      process.exitHooks.push(() => this.#counts.delete(process))
    }
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }

  /** Takes one back, if there is one. */
  remove(process: Process, node: string): void {
    const counts = this.#counts.get(process)
    const count = counts?.get(node) ?? 0
    if (count > 1) counts?.set(node, count - 1)
    else counts?.delete(node)
  }

  tell(message: NodeDownMessage): void {
    for (const [process, counts] of [...this.#counts]) {
      const count = counts.get(message.node) ?? 0
      counts.delete(message.node)
      for (let copy = 0; copy < count; copy++) deliver(process, message)
    }
  }
}

/**
 * Who hears of nodes coming and going (OTP `net_kernel:monitor_nodes/1`, rule D5): subscribing n
 * times gives n copies, unsubscribing once cancels all. Told synchronously by the router, because
 * `nodeup` must be in a subscriber's mailbox before the first signal of the channel.
 */
import type { NodeDownMessage, NodeUpMessage } from '../../runtime/index.ts'
import { deliver, type Process, type System } from '../../runtime/kernel.ts'

export class Subscribers {
  readonly #copies = new Map<Process, number>()
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  add(process: Process): void {
    const copies = this.#copies.get(process) ?? 0
    this.#copies.set(process, copies + 1)
    if (copies > 0) return
    process.exitHooks ??= []
    process.exitHooks.push(() => this.#copies.delete(process))
  }

  remove(process: Process): void {
    this.#copies.delete(process)
  }

  tell(message: NodeUpMessage | NodeDownMessage): void {
    if (this.#system.trace.active) this.#system.trace.log('info', message.tag, { ...message })
    for (const [process, copies] of [...this.#copies]) {
      for (let copy = 0; copy < copies; copy++) deliver(process, message)
    }
  }
}

/**
 * Who hears of nodes coming and going (OTP `net_kernel:monitor_nodes/2`, rule D5): subscribing n
 * times gives n copies, unsubscribing once cancels all of that kind. Of a node that comes all are
 * told at once, because `nodeup` must be in a subscriber's mailbox before the first signal of the
 * channel.
 */
import type { NodeDownMessage, NodeUpMessage } from '../../runtime/index.ts'
import { deliver, type Process, type System } from '../../runtime/kernel.ts'

/** Which connections: those of nodes that hide, those of all others, or both. */
export type NodeKind = 'visible' | 'hidden' | 'connected'

export const nodeKinds: readonly NodeKind[] = ['visible', 'hidden', 'connected']

export function isOfKind(hidden: boolean, kind: NodeKind): boolean {
  return kind === 'connected' || (kind === 'hidden') === hidden
}

export class Subscribers {
  readonly #copies = new Map<Process, Map<NodeKind, number>>()
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  add(process: Process, kind: NodeKind): void {
    let copies = this.#copies.get(process)
    if (copies === undefined) {
      copies = new Map()
      this.#copies.set(process, copies)
      process.exitHooks ??= []
      process.exitHooks.push(() => this.#copies.delete(process))
    }
    copies.set(kind, (copies.get(kind) ?? 0) + 1)
  }

  remove(process: Process, kind: NodeKind): void {
    this.#copies.get(process)?.delete(kind)
  }

  tellUp(node: string, hidden: boolean): void {
    const message: NodeUpMessage = { tag: 'nodeup', node }
    this.#log(message)
    for (const tell of [...this.#tellings(message, hidden)]) tell()
  }

  /** Tells of a loss, a message per step. */
  *losses(message: NodeDownMessage, hidden: boolean): Generator<() => void> {
    this.#log(message)
    yield* this.#tellings(message, hidden)
  }

  *#tellings(message: NodeUpMessage | NodeDownMessage, hidden: boolean): Generator<() => void> {
    for (const [process, copies] of [...this.#copies]) {
      for (const [kind, count] of [...copies]) {
        if (!isOfKind(hidden, kind)) continue
        for (let copy = 0; copy < count; copy++) yield () => deliver(process, message)
      }
    }
  }

  #log(message: NodeUpMessage | NodeDownMessage): void {
    if (this.#system.trace.active) this.#system.trace.log('info', message.tag, { ...message })
  }
}

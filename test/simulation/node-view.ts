/**
 * One incarnation of a node as the run sees it: which nodes it is connected with, how often it has
 * lost each, and which of its channels to a node a signal sent now will use.
 *
 * Invariant: two signals to one node have the same epoch exactly when they were given to the same
 * channel, or waited together for one. A nodedown ends an epoch, and so does a failed attempt to
 * connect, which no event tells; therefore the first send of an epoch asks the router to be told.
 */
import type { TraceEvent } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import { Router } from '../../src/dist/router.ts'

export class NodeView {
  readonly name: string
  /** `name#boot`. */
  readonly key: string
  readonly up = new Set<string>()
  readonly #downs = new Map<string, number>()
  readonly #epochs = new Map<string, number>()
  readonly #asked = new Set<string>()

  constructor(name: string, boot: number) {
    this.name = name
    this.key = `${name}#${boot}`
  }

  downsOf(peer: string): number {
    return this.#downs.get(peer) ?? 0
  }

  allDowns(): Map<string, number> {
    return new Map(this.#downs)
  }

  onTrace(event: TraceEvent): void {
    if (event.tag === 'nodeup') this.up.add(event.node)
    if (event.tag !== 'nodedown') return
    this.up.delete(event.node)
    this.#downs.set(event.node, this.downsOf(event.node) + 1)
    this.#endEpoch(event.node)
  }

  epochOf(system: System, peer: string): number {
    const { route } = system
    if (peer === this.name || !(route instanceof Router)) return 0
    const state = route.stateOf(peer)
    // Read before asking: the answer may be no at once, and then this very signal is lost.
    const epoch = this.#epochs.get(peer) ?? 0
    if (state !== 'up' && !this.#asked.has(peer)) {
      this.#asked.add(peer)
      route.connect(peer, (up) => {
        this.#asked.delete(peer)
        if (!up) this.#endEpoch(peer)
      })
    }
    // What is sent while a channel is being taken down waits for the next one.
    return epoch + (state === 'closing' ? 1 : 0)
  }

  #endEpoch(peer: string): void {
    this.#epochs.set(peer, (this.#epochs.get(peer) ?? 0) + 1)
  }
}

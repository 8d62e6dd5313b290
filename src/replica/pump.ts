/**
 * Carries what is cut in parts to those who want it: as fast as each may be sent, again when a part
 * finds no room, and no further when nothing is acknowledged for `replicaSendStalledMs`.
 */
import { limits } from '../limits.ts'
import type { Link } from './link.ts'

export type PartSource<Part> = {
  /** There is more for `peer`. */
  has(peer: string): boolean
  /** Undefined: not now. */
  next(peer: string): Part | undefined
  drop(peer: string): void
}

/** Until what found no room is sent again. */
const busyMs = 250

export class Pump<Part> {
  readonly #link: Link
  readonly #source: PartSource<Part>
  readonly #encode: (part: Part) => unknown
  /** Parts that found no room. */
  readonly #unsent = new Map<string, unknown>()

  constructor(link: Link, source: PartSource<Part>, encode: (part: Part) => unknown) {
    this.#link = link
    this.#source = source
    this.#encode = encode
  }

  /** Sends `node` what it may have now. */
  run(node: string): void {
    const { timers } = this.#link
    while (this.#hasMore(node)) {
      const part = this.#next(node)
      if (part === undefined) break
      const waitMs = this.#link.takeOrWaitMs(node, 'part')
      const told = waitMs > 0 ? 'busy' : this.#link.tell(node, part)
      if (told === 'noChannel') {
        this.drop(node)
        return
      }
      if (told === 'busy') {
        this.#unsent.set(node, part)
        this.#later(node, Math.max(waitMs, busyMs))
        break
      }
      this.#link.count('part_sent')
    }
    if (!this.#hasMore(node)) timers.cancel(`stalled ${node}`)
    else timers.set(`stalled ${node}`, { tag: 'stalled', node }, limits.replicaSendStalledMs)
  }

  drop(node: string): void {
    this.#source.drop(node)
    this.#unsent.delete(node)
    this.#link.timers.cancel(`send ${node}`)
    this.#link.timers.cancel(`stalled ${node}`)
  }

  #hasMore(node: string): boolean {
    return this.#source.has(node) || this.#unsent.has(node)
  }

  #next(node: string): unknown {
    const unsent = this.#unsent.get(node)
    this.#unsent.delete(node)
    if (unsent !== undefined) return unsent
    const part = this.#source.next(node)
    return part === undefined ? undefined : this.#encode(part)
  }

  #later(node: string, afterMs: number): void {
    this.#link.timers.set(`send ${node}`, { tag: 'send', node }, afterMs)
  }
}

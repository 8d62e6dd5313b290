/**
 * A broadcast as the HyParView paper measures it: whoever gets the message for the first time
 * passes it on to its whole active view but the sender (fanout 4 with five peers). A peer found
 * dead at the sending is reported to the membership rule at once, and what the rule puts in its
 * place gets the message too: the sender has it still, and a link that comes up while a message is
 * under way carries it. Message by message, each to its end, before the next membership cycle.
 */
import type { LightEngine } from './engine.ts'
import type { MembershipLayer } from './membership-layer.ts'

export type FloodResult = {
  /** Living nodes that have the message, the source included. */
  readonly reached: number
  /** Hops to the last of them. */
  readonly lastHop: number
  /** Copies sent, those to the dead included. */
  readonly copies: number
}

export class Flood {
  readonly #engine: LightEngine
  readonly #membership: MembershipLayer
  /** By node: the last round that reached it, its hops in it, and who sent it. */
  readonly #rounds: Int32Array
  readonly #hops: Int32Array
  readonly #senders: Int32Array
  readonly #queue: Int32Array
  /** By node: the version of the overlay for which its reach is known, and the reach. */
  readonly #knownAt: Int32Array
  readonly #known: Int32Array
  #round = 0
  #length = 0
  /** Whether the last flood found a dead peer. */
  #lost = false

  constructor(engine: LightEngine, membership: MembershipLayer) {
    this.#engine = engine
    this.#membership = membership
    this.#rounds = new Int32Array(engine.size)
    this.#hops = new Int32Array(engine.size)
    this.#senders = new Int32Array(engine.size)
    this.#queue = new Int32Array(engine.size)
    this.#knownAt = new Int32Array(engine.size).fill(-1)
    this.#known = new Int32Array(engine.size)
  }

  /**
   * How many a message from `source` reaches. A flood that found nobody dead changed nothing, so
   * until the overlay changes a message from any node that it reached, and that reaches back, ends
   * as it did: the same nodes, counted without sending.
   */
  reach(source: number): number {
    const version = this.#version
    if (this.#knownAt[source] === version) return this.#known[source]!
    const { reached } = this.run(source)
    if (this.#lost || this.#version !== version || !this.#isMutual()) return reached
    for (let at = 0; at < reached; at++) {
      const node = this.#queue[at]!
      this.#knownAt[node] = version
      this.#known[node] = reached
    }
    return reached
  }

  run(source: number): FloodResult {
    const engine = this.#engine
    this.#round++
    this.#length = 0
    this.#arrive(source, -1, 0)
    const links: number[] = []
    const follower = this.#membership.onUp
    this.#membership.onUp = (node, peer) => {
      links.push(node, peer)
      follower?.(node, peer)
    }
    let copies = 0
    let lost = false
    this.#lost = false
    for (let head = 0; head < this.#length; ) {
      const node = this.#queue[head++]!
      for (const peer of this.#membership.active(node)) {
        if (peer === this.#senders[node]) continue
        copies++
        if (engine.alive(peer)) {
          this.#arrive(peer, node, this.#hops[node]! + 1)
        } else {
          engine.failChannel(node, peer)
          lost = true
          this.#lost = true
        }
      }
      if (lost && head === this.#length) {
        lost = false
        engine.settle()
        copies += this.#along(links.splice(0))
      }
    }
    this.#membership.onUp = follower
    let lastHop = 0
    for (let at = 0; at < this.#length; at++) {
      lastHop = Math.max(lastHop, this.#hops[this.#queue[at]!]!)
    }
    return { reached: this.#length, lastHop, copies }
  }

  /** Of the overlay and of who lives in it. */
  get #version(): number {
    return this.#membership.version + this.#engine.fates
  }

  /** Whether all edges of the nodes just reached go both ways. */
  #isMutual(): boolean {
    const membership = this.#membership
    for (let at = 0; at < this.#length; at++) {
      const node = this.#queue[at]!
      for (const peer of membership.active(node)) {
        if (!membership.active(peer).includes(node)) return false
      }
    }
    return true
  }

  #has(node: number): boolean {
    return this.#rounds[node] === this.#round
  }

  #arrive(node: number, sender: number, hops: number): void {
    if (this.#has(node)) return
    this.#rounds[node] = this.#round
    this.#senders[node] = sender
    this.#hops[node] = hops
    this.#queue[this.#length++] = node
  }

  /** Links that came up, as pairs of node and peer: they carry the message on. */
  #along(links: readonly number[]): number {
    let copies = 0
    for (let at = 0; at < links.length; at += 2) {
      const node = links[at]!
      const peer = links[at + 1]!
      if (!this.#has(node) || this.#has(peer) || !this.#engine.alive(peer)) continue
      copies++
      this.#arrive(peer, node, this.#hops[node]! + 1)
    }
    return copies
  }
}

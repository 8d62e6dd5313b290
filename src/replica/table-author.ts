/**
 * The own table of a replica, as others see it: its changes are told to all, at once and then every
 * `flushEveryMs`, and those who ask are sent what they lack.
 *
 * What is told to all is applied by direct neighbours alone, and is a hint for everybody else; when
 * it is long it only says that there is something to ask for.
 */

import type { Head } from '../crdt/table.ts'
import { compareHlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'
import type { Link } from './link.ts'
import { Pump } from './pump.ts'
import { Batch, Sends } from './sends.ts'
import { type Chunk, encodeDelta, encodeMessage, type WireOp } from './table-message.ts'
import type { TableOps } from './table-ops.ts'
import type { TableState } from './table-state.ts'

export class TableAuthor<Value> {
  readonly #link: Link
  readonly #node: string
  readonly #flushEveryMs: number
  readonly #state: TableState<Value>
  readonly #ops: TableOps<Value>
  readonly #sends: Sends<Value>
  /** Carries the answers. */
  readonly pump: Pump<Chunk>
  #flushedMs = Number.NEGATIVE_INFINITY
  #flushing = false

  constructor(
    link: Link,
    node: string,
    flushEveryMs: number,
    state: TableState<Value>,
    ops: TableOps<Value>,
  ) {
    this.#link = link
    this.#node = node
    this.#flushEveryMs = flushEveryMs
    this.#state = state
    this.#ops = ops
    this.#sends = new Sends(state.own, ops.encode)
    this.pump = new Pump(link, this.#sends, encodeMessage)
  }

  get head(): Head {
    return this.#state.own.head
  }

  /** The table has changed: tells all, now or soon. */
  changed(): void {
    if (this.#flushing) return
    const restMs = this.#flushedMs + this.#flushEveryMs - this.#link.nowMs
    if (restMs <= 0) this.flush()
    else {
      this.#flushing = true
      this.#link.timers.set('flush', { tag: 'flush' }, restMs)
    }
  }

  flush(): void {
    this.#flushing = false
    const { own, told } = this.#state
    if (own.version === told) return
    this.#flushedMs = this.#link.nowMs
    this.#announce(told, this.#changesSince(told))
  }

  /** Tells all where the table is; who has something else asks. */
  announce(): void {
    if (this.#state.own.version > 0) this.#announce(this.#state.own.version, undefined)
  }

  /** `node` asks for what it lacks. */
  asked(node: string, id: number, head: Head | undefined): void {
    if (!this.#link.admits(node, 'ask')) return
    this.pump.drop(node)
    if (this.#sends.begin(node, id, head)) this.pump.run(node)
    else this.#link.tell(node, encodeMessage({ tag: 'refused', id }))
  }

  acknowledged(node: string, id: number, seq: number): void {
    if (this.#sends.heard(node, id, seq)) this.pump.run(node)
  }

  /**
   * `from` has seen this node's table at `head`. One of an earlier run of this node with a greater
   * epoch would pass for newer than all that this run says.
   */
  shown(from: string, head: Head): void {
    const { own, clock } = this.#state
    if (own.hasHad(head.epoch) || compareHlc(head.epoch, own.head.epoch) <= 0) return
    if (!this.#link.admits(from, 'renew')) return
    const epoch = clock.update(head.epoch)
    if (epoch === undefined) this.#link.count('epoch_refused', from)
    else {
      own.renew(epoch)
      this.announce()
    }
  }

  #announce(from: number, ops: readonly WireOp[] | undefined): void {
    this.#state.told = this.#state.own.version
    // Whoever becomes a neighbour compares.
    if (this.#link.peers.size === 0) return
    const { head } = this
    this.#link.publish(encodeDelta({ node: this.#node, from, head, ...(ops && { ops }) }))
    this.#link.count('delta_sent')
  }

  #changesSince(version: number): readonly WireOp[] | undefined {
    const { own } = this.#state
    if (!own.remembers(version)) return undefined
    if (own.version - version > limits.replicaChunkOpsMax) return undefined
    const batch = new Batch(this.#ops.encode, limits.replicaDeltaMaxBytes)
    for (const [, op] of own.since(version)) {
      if (op !== undefined && !batch.add(op)) return undefined
    }
    return batch.ops
  }
}

/**
 * What a replica knows of the tables of others: asks authors, takes what they answer, and lets go
 * of authors that are down.
 *
 * Invariants: a copy is asked for, filled, or emptied, never two of them; nothing of an author is
 * taken while it is not a member here. A copy that is not whole is asked for, or will be.
 */

import type { Head } from '../crdt/table.ts'
import type { TableCopy } from '../crdt/table-copy.ts'
import { isNews } from '../crdt/table-digest.ts'
import type { Router } from '../dist/index.ts'
import { limits } from '../limits.ts'
import type { Link } from './link.ts'
import { type PullAction, Pulls } from './pulls.ts'
import {
  type Chunk,
  type Delta,
  encodeMessage,
  type NamedHead,
  type WireOp,
} from './table-message.ts'
import type { TableOps } from './table-ops.ts'
import type { ReplicaContext, TableSpec } from './table-replica.ts'
import type { Gone, TableState } from './table-state.ts'
import { verdictOnChunk, verdictOnDelta } from './table-verdict.ts'

/** News are gathered for so long before neighbours are told. */
const newsDelayMs = 50

export class TableReader<Value> {
  readonly #link: Link
  readonly #router: Router
  readonly #state: TableState<Value>
  readonly #ops: TableOps<Value>
  readonly #onChange: TableSpec<Value>['onChange']
  readonly #pulls: Pulls
  /** Members that are up here, this node apart. */
  readonly #alive = new Set<string>()
  /** Copies that are being rid of what their author has no more, with the last of its entries. */
  readonly #sweeps = new Map<string, Chunk>()
  /** What was heard of authors while they were being asked. */
  readonly #hinted = new Map<string, Head>()
  /** Authors of which somebody knew more than we do: others may not know either. */
  readonly #spreads = new Set<string>()
  readonly #news = new Set<string>()
  #working = false

  constructor(
    link: Link,
    context: ReplicaContext,
    spec: TableSpec<Value>,
    state: TableState<Value>,
    ops: TableOps<Value>,
  ) {
    const { system, dist, options } = context
    const { random } = system.platform
    this.#link = link
    this.#router = dist.router
    this.#state = state
    this.#ops = ops
    this.#onChange = spec.onChange
    const isKnown = (node: string): boolean =>
      dist.router.channel(node) !== undefined || state.copies.get(node)?.settled === true
    this.#pulls = new Pulls({ ...options, random, isKnown }, Math.floor(random.unit() * 2 ** 40))
  }

  /** All members that are up, as the member list has them now; `gone` says why others are not. */
  reconcile(alive: ReadonlySet<string>, gone: (node: string) => Gone): void {
    for (const node of this.#alive) if (!alive.has(node)) this.down(gone(node))
    const { copies, clearing } = this.#state
    for (const node of [...copies.nodes()]) {
      if (!alive.has(node) && !clearing.has(node)) this.#clear(gone(node))
    }
    for (const node of alive) this.up(node)
    for (const node of alive) {
      const copy = copies.get(node)
      if (copy?.settled === false) this.#want(node)
    }
    if (clearing.size > 0) this.#work()
  }

  up(node: string): void {
    if (this.#alive.has(node)) return
    this.#alive.add(node)
    if (this.#state.missed.delete(node)) this.#want(node)
  }

  down(gone: Gone): void {
    const { node } = gone
    this.#alive.delete(node)
    this.#forget(node)
    const copy = this.#state.copies.get(node)
    if (copy === undefined) return
    this.#miss(node)
    this.#clear(gone)
  }

  /** Somebody says that this author is at `head`. */
  hint({ node, head }: NamedHead, spreads: boolean): void {
    if (!this.#alive.has(node)) this.#miss(node)
    else if (isNews(this.headOf(node), head)) {
      this.#hinted.set(node, head)
      if (spreads) this.#spreads.add(node)
      this.#want(node)
    }
  }

  /** Ask that author, whatever is known. */
  ask(node: string): void {
    if (this.#alive.has(node)) this.#want(node)
    else this.#miss(node)
  }

  /** The author has said so itself, on the channel of that `creation`. */
  delta(delta: Delta, creation: number): void {
    const { node, from, head, ops = [] } = delta
    if (!this.#alive.has(node) || this.#isBusy(node)) {
      this.hint(delta, false)
      return
    }
    const { copies } = this.#state
    const isFirst = copies.get(node) === undefined && from === 0 && delta.ops !== undefined
    const copy = isFirst ? this.#newCopy(node, creation, head) : copies.get(node)
    const verdict =
      copy?.creation === creation ? verdictOnDelta(this.headOf(node), delta) : 'refuse'
    if (copy === undefined || verdict === 'refuse') this.hint(delta, false)
    else if (verdict === 'advance') {
      copy.head = head
      this.#apply(node, copy, ops)
      this.#link.count('delta_applied')
    }
  }

  /** What is known of an author, when all of it is. */
  headOf(node: string): Head | undefined {
    const copy = this.#isBusy(node) ? undefined : this.#state.copies.get(node)
    return copy?.settled === true ? copy.head : undefined
  }

  *heads(): Generator<NamedHead> {
    for (const node of this.#state.copies.nodes()) {
      const head = this.headOf(node)
      if (head !== undefined) yield { node, head }
    }
  }

  /** There is a channel to an author that is to be asked, or there is none. */
  connected(node: string, id: number, up: boolean): void {
    if (this.#pulls.idOf(node) !== id) return
    const channel = this.#router.channel(node)
    const copy = this.#state.copies.get(node)
    const head = copy?.creation === channel?.creation ? copy?.head : undefined
    if (up && this.#link.tell(node, encodeMessage({ tag: 'pull', id, head })) === 'sent') {
      this.#link.count('pull_sent')
    } else this.#failed(node)
  }

  refused(node: string, id: number): void {
    if (this.#pulls.idOf(node) === id) this.#failed(node)
  }

  /** Part of an author's answer. */
  took(node: string, creation: number, chunk: Chunk): void {
    if (this.#pulls.idOf(node) !== chunk.id || this.#isBusy(node)) return
    const known = this.#state.copies.get(node)
    if (known !== undefined && known.creation !== creation) {
      this.#forget(node)
      this.#clear({ tag: 'restarted', node })
      return
    }
    this.#perform(this.#pulls.progress(node))
    this.#take(node, this.#state.copies.of(node, creation), chunk)
  }

  due(key: string): void {
    this.#perform(this.#pulls.due(key, this.#link.nowMs))
  }

  /** One step of what takes several. */
  work(): void {
    this.#working = false
    const { copies, clearing } = this.#state
    const [emptied] = clearing
    const [swept] = this.#sweeps
    if (emptied !== undefined) {
      const [node, gone] = emptied
      const copy = copies.get(node)
      if (copy === undefined || this.#swept(node, copy, gone)) {
        clearing.delete(node)
        copies.forget(node)
        if (this.#alive.has(node)) this.#want(node)
      }
    } else if (swept !== undefined) {
      const [node, chunk] = swept
      const copy = copies.get(node)
      if (copy === undefined || this.#swept(node, copy, undefined)) {
        this.#sweeps.delete(node)
        if (copy !== undefined) this.#advance(node, copy, chunk)
      }
    }
    if (clearing.size > 0 || this.#sweeps.size > 0) this.#work()
  }

  /** Neighbours hear what we have learned, for they may have missed it as we had. */
  tellNews(): void {
    const all: NamedHead[] = []
    for (const node of this.#news) {
      const head = this.headOf(node)
      if (head !== undefined) all.push({ node, head })
    }
    this.#news.clear()
    for (let at = 0; at < all.length; at += limits.replicaHeadsMax) {
      const heads = all.slice(at, at + limits.replicaHeadsMax)
      for (const peer of this.#link.peers)
        this.#link.tell(peer, encodeMessage({ tag: 'heads', heads }))
    }
  }

  #take(node: string, copy: TableCopy<Value>, chunk: Chunk): void {
    const verdict = verdictOnChunk(copy.head, chunk)
    if (verdict === 'refuse') {
      this.#link.count('malformed', node)
      copy.begin()
      this.#failed(node)
      return
    }
    if (verdict === 'begin') copy.begin()
    if (verdict !== 'skip') this.#apply(node, copy, chunk.ops)
    if (verdict === 'advance') this.#advance(node, copy, chunk)
    else if (chunk.kind === 'entries' && chunk.last) {
      this.#sweeps.set(node, chunk)
      this.#work()
    } else this.#acknowledge(node, chunk)
  }

  #advance(node: string, copy: TableCopy<Value>, chunk: Chunk): void {
    copy.head = chunk.head
    copy.settled = chunk.end
    this.#acknowledge(node, chunk)
  }

  #acknowledge(node: string, chunk: Chunk): void {
    const { id, seq, end } = chunk
    if (!end) {
      this.#link.tell(node, encodeMessage({ tag: 'ack', id, seq }))
      return
    }
    const hinted = this.#hinted.get(node)
    this.#hinted.delete(node)
    const isEnough = hinted === undefined || !isNews(this.headOf(node), hinted)
    if (this.#spreads.delete(node)) this.#spread(node)
    this.#perform(this.#pulls.done(node, isEnough, this.#link.nowMs))
  }

  #spread(node: string): void {
    if (this.#news.size === 0) this.#link.timers.set('news', { tag: 'news' }, newsDelayMs)
    this.#news.add(node)
  }

  #newCopy(node: string, creation: number, { epoch }: Head): TableCopy<Value> {
    const copy = this.#state.copies.of(node, creation)
    copy.head = { epoch, version: 0 }
    copy.settled = true
    return copy
  }

  #apply(node: string, copy: TableCopy<Value>, ops: readonly WireOp[]): void {
    const changed = this.#changed(node)
    let invalid = 0
    let full = 0
    for (const wire of ops) {
      const op = this.#ops.decode(wire)
      if (op === undefined) invalid += 1
      // What it was before is not true any more, either.
      const change = op ?? { tag: 'remove', key: wire[0], cause: undefined }
      if (copy.apply(change, changed) === 'full') full += 1
    }
    this.#link.count('invalid', node, invalid)
    this.#link.count('full', node, full)
  }

  #changed(node: string) {
    return (key: string, before?: Value, after?: Value, cause?: unknown): void => {
      this.#onChange({
        node,
        key,
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
        ...(cause !== undefined && { cause }),
      })
    }
  }

  #swept(node: string, copy: TableCopy<Value>, cause: Gone | undefined): boolean {
    return copy.sweep(limits.replicaSweepMax, cause, this.#changed(node))
  }

  /** All entries of a node go, step by step. */
  #clear(gone: Gone): void {
    const { node } = gone
    this.#sweeps.delete(node)
    const copy = this.#state.copies.get(node)
    if (copy === undefined || this.#state.clearing.has(node)) return
    copy.begin()
    this.#state.clearing.set(node, gone)
    this.#work()
  }

  #work(): void {
    if (!this.#working) this.#link.post({ tag: '$work' })
    this.#working = true
  }

  #isBusy(node: string): boolean {
    return this.#state.clearing.has(node) || this.#sweeps.has(node)
  }

  #want(node: string): void {
    if (this.#state.clearing.has(node)) return
    this.#perform(this.#pulls.want(node, this.#link.nowMs))
  }

  #failed(node: string): void {
    this.#link.count('pull_failed', node)
    this.#perform(this.#pulls.failed(node, this.#link.nowMs))
  }

  #miss(node: string): void {
    const { missed } = this.#state
    missed.add(node)
    if (missed.size <= limits.replicaMissedMax) return
    const [oldest] = missed
    if (oldest !== undefined) missed.delete(oldest)
  }

  #forget(node: string): void {
    this.#hinted.delete(node)
    this.#spreads.delete(node)
    this.#news.delete(node)
    this.#perform(this.#pulls.forget(node, this.#link.nowMs))
  }

  #perform(actions: readonly PullAction[]): void {
    for (const action of actions) {
      if (action.tag === 'ask') this.#connect(action.node, action.id)
      else if (action.tag === 'cancel') this.#link.timers.cancel(action.key)
      else this.#link.timers.set(action.key, { tag: 'pull', key: action.key }, action.afterMs)
    }
  }

  /** What is heard from here on is not answered by this question. */
  #connect(node: string, id: number): void {
    this.#hinted.delete(node)
    this.#router.connect(node, (up) => this.#link.post({ tag: '$asked', node, id, up }))
  }
}

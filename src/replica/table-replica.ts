/**
 * A table that every node of the cluster has a copy of, and in which each node writes entries of
 * its own alone: what the cluster's registry, global names and groups are built on. Decision record
 * 0011 tells why it is so.
 *
 * Invariants: what a node is said to have put, it has said itself, over its own channel; what it
 * has removed does not come back; when it is down or has left (`memberDown`), its entries go. The
 * tables belong to the node, not to the process that carries them (`table-server.ts`), which may
 * crash and loses nothing.
 */
import { BadArgument, type Module, type Reason } from '../../runtime/index.ts'
import { prepare, type System, show } from '../../runtime/kernel.ts'
import { type ChildSpec, child } from '../../stdlib/index.ts'
import type { Broadcasting } from '../broadcast/index.ts'
import { Table } from '../crdt/table.ts'
import { TableCopies } from '../crdt/table-copy.ts'
import type { Dist } from '../dist/index.ts'
import { HlcClock } from '../hlc/index.ts'
import { limits } from '../limits.ts'
import type { MemberList } from '../members/index.ts'
import type { Overlay } from '../membership/index.ts'
import type { Metrics } from '../metrics/index.ts'
import type { ReplicaOptions } from './options.ts'
import { tableModule } from './table-server.ts'
import type { TableState } from './table-state.ts'
import { entryBytes } from './table-weight.ts'

export type ReplicaContext = {
  readonly system: System
  readonly dist: Dist
  readonly overlay: Overlay
  readonly broadcasting: Broadcasting
  readonly list: MemberList
  readonly metrics: Metrics
  readonly options: ReplicaOptions
}

/** An entry that another node has put, changed or removed. */
export type Change<Value> = {
  readonly node: string
  readonly key: string
  /** Absent: there was none. */
  readonly before?: Value
  /** Absent: there is none any more. */
  readonly after?: Value
  /**
   * Of a removal: what its author said, if anything; or that the author is gone: `{ tag: 'nodedown'
   * | 'left' | 'restarted', node }`.
   */
  readonly cause?: unknown
}

export type TableSpec<Value> = {
  /** Unique on the node; 1 to 200 characters. */
  readonly name: string
  /** What others put that is no such value is refused, entry by entry. May not change anything. */
  readonly isValue: (value: unknown) => value is Value
  /**
   * Called for entries of other nodes alone, in the process of the replica, when `get` gives what
   * is now. Must be short and not throw.
   */
  readonly onChange: (change: Change<Value>) => void
}

/** This node has as many entries, or as many bytes of them, as a table holds. */
export class TableFull extends BadArgument {
  readonly reason: Reason

  constructor(table: string, entries: number) {
    super(`${table}: full: this node has ${entries} entries`)
    this.reason = { tag: 'systemLimit', limit: 'tableBytes', max: limits.tableMaxBytes }
  }
}

export class TableReplica<Value> {
  readonly name: string
  readonly module: Module<unknown, undefined>
  readonly child: ChildSpec
  readonly #system: System
  readonly #isValue: (value: unknown) => value is Value
  readonly #encode: Broadcasting['codec']['encode']
  readonly #state: TableState<Value>

  /** Throws `BadArgument` for a bad name. */
  constructor(context: ReplicaContext, spec: TableSpec<Value>) {
    const { system, broadcasting } = context
    checkReplicaName(spec.name)
    this.name = spec.name
    this.#system = system
    this.#isValue = spec.isValue
    this.#encode = (term, root) => broadcasting.codec.encode(term, root)
    const clock = new HlcClock(system.platform.clock)
    this.#state = {
      own: new Table(clock.now()),
      copies: new TableCopies({
        entriesMax: limits.tableEntriesMax,
        maxBytes: limits.tableMaxBytes,
        allEntriesMax: limits.tableAllEntriesMax,
        allMaxBytes: limits.tableAllMaxBytes,
      }),
      clock,
      clearing: new Map(),
      missed: new Set(),
      told: 0,
      tell: undefined,
      ask: undefined,
    }
    const name = `skein.replica.${spec.name}`
    this.module = tableModule(name, context, spec, this.#state)
    this.child = child(this.module, undefined, { id: name, name })
    system.modules.addShielded(this.module)
  }

  /**
   * Puts an entry of this node, in place of what it had. Others are told at the end of the turn.
   * Throws `BadArgument` for a key that is no text of at most 64 Ki characters, a value that
   * `isValue` refuses, that cannot leave the node or is longer than 64 KiB encoded, and `TableFull`
   * when this node has `tableEntriesMax` entries or `tableMaxBytes` of them.
   */
  put(key: string, value: Value): void {
    if (typeof key !== 'string' || key.length > limits.tableKeyMaxChars) {
      const expected = `expected a text of at most ${limits.tableKeyMaxChars} characters`
      throw new BadArgument(`${this.name}: key: ${expected}, got ${show(key)}`)
    }
    const bytes = this.#bytesOf(value)
    const kept = this.#system.checked ? prepare(value, 'value') : value
    if (!this.#isValue(kept)) {
      throw new BadArgument(`${this.name}: value: not one of this table: ${show(value)}`)
    }
    if (!this.#state.own.put(key, kept, entryBytes(key, kept, bytes))) {
      throw new TableFull(this.name, this.#state.own.size)
    }
    this.#state.tell?.()
  }

  /** Removes an entry of this node. A cause that cannot be sent, or is too long, is not told. */
  remove(key: string, cause?: unknown): void {
    const encoded = cause === undefined ? undefined : this.#encode(cause, 'cause')
    const length = encoded?.tag === 'ok' ? encoded.bytes.length : Number.POSITIVE_INFINITY
    const isTold = length <= limits.tableCauseMaxBytes
    if (this.#state.own.remove(key, isTold ? cause : undefined, isTold ? length : 0)) {
      this.#state.tell?.()
    }
  }

  get(node: string, key: string): Value | undefined {
    if (node === this.#system.node) return this.#state.own.get(key)
    return this.#state.copies.get(node)?.get(key)
  }

  /** All that node's entries as they are now. */
  entriesOf(node: string): ReadonlyMap<string, Value> {
    if (node === this.#system.node) return new Map(this.#state.own.entries())
    return new Map(this.#state.copies.get(node)?.entries())
  }

  /** Nodes with entries here, this one first. */
  nodes(): readonly string[] {
    const { own, copies } = this.#state
    const others = [...copies.nodes()].filter((node) => copies.get(node)?.size !== 0)
    return own.size > 0 ? [this.#system.node, ...others] : others
  }

  /** Asks that node for its table as soon as may be. */
  sync(node: string): void {
    this.#state.ask?.(node)
  }

  #bytesOf(value: Value): number {
    const encoded = this.#encode(value, 'value')
    if (encoded.tag === 'error') {
      const { path, reason } = encoded
      throw new BadArgument(`${this.name}: ${path}: ${reason} cannot be sent to another node`)
    }
    const { length } = encoded.bytes
    if (length <= limits.tableValueMaxBytes) return length
    const expected = `expected at most ${limits.tableValueMaxBytes} bytes encoded`
    throw new BadArgument(`${this.name}: value: ${expected}, got ${length}`)
  }
}

/** Throws `BadArgument`. */
export function checkReplicaName(name: unknown): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= limits.replicaNameMaxChars) {
    return
  }
  const expected = `expected 1 to ${limits.replicaNameMaxChars} characters`
  throw new BadArgument(`replica: name: ${expected}, got ${show(name)}`)
}

/** What a table replica is, apart from the process that carries it, which may be started anew. */
import type { Table } from '../crdt/table.ts'
import type { TableCopies } from '../crdt/table-copy.ts'
import type { HlcClock } from '../hlc/index.ts'

/** Why all entries of a node go. */
export type Gone = { readonly tag: 'nodedown' | 'left' | 'restarted'; readonly node: string }

export type TableState<Value> = {
  readonly own: Table<Value>
  readonly copies: TableCopies<Value>
  readonly clock: HlcClock
  /** Copies that are being emptied. */
  readonly clearing: Map<string, Gone>
  /** Authors that were not there when something of them was to be had. */
  readonly missed: Set<string>
  /** The version of the own table that all were told. */
  told: number
  /** The own table has changed; undefined while no process listens. */
  tell: (() => void) | undefined
  /** Ask that node; as `tell`. */
  ask: ((node: string) => void) | undefined
}

/**
 * The children of one supervisor, in start order, found by id and by pid. Looking one up, adding,
 * replacing and removing one cost the same with ten thousand children as with two, and a strategy
 * walks from the child it is about, in either direction.
 *
 * Invariant: a value that is used once. Every change gives the successor and spends the value it
 * was made from, which then refuses to be read. So the rules over it stay functions of their
 * arguments, and nothing is copied (OTP keeps a list of ids and a map for the same purpose, and
 * walks the list).
 */
import type { Pid } from '../../runtime/index.ts'
import type { ChildSpec } from './spec.ts'

export type Child = {
  readonly spec: ChildSpec
  /** Null when it does not run. */
  readonly pid: Pid | null
  /** An attempt to start it failed, and another is queued. */
  readonly restarting: boolean
  /** While it is restarting: the process it was, by which a dynamic child is still known. */
  readonly formerPid: Pid | null
}

export type ChildCounts = {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

type Entry = { child: Child; before: Entry | null; after: Entry | null }

type Table = {
  readonly ids: Map<string, Entry>
  readonly pids: Map<Pid, Entry>
  first: Entry | null
  last: Entry | null
  active: number
  supervisors: number
  /** Significant children that run or are being restarted. */
  significant: number
  /** The only value that may be read. */
  owner: Children | null
}

export class Children {
  readonly #table: Table

  private constructor(table: Table) {
    this.#table = table
    table.owner = this
  }

  static none(): Children {
    return new Children({
      ids: new Map(),
      pids: new Map(),
      first: null,
      last: null,
      active: 0,
      supervisors: 0,
      significant: 0,
      owner: null,
    })
  }

  get size(): number {
    return this.#read().ids.size
  }

  get counts(): ChildCounts {
    const { ids, active, supervisors } = this.#read()
    return { specs: ids.size, active, supervisors, workers: ids.size - supervisors }
  }

  /** Significant children that run or are being restarted. */
  get significant(): number {
    return this.#read().significant
  }

  byId(id: string): Child | undefined {
    return this.#read().ids.get(id)?.child
  }

  /** The child that runs as `pid`, or did and is being restarted. */
  byPid(pid: Pid): Child | undefined {
    return this.#read().pids.get(pid)?.child
  }

  /** From the child `id`, or the first, to the last. */
  *onwards(id?: string): Generator<Child, void> {
    const table = this.#read()
    let entry = id === undefined ? table.first : (table.ids.get(id) ?? null)
    for (; entry !== null; entry = entry.after) yield entry.child
  }

  /** From the last to the first, or down to the one after the child `id`. */
  *backwards(id?: string): Generator<Child, void> {
    for (let entry = this.#read().last; entry !== null; entry = entry.before) {
      if (entry.child.spec.id === id) return
      yield entry.child
    }
  }

  /** With one more child, as the last. Its id must be new. */
  add(child: Child): Children {
    const table = this.#read()
    const entry: Entry = { child, before: table.last, after: null }
    if (table.last === null) table.first = entry
    else table.last.after = entry
    table.last = entry
    table.ids.set(child.spec.id, entry)
    count(table, entry, 1)
    return new Children(table)
  }

  /** With `child` in the place of the one that has its id; unchanged when there is none. */
  replace(child: Child): Children {
    const table = this.#read()
    const entry = table.ids.get(child.spec.id)
    if (entry === undefined) return this
    count(table, entry, -1)
    entry.child = child
    count(table, entry, 1)
    return new Children(table)
  }

  /** Without the child `id`; unchanged when there is none. */
  remove(id: string): Children {
    const table = this.#read()
    const entry = table.ids.get(id)
    if (entry === undefined) return this
    count(table, entry, -1)
    table.ids.delete(id)
    const { before, after } = entry
    if (before === null) table.first = after
    else before.after = after
    if (after === null) table.last = before
    else after.before = before
    return new Children(table)
  }

  #read(): Table {
    if (this.#table.owner === this) return this.#table
    throw new Error('children: this value was spent by a later change')
  }
}

/** Enters a child into the counts and the index of pids, or takes it out of them. */
function count(table: Table, entry: Entry, by: 1 | -1): void {
  const { spec, pid, restarting, formerPid } = entry.child
  const known = pid ?? formerPid
  if (known !== null) {
    if (by === 1) table.pids.set(known, entry)
    else table.pids.delete(known)
  }
  if (pid !== null) table.active += by
  if (spec.type === 'supervisor') table.supervisors += by
  if (spec.significant && (pid !== null || restarting)) table.significant += by
}

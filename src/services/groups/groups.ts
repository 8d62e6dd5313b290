/**
 * The process groups of a node, in the manner of OTP's `pg`: named sets of processes of any node,
 * in scopes that know nothing of each other. Everything happens at once, on the caller's stack;
 * what this node's processes join is told to all (`TableReplica`), and what others say is believed
 * of their own processes alone.
 *
 * Invariants: a process is gone from its groups before anybody hears of its end; a node's processes
 * leave when the node is down by the verdict of this one, not when a channel is lost.
 *
 * Differences from OTP: the default scope belongs to the node and runs without being started; all
 * nodes know all scopes, so that one that is started late is complete at once; nobody waits for a
 * scope's process; how often a process may join is bounded.
 */
import { BadArgument, nodeOf, type Reason } from '../../../runtime/index.ts'
import { type Process, prepare, type System, show } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import type { Metrics } from '../../metrics/index.ts'
import { TableFull } from '../../replica/index.ts'
import { entryKey, type GroupEntry, groupKey } from './membership.ts'
import { Scope } from './scope.ts'

export const defaultScope = 'pg'

/** How what this node says reaches the others: `replica`'s table. */
export type GroupTable = {
  put(key: string, entry: GroupEntry): void
  remove(key: string): void
  entriesOf(node: string): ReadonlyMap<string, GroupEntry>
  nodes(): readonly string[]
}

/** What became of an entry of another node. */
export type GroupChange = {
  readonly node: string
  readonly key: string
  readonly before?: GroupEntry
  readonly after?: GroupEntry
}

/** A process of this node in one group. */
type Own = { readonly scope: Scope; readonly group: string; readonly name: unknown; joins: number }

/** An entry of another node that counts. */
type Known = { readonly scope: string; readonly group: string; readonly entry: GroupEntry }

export class Groups {
  readonly #system: System
  readonly #metrics: Metrics
  #table: GroupTable | undefined
  /** Those that somebody is in, and those that run here. */
  readonly #scopes = new Map<string, Scope>()
  readonly #running = new Set([defaultScope])
  /** Groups of the processes here, by the key of the entry. Kept until the process ends. */
  readonly #owned = new Map<Process, Map<string, Own>>()
  #ownJoins = 0
  /** What each other node has said. */
  readonly #known = new Map<string, Map<string, Known>>()
  readonly #joinsOf = new Map<string, number>()

  constructor(system: System, metrics: Metrics) {
    this.#system = system
    this.#metrics = metrics
  }

  /** From now on the others hear of who joins here. Called once, at start. */
  spreadBy(table: GroupTable): void {
    this.#table = table
  }

  /** False when the scope runs here already. */
  open(scope: string): boolean {
    if (this.#running.has(scope)) return false
    this.#running.add(scope)
    return true
  }

  /** The processes of this node leave all groups of the scope, and its monitors end. */
  close(name: string): void {
    this.#running.delete(name)
    for (const [process, owned] of this.#owned) {
      for (const [key, own] of [...owned]) {
        if (own.scope.name === name) this.#setJoins([[process, key, own, 0]])
      }
    }
    this.#scopes.get(name)?.listeners.clear()
    this.#forgetEmpty(name)
  }

  /** Throws `BadArgument` where the scope does not run. */
  scope(name: string): Scope {
    if (this.#running.has(name)) return this.#scopeOf(name)
    throw new BadArgument(`scope: none named ${show(name)} runs on this node`)
  }

  /** Why the processes cannot join; undefined: they have. One named twice joins twice. */
  join(scope: Scope, name: unknown, processes: readonly Process[]): Reason | undefined {
    const group = keyOf(name)
    const max = limits.groupMembershipsMax
    if (this.#ownJoins + processes.length > max) {
      return { tag: 'systemLimit', limit: 'groupMemberships', max }
    }
    const kept = prepare(name, 'group')
    const more = counted(processes)
    const changes: Change[] = []
    for (const [process, times] of more) {
      const key = entryKey(scope.name, group, process.pid)
      const known = this.#owned.get(process)?.get(key)
      const joins = (known?.joins ?? 0) + times
      if (joins > limits.groupJoinsMax) {
        return { tag: 'systemLimit', limit: 'groupJoins', max: limits.groupJoinsMax }
      }
      changes.push([process, key, known ?? { scope, group, name: kept, joins: 0 }, joins])
    }
    try {
      this.#setJoins(changes)
    } catch (error) {
      if (error instanceof TableFull) return error.reason
      throw error
    }
    return undefined
  }

  /** Each leaves as often as it is named. False when none of them is in the group. */
  leave(scope: Scope, name: unknown, processes: readonly Process[]): boolean {
    const group = keyOf(name)
    const changes: Change[] = []
    for (const [process, times] of counted(processes)) {
      const key = entryKey(scope.name, group, process.pid)
      const own = this.#owned.get(process)?.get(key)
      if (own !== undefined) changes.push([process, key, own, Math.max(0, own.joins - times)])
    }
    this.#setJoins(changes)
    return changes.length > 0
  }

  /** What another node's entry became. */
  changed({ node, key, after }: GroupChange): void {
    if (node === this.#system.node) return
    const before = this.#known.get(node)?.get(key)
    const known = after === undefined ? undefined : this.#accepted(node, key, after, before)
    // A process of a node that was started again may have the number of another one.
    const isOther = before !== undefined && before.entry.pid !== known?.entry.pid
    if (isOther) this.#apply(node, key, before, 0)
    if (known !== undefined) this.#apply(node, key, known, known.entry.joins)
  }

  /** Takes the table as it is now: what was told of it may have been missed. */
  reread(): void {
    const table = this.#table
    if (table === undefined) return
    for (const [node, known] of this.#known) {
      const entries = table.entriesOf(node)
      for (const key of [...known.keys()]) if (!entries.has(key)) this.changed({ node, key })
    }
    for (const node of table.nodes()) {
      for (const [key, after] of table.entriesOf(node)) this.changed({ node, key, after })
    }
  }

  /** Performs changes of one group of one scope, which are told as one: all of them, or none. */
  #setJoins(changes: readonly Change[]): void {
    const [first] = changes
    if (first === undefined) return
    const { scope, group, name } = first[2]
    const before = changes.map(([process, key, own]): Change => [process, key, own, own.joins])
    try {
      for (const change of changes) this.#setOwn(change)
      const joins = new Map(changes.map(([{ pid }, , , times]) => [pid, times]))
      scope.set(group, name, 'local', joins)
    } catch (error) {
      for (const change of before) this.#setOwn(change)
      throw error
    } finally {
      this.#forgetEmpty(scope.name)
    }
  }

  #setOwn([process, key, own, joins]: Change): void {
    const { pid } = process
    const { scope, name } = own
    if (joins > 0) this.#table?.put(key, { scope: scope.name, group: name, pid, joins })
    else this.#table?.remove(key)
    this.#ownJoins += joins - own.joins
    own.joins = joins
    if (joins > 0) this.#groupsOf(process).set(key, own)
    else this.#owned.get(process)?.delete(key)
  }

  #apply(node: string, key: string, { scope, group, entry }: Known, joins: number): void {
    const all = this.#known.get(node) ?? new Map<string, Known>()
    const before = all.get(key)?.entry.joins ?? 0
    if (joins > 0) this.#known.set(node, all.set(key, { scope, group, entry }))
    else all.delete(key)
    if (all.size === 0) this.#known.delete(node)
    const sum = (this.#joinsOf.get(node) ?? 0) + joins - before
    if (sum > 0) this.#joinsOf.set(node, sum)
    else this.#joinsOf.delete(node)
    this.#scopeOf(scope).set(group, entry.group, 'remote', new Map([[entry.pid, joins]]))
    this.#forgetEmpty(scope)
  }

  /** What an entry of another node stands for; undefined when it is none it may have. */
  #accepted(
    node: string,
    key: string,
    entry: GroupEntry,
    before: Known | undefined,
  ): Known | undefined {
    const known = decoded(node, key, entry)
    const sum = (this.#joinsOf.get(node) ?? 0) + entry.joins - (before?.entry.joins ?? 0)
    const reason = known === undefined ? 'malformed' : 'too_many'
    if (known !== undefined && sum <= limits.groupMembershipsMax) return known
    this.#metrics.count(`skein.groups.${reason}`, { peer: node })
    return undefined
  }

  #groupsOf(process: Process): Map<string, Own> {
    const known = this.#owned.get(process)
    if (known !== undefined) return known
    const owned = new Map<string, Own>()
    this.#owned.set(process, owned)
    process.exitHooks ??= []
    process.exitHooks.push(() => {
      for (const [key, own] of [...owned]) this.#setJoins([[process, key, own, 0]])
      this.#owned.delete(process)
    })
    return owned
  }

  #scopeOf(name: string): Scope {
    const known = this.#scopes.get(name)
    if (known !== undefined) return known
    const scope = new Scope(name)
    this.#scopes.set(name, scope)
    return scope
  }

  /** What others say makes no scope for ever. */
  #forgetEmpty(name: string): void {
    if (this.#running.has(name)) return
    if (this.#scopes.get(name)?.isEmpty) this.#scopes.delete(name)
  }
}

/** A process, the key of its entry, what it was, and how often it is in the group from now on. */
type Change = readonly [process: Process, key: string, own: Own, joins: number]

/** Throws `BadArgument` for what can name no group. */
export function keyOf(name: unknown): string {
  const result = groupKey(name)
  if (result.tag === 'ok') return result.key
  throw new BadArgument(result.message)
}

/** Undefined when the process is not the node's, the key another one, or the group can be none. */
function decoded(node: string, key: string, entry: GroupEntry): Known | undefined {
  const { scope, group, pid } = entry
  const result = groupKey(group)
  const isOwn = result.tag === 'ok' && entryKey(scope, result.key, pid) === key
  if (!isOwn || nodeOf(pid) !== node) return undefined
  return { scope, group: result.key, entry: { ...entry, group: prepare(group, 'group') } }
}

function counted(processes: readonly Process[]): Map<Process, number> {
  const times = new Map<Process, number>()
  for (const process of processes) times.set(process, (times.get(process) ?? 0) + 1)
  return times
}

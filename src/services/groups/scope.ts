/**
 * The groups of one scope as this node sees them: who is in which, of its own processes and of
 * others'. A group is there as long as somebody is in it.
 *
 * Invariant: what `members` gives changes exactly when a change is told to the listeners, so that
 * who adds up what it is told has what it would read.
 */
import type { Pid } from '../../../runtime/index.ts'
import { Listeners } from './listeners.ts'

type Group = {
  /** The group's name, which is any data. */
  readonly name: unknown
  /** How often each process is in it. */
  readonly local: Map<Pid, number>
  readonly remote: Map<Pid, number>
  /** What `members` gives; null when it has to be made again. */
  members: readonly Pid[] | null
}

const nobody: readonly Pid[] = Object.freeze([])

export class Scope {
  readonly name: string
  readonly listeners = new Listeners()
  readonly #groups = new Map<string, Group>()

  constructor(name: string) {
    this.name = name
  }

  /** Nobody is in any of its groups. */
  get isEmpty(): boolean {
    return this.#groups.size === 0
  }

  /** Everybody in a group, those of this node first; as often as each has joined. */
  members(key: string): readonly Pid[] {
    const group = this.#groups.get(key)
    if (group === undefined) return nobody
    group.members ??= Object.freeze([...repeated(group.local), ...repeated(group.remote)])
    return group.members
  }

  localMembers(key: string): readonly Pid[] {
    const group = this.#groups.get(key)
    return group === undefined ? nobody : [...repeated(group.local)]
  }

  groups(): unknown[] {
    return [...this.#groups.values()].map(({ name }) => name)
  }

  localGroups(): unknown[] {
    return [...this.#groups.values()].flatMap(({ name, local }) => (local.size > 0 ? [name] : []))
  }

  /** Every group with its members. */
  view(): { readonly group: unknown; readonly members: readonly Pid[] }[] {
    return [...this.#groups].map(([key, { name }]) => ({ group: name, members: this.members(key) }))
  }

  joins(key: string, pid: Pid): number {
    const group = this.#groups.get(key)
    return group?.local.get(pid) ?? group?.remote.get(pid) ?? 0
  }

  /**
   * From now on each of `changes` is in the group so often; 0 takes it out. Those who have come
   * are told of before those who have gone.
   */
  set(
    key: string,
    name: unknown,
    side: 'local' | 'remote',
    changes: ReadonlyMap<Pid, number>,
  ): void {
    const group = this.#groups.get(key) ?? newGroup(name)
    const { [side]: table } = group
    const come: Pid[] = []
    const gone: Pid[] = []
    for (const [pid, joins] of changes) {
      const before = table.get(pid) ?? 0
      if (joins > 0) table.set(pid, joins)
      else table.delete(pid)
      for (let more = before; more < joins; more++) come.push(pid)
      for (let fewer = joins; fewer < before; fewer++) gone.push(pid)
    }
    group.members = null
    if (group.local.size + group.remote.size > 0) this.#groups.set(key, group)
    else this.#groups.delete(key)
    const event = { scope: this.name, group: group.name }
    if (come.length > 0)
      this.listeners.tell(key, { tag: 'groupJoin', ...event, pids: Object.freeze(come) })
    if (gone.length > 0)
      this.listeners.tell(key, { tag: 'groupLeave', ...event, pids: Object.freeze(gone) })
  }
}

function newGroup(name: unknown): Group {
  return { name, local: new Map(), remote: new Map(), members: null }
}

function* repeated(table: ReadonlyMap<Pid, number>): Generator<Pid> {
  for (const [pid, joins] of table) for (let at = 0; at < joins; at++) yield pid
}

/**
 * What is true about names: every process of the workload that takes, changes or loses a name is
 * booked here in the very turn in which it does, by the incarnation of its node. No node reads it.
 *
 * Invariant: a process is in the book of its incarnation as long as it lives and has what is
 * booked; what a node that lost its power had is nobody's.
 */
import { type Caller, isPid, type Pid, pidKey, type Reason } from '../../../runtime/index.ts'
import { systemOf } from '../../../runtime/kernel.ts'

/** All that one incarnation's processes have; names and groups as text. */
export type Book = {
  /** Name to its holder and the number in its metadata, 0 for none. */
  readonly services: Map<string, { readonly pid: Pid; serial: number }>
  /** Global name to its holder. */
  readonly globals: Map<string, string>
  /** Group to how often each process is in it. */
  readonly groups: Map<string, Map<string, number>>
}

/** A process that gave up a global name for another one that has it. */
export type Loss = { readonly name: string; readonly loser: string; readonly winner: string }

export class Books {
  readonly #books = new Map<string, Book>()
  readonly losses: Loss[] = []
  readonly counts: Record<string, number> = {}

  /** Of an incarnation, empty at first. */
  of(node: string): Book {
    const known = this.#books.get(node)
    if (known !== undefined) return known
    const book: Book = { services: new Map(), globals: new Map(), groups: new Map() }
    this.#books.set(node, book)
    return book
  }

  /** The node has lost its power, or was stopped. */
  close(node: string): void {
    this.#books.delete(node)
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  /** Books that process out when it ends, whatever ends it. */
  follow(caller: Caller, key: string, pid: Pid): void {
    const found = systemOf(caller).lookup(pid)
    if (found.tag !== 'local') return
    const { process } = found
    process.exitHooks ??= []
    process.exitHooks.push((reason) => this.#ended(key, pidKey(pid), reason))
  }

  /** It has lost a global name to `winner`. */
  lost(key: string, loss: Loss): void {
    const { globals } = this.of(key)
    if (globals.get(loss.name) === loss.loser) globals.delete(loss.name)
    this.losses.push(loss)
  }

  #ended(key: string, pid: string, reason: Reason): void {
    const { services, globals, groups } = this.of(key)
    for (const [name, holder] of services) if (pidKey(holder.pid) === pid) services.delete(name)
    const conflict = conflictOf(reason)
    if (conflict !== undefined) {
      this.count('name lost')
      this.lost(key, { name: conflict.name, loser: pid, winner: pidKey(conflict.winner) })
    }
    for (const [name, holder] of globals) if (holder === pid) globals.delete(name)
    for (const [group, members] of groups) {
      members.delete(pid)
      if (members.size === 0) groups.delete(group)
    }
  }
}

/** A name or a group as text: equal terms, equal texts. */
export function textOf(term: unknown): string {
  return JSON.stringify(term)
}

export type Conflict = { readonly name: string; readonly winner: Pid }

/** The conflict for which a process was stopped, or what it is told when it was not. */
export function conflictOf(reason: unknown): Conflict | undefined {
  if (typeof reason !== 'object' || reason === null || !('tag' in reason)) return undefined
  if (reason.tag === 'shutdown' && 'detail' in reason) return conflictOf(reason.detail)
  if (reason.tag !== 'globalConflict' || !('name' in reason && 'winner' in reason)) return undefined
  const { name, winner } = reason
  return isPid(winner) ? { name: String(name), winner } : undefined
}

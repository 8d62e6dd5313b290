/**
 * What is wrong with the names of a cluster in which nothing is wrong any more: every live
 * registration is seen on every node, nothing else is, a global name has one holder and the same
 * for all, and never none while somebody claims it. Pure, so that planted data proves it.
 */
import { pidKey } from '../../../runtime/index.ts'
import type { Book, Loss } from './books.ts'

/** What one node knows, by incarnation; entries as `lineOf...` has them. */
export type Seen = {
  readonly node: string
  readonly services: ReadonlySet<string>
  readonly members: ReadonlySet<string>
  /** Global name to its holder. */
  readonly globals: ReadonlyMap<string, string>
}

/** What there is, of all that live. */
export type Truth = {
  readonly services: ReadonlySet<string>
  readonly members: ReadonlySet<string>
  /** Global name to all that claim it. */
  readonly globals: ReadonlyMap<string, readonly string[]>
}

export function serviceLine(name: string, pid: string, serial: number): string {
  return `${name} of ${pid} with ${serial}`
}

export function memberLine(group: string, pid: string, joins: number): string {
  return `${pid} in ${group} ${joins} times`
}

export function truthOf(books: Iterable<Book>): Truth {
  const services = new Set<string>()
  const members = new Set<string>()
  const globals = new Map<string, string[]>()
  for (const book of books) {
    for (const [name, { pid, serial }] of book.services) {
      services.add(serviceLine(name, pidKey(pid), serial))
    }
    for (const [group, all] of book.groups) {
      for (const [pid, joins] of all) members.add(memberLine(group, pid, joins))
    }
    for (const [name, pid] of book.globals) globals.set(name, [...(globals.get(name) ?? []), pid])
  }
  return { services, members, globals }
}

/** One line for each fault; the first of a node are enough for those who only want to know. */
export function* namesFaults(truth: Truth, all: Iterable<Seen>): Generator<string> {
  for (const [name, claimants] of truth.globals) {
    if (claimants.length > 1) yield `the global name ${name} is had by ${claimants.join(' and ')}`
  }
  for (const seen of all) {
    const { node } = seen
    yield* differences(`${node}: service`, truth.services, seen.services)
    yield* differences(`${node}: member`, truth.members, seen.members)
    yield* globalFaults(truth, seen)
  }
}

/**
 * A process gives up a global name for another one that has it. Whoever follows from loser to
 * winner comes to one that has not lost, or all of them have lost to each other.
 */
export function* lossFaults(losses: readonly Loss[]): Generator<string> {
  const winners = new Map(losses.map((loss) => [keyOf(loss.name, loss.loser), loss.winner]))
  for (const { name, loser } of losses) {
    const passed = new Set<string>([loser])
    for (
      let at = winners.get(keyOf(name, loser));
      at !== undefined;
      at = winners.get(keyOf(name, at))
    ) {
      if (passed.has(at)) {
        yield `the global name ${name}: ${[...passed].join(' and ')} all lost it to each other`
        break
      }
      passed.add(at)
    }
  }
}

function* differences(
  what: string,
  there: ReadonlySet<string>,
  seen: ReadonlySet<string>,
): Generator<string> {
  for (const line of there) if (!seen.has(line)) yield `${what} ${line} is not seen`
  for (const line of seen) if (!there.has(line)) yield `${what} ${line} is seen; there is none`
}

function* globalFaults({ globals }: Truth, seen: Seen): Generator<string> {
  for (const [name, [holder, ...more]] of globals) {
    const found = seen.globals.get(name)
    if (more.length > 0 || found === holder) continue
    yield `${seen.node}: the global name ${name} is had by ${holder}, seen is ${found ?? 'nobody'}`
  }
  for (const [name, holder] of seen.globals) {
    if (!globals.has(name)) {
      yield `${seen.node}: the global name ${name} is seen with ${holder}; nobody has it`
    }
  }
}

function keyOf(name: string, pid: string): string {
  return `${name} ${pid}`
}

/**
 * Laws of process groups against a model that keeps counts: whatever joins, leaves, ends, and is
 * said by other nodes, members are those of the model; what a monitor was first given and what it
 * has heard since add up to it at any time; and nothing is left of who is gone.
 */
import fc from 'fast-check'
import { Pid } from '../../runtime/identifier.ts'
import { type Reference, startRuntime } from '../../runtime/index.ts'
import { create, Module, type Process, systemOf, terminate } from '../../runtime/kernel.ts'
import { Metrics } from '../../src/metrics/index.ts'
import { Groups, keyOf } from '../../src/services/groups/groups.ts'
import { entryKey, type GroupEntry } from '../../src/services/groups/membership.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('group laws')

const groups = ['g', { room: 1 }, 7]
const nodes = ['x@h', 'y@h']
const runs = 300

type Step =
  | { readonly tag: 'join' | 'leave'; readonly group: number; readonly who: readonly number[] }
  | { readonly tag: 'end'; readonly at: number }
  | {
      readonly tag: 'say'
      readonly node: number
      readonly pid: number
      readonly group: number
      readonly joins: number
    }
  | { readonly tag: 'monitor'; readonly group: number | undefined }

const group = fc.nat({ max: groups.length - 1 })
const who = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ tag: fc.constant('join' as const), group, who }),
  fc.record({ tag: fc.constant('leave' as const), group, who }),
  fc.record({ tag: fc.constant('end' as const), at: fc.nat({ max: 3 }) }),
  fc.record({
    tag: fc.constant('say' as const),
    node: fc.nat({ max: 1 }),
    pid: fc.nat({ max: 2 }),
    group,
    joins: fc.nat({ max: 3 }),
  }),
  fc.record({
    tag: fc.constant('monitor' as const),
    group: fc.option(group, { nil: undefined }),
  }),
)

/** How often each process is in each group, as text. */
type Counts = Map<string, Map<string, number>>

class Run {
  readonly #node = startRuntime()
  readonly #groups = new Groups(systemOf(this.#node), new Metrics())
  readonly #told = new Map<string, GroupEntry>()
  readonly #model: Counts = new Map()
  readonly #processes: (Process | undefined)[] = []
  readonly #listener: Process = this.#process()
  /** What each monitor was given, and has heard since. */
  readonly #sums = new Map<
    Reference,
    { readonly counts: Counts; readonly group: string | undefined }
  >()

  constructor() {
    this.#groups.spreadBy({
      put: (key, entry) => this.#told.set(key, entry),
      remove: (key) => this.#told.delete(key),
      entriesOf: () => new Map(),
      nodes: () => [],
    })
  }

  take(step: Step): void {
    const scope = this.#groups.scope('pg')
    if (step.tag === 'join' || step.tag === 'leave') {
      const processes = step.who.map((at) => this.#at(at))
      if (step.tag === 'join') this.#groups.join(scope, groups[step.group], processes)
      else this.#groups.leave(scope, groups[step.group], processes)
      for (const { pid } of processes) this.#count(step.group, pid, step.tag === 'join' ? 1 : -1)
    } else if (step.tag === 'end') {
      const process = this.#at(step.at)
      this.#processes[step.at] = undefined
      terminate(process, 'kill')
      for (const counts of this.#model.values()) counts.delete(String(process.pid))
    } else if (step.tag === 'say') this.#say(step)
    else this.#monitor(step.group)
    this.#hear()
  }

  check(): void {
    const scope = this.#groups.scope('pg')
    groups.forEach((group) => {
      const members = scope.members(keyOf(group))
      assert.equal(counted(members), this.#of(group))
      const local = scope.localMembers(keyOf(group))
      assert.equal(members.slice(0, local.length), local)
    })
    const named = scope.groups().map(keyOf).sort()
    const wanted = groups
      .filter((group) => this.#of(group).size > 0)
      .map(keyOf)
      .sort()
    assert.equal(named, wanted)
    for (const { counts, group } of this.#sums.values()) {
      for (const [key, members] of this.#model) {
        if (group === undefined || group === key)
          assert.equal(counts.get(key) ?? new Map(), members)
      }
    }
  }

  /** All that this node has told adds up to its own members; when all have ended, it is nothing. */
  end(): void {
    for (const { group, pid, joins } of this.#told.values()) {
      assert.is(this.#of(group).get(String(pid)), joins)
    }
    for (const process of this.#processes) if (process !== undefined) terminate(process, 'kill')
    assert.is(this.#told.size, 0)
    void this.#node.stop()
  }

  #say({ node, pid: index, group, joins }: Extract<Step, { tag: 'say' }>): void {
    const name = nodes[node] ?? ''
    const pid = this.#remote(name, index)
    const key = entryKey('pg', keyOf(groups[group]), pid)
    const entry = { scope: 'pg', group: groups[group], pid, joins }
    this.#groups.changed(joins > 0 ? { node: name, key, after: entry } : { node: name, key })
    this.#set(group, pid, joins)
  }

  readonly #remotes = new Map<string, Pid>()

  /** Pids of other nodes are interned. */
  #remote(node: string, index: number): Pid {
    const text = `${node} ${index}`
    const pid = this.#remotes.get(text) ?? new Pid({ node, creation: 1, index, serial: 1 })
    this.#remotes.set(text, pid)
    return pid
  }

  #monitor(at: number | undefined): void {
    const scope = this.#groups.scope('pg')
    const group = at === undefined ? undefined : keyOf(groups[at])
    const ref = scope.listeners.add(this.#listener, group ?? null)
    const counts: Counts = new Map()
    for (const view of scope.view()) {
      const key = keyOf(view.group)
      if (group === undefined || group === key) counts.set(key, counted(view.members))
    }
    this.#sums.set(ref, { counts, group })
  }

  #hear(): void {
    for (const message of this.#listener.drain()) {
      const event = message as { ref: Reference; tag: string; group: unknown; pids: Pid[] }
      const sum = this.#sums.get(event.ref)
      if (sum === undefined) throw new Error('an event of no monitor')
      for (const pid of event.pids)
        add(sum.counts, keyOf(event.group), pid, event.tag === 'groupJoin' ? 1 : -1)
    }
  }

  #at(at: number): Process {
    const known = this.#processes[at] ?? this.#process()
    this.#processes[at] = known
    return known
  }

  #process(): Process {
    const idle = new Module('idle', (process) => {
      process.receiver = { receive: () => undefined }
    })
    return create(systemOf(this.#node), idle, undefined, { parent: null })
  }

  #count(group: number, pid: Pid, by: number): void {
    add(this.#model, keyOf(groups[group]), pid, by)
  }

  #set(group: number, pid: Pid, joins: number): void {
    const before = this.#of(groups[group]).get(String(pid)) ?? 0
    this.#count(group, pid, joins - before)
  }

  #of(group: unknown): Map<string, number> {
    return this.#model.get(keyOf(group)) ?? new Map()
  }
}

function add(counts: Counts, key: string, pid: Pid, by: number): void {
  const members = counts.get(key) ?? new Map<string, number>()
  const now = Math.max(0, (members.get(String(pid)) ?? 0) + by)
  if (now > 0) members.set(String(pid), now)
  else members.delete(String(pid))
  counts.set(key, members)
}

function counted(pids: readonly Pid[]): Map<string, number> {
  const counts: Counts = new Map()
  for (const pid of pids) add(counts, '', pid, 1)
  return counts.get('') ?? new Map()
}

test('members are what the model has, and what monitors can add up', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const run = new Run()
      for (const one of steps) {
        run.take(one)
        run.check()
      }
      run.end()
    }),
    { numRuns: runs },
  )
})

test.run()

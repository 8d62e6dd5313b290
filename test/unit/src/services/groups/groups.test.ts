/**
 * Groups of one node, whose table is a plain map: what joins, leaves and ends do, what monitors
 * hear, and what other nodes may say.
 */

import { Pid as PidOf } from '../../../../../runtime/identifier.ts'
import {
  type LocalNode,
  type Pid,
  process,
  type Self,
  spawn,
  startRuntime,
} from '../../../../../runtime/index.ts'
import { type Process, processOfSelf, systemOf } from '../../../../../runtime/kernel.ts'
import { isGroupEvent } from '../../../../../src/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { Metrics } from '../../../../../src/metrics/index.ts'
import { TableFull } from '../../../../../src/replica/index.ts'
import { Groups, keyOf } from '../../../../../src/services/groups/groups.ts'
import {
  entryKey,
  type GroupEntry,
  groupKey,
  isGroupEntry,
} from '../../../../../src/services/groups/membership.ts'
import { assert, cleanup, suite } from '../../../../support/harness.ts'

const test = suite('groups')

const other = 'other@h'

class Scene {
  readonly node: LocalNode
  readonly groups: Groups
  readonly metrics = new Metrics()
  /** What this node has told. */
  readonly told = new Map<string, GroupEntry>()
  /** What others have. */
  readonly others = new Map<string, Map<string, GroupEntry>>()
  /** Entries the table has room for. */
  room = Number.POSITIVE_INFINITY

  constructor() {
    this.node = startRuntime()
    cleanup(() => this.node.stop())
    this.groups = new Groups(systemOf(this.node), this.metrics)
    this.groups.spreadBy({
      put: (key, entry) => {
        if (!this.told.has(key) && this.told.size >= this.room) throw new TableFull('groups', 1)
        this.told.set(key, entry)
      },
      remove: (key) => this.told.delete(key),
      entriesOf: (node) => this.others.get(node) ?? new Map(),
      nodes: () => [...this.others.keys()],
    })
  }

  /** A process that waits until it is killed. */
  async idle(): Promise<Process> {
    let found: Process | undefined
    const module = process('idle', async (self: Self) => {
      found = processOfSelf(self)
      await self.receive(() => false)
    })
    spawn(this.node, module)
    await this.node.run((self) => self.yield())
    if (found === undefined) throw new Error('it has not begun')
    return found
  }

  join(group: unknown, ...processes: Process[]): unknown {
    return this.groups.join(this.groups.scope('pg'), group, processes)
  }

  leave(group: unknown, ...processes: Process[]): boolean {
    return this.groups.leave(this.groups.scope('pg'), group, processes)
  }

  members(group: unknown, scope = 'pg'): readonly Pid[] {
    return this.groups.scope(scope).members(keyOf(group))
  }

  end({ pid }: Process): Promise<void> {
    return this.node.run((self) => self.exit(pid, 'kill'))
  }

  /** Another node says so. */
  say(node: string, entry: GroupEntry, key = keyFor(entry)): void {
    this.groups.changed({ node, key, after: entry })
  }

  unsay(node: string, entry: GroupEntry): void {
    this.groups.changed({ node, key: keyFor(entry) })
  }

  refused(reason: 'malformed' | 'too_many'): number {
    const name = `skein.groups.${reason}`
    return this.metrics.read().reduce((sum, metric) => {
      return metric.kind === 'counter' && metric.name === name ? sum + metric.value : sum
    }, 0)
  }
}

function keyFor({ scope, group, pid }: GroupEntry): string {
  return entryKey(scope, keyOf(group), pid)
}

function remote(index: number, node = other, creation = 1): Pid {
  return new PidOf({ node, creation, index, serial: 1 })
}

const entryOf = (pid: Pid, joins = 1, group: unknown = 'g'): GroupEntry => ({
  scope: 'pg',
  group,
  pid,
  joins,
})

test('a process is in a group as often as it has joined, and leaves once at a time', async () => {
  const scene = new Scene()
  const p = await scene.idle()
  assert.is(scene.join('g', p), undefined)
  assert.is(scene.join('g', p, p), undefined)
  assert.equal(scene.members('g'), [p.pid, p.pid, p.pid])
  assert.ok(scene.leave('g', p))
  assert.equal(scene.members('g'), [p.pid, p.pid])
  assert.ok(scene.leave('g', p, p, p), 'more often than it has joined')
  assert.equal(scene.members('g'), [])
  assert.not(scene.leave('g', p))
  assert.equal(scene.groups.scope('pg').groups(), [])
  assert.is(scene.told.size, 0)
})

test('a list joins and leaves as one; who is not in the group is passed over', async () => {
  const scene = new Scene()
  const [p, q, r] = [await scene.idle(), await scene.idle(), await scene.idle()]
  scene.join('g', p, q)
  assert.equal(scene.members('g'), [p.pid, q.pid])
  assert.ok(scene.leave('g', q, r))
  assert.equal(scene.members('g'), [p.pid])
  assert.not(scene.leave('g', q, r))
})

test('any data names a group; equal data is one group', async () => {
  const scene = new Scene()
  const p = await scene.idle()
  const names = ['g', 1, '1', 1n, null, true, { room: 1, of: 'a' }, ['a', 1], p.pid]
  for (const name of names) scene.join(name, p)
  assert.is(scene.groups.scope('pg').groups().length, names.length)
  assert.equal(scene.members({ of: 'a', room: 1 }), [p.pid])
  assert.equal(scene.groups.scope('pg').localGroups(), names)
  for (const bad of [() => 1, Symbol('g'), new Date(), 'x'.repeat(2_000)]) {
    assert.throws(() => scene.join(bad, p), /group/)
  }
})

test('who ends is gone from all its groups, and from what others are told', async () => {
  const scene = new Scene()
  const [p, q] = [await scene.idle(), await scene.idle()]
  for (const group of ['g', 'h']) scene.join(group, p, p, q)
  await scene.end(p)
  assert.equal(scene.members('g'), [q.pid])
  assert.equal(scene.members('h'), [q.pid])
  assert.is(scene.told.size, 2)
  await scene.end(q)
  assert.is(scene.told.size, 0)
  assert.equal(scene.groups.scope('pg').groups(), [])
})

test('members of other nodes come after those of this one, and go as told', async () => {
  const scene = new Scene()
  const p = await scene.idle()
  const entry = entryOf(remote(7), 2)
  scene.say(other, entry)
  scene.join('g', p)
  assert.equal(scene.members('g'), [p.pid, entry.pid, entry.pid])
  assert.equal(scene.groups.scope('pg').localMembers(keyOf('g')), [p.pid])
  scene.say(other, { ...entry, joins: 1 })
  assert.equal(scene.members('g'), [p.pid, entry.pid])
  scene.unsay(other, entry)
  assert.equal(scene.members('g'), [p.pid])
})

test('a node that was started again has the numbers of its processes for others', () => {
  const scene = new Scene()
  scene.say(other, entryOf(remote(7)))
  const again = remote(7, other, 2)
  scene.say(other, entryOf(again))
  assert.equal(scene.members('g'), [again])
})

test('scopes know nothing of each other; one that does not run is refused', async () => {
  const scene = new Scene()
  const p = await scene.idle()
  assert.throws(() => scene.groups.scope('mine'), /none named "mine" runs/)
  scene.say(other, { ...entryOf(remote(7)), scope: 'mine' })
  assert.ok(scene.groups.open('mine'))
  assert.not(scene.groups.open('mine'))
  assert.not(scene.groups.open('pg'), 'the default one runs always')
  assert.equal(
    scene.members('g', 'mine'),
    [remote(7)].map(() => scene.members('g', 'mine')[0]),
  )
  assert.is(scene.members('g', 'mine').length, 1, 'complete at once')
  scene.groups.join(scene.groups.scope('mine'), 'g', [p])
  assert.equal(scene.members('g'), [])
  scene.groups.close('mine')
  assert.is(scene.told.size, 0, 'the processes here have left')
  assert.ok(scene.groups.open('mine'))
  assert.is(scene.members('g', 'mine').length, 1)
  assert.is(scene.members('g', 'mine').includes(p.pid), false)
})

test('monitors hear of the whole scope or of one group, until they are taken back', async () => {
  const scene = new Scene()
  const p = await scene.idle()
  await scene.node.run(async (self) => {
    const scope = scene.groups.scope('pg')
    const me = processOfSelf(self)
    const all = scope.listeners.add(me, null)
    const one = scope.listeners.add(me, keyOf('g'))
    scene.join('g', p, p)
    scene.join('h', p)
    scene.leave('g', p)
    await scene.end(p)
    const heard: unknown[] = []
    while (heard.length < 8) heard.push(await self.receive())
    const event = (ref: unknown, tag: string, group: string, pids: unknown) => {
      return { scope: 'pg', group, tag, pids, ref }
    }
    assert.equal(heard, [
      event(all, 'groupJoin', 'g', [p.pid, p.pid]),
      event(one, 'groupJoin', 'g', [p.pid, p.pid]),
      event(all, 'groupJoin', 'h', [p.pid]),
      event(all, 'groupLeave', 'g', [p.pid]),
      event(one, 'groupLeave', 'g', [p.pid]),
      event(all, 'groupLeave', 'g', [p.pid]),
      event(one, 'groupLeave', 'g', [p.pid]),
      event(all, 'groupLeave', 'h', [p.pid]),
    ])
    for (const ref of [all, one, undefined]) {
      const of = heard.filter(isGroupEvent(ref)).length
      assert.is(of, ref === undefined ? 8 : ref === all ? 5 : 3)
    }
    for (const other of [null, {}, { tag: 'groupJoin' }, { tag: 'DOWN', ref: all }]) {
      assert.not(isGroupEvent()(other))
    }
    assert.ok(scope.listeners.remove(me, all))
    assert.not(scope.listeners.remove(me, all))
    assert.not(scope.listeners.remove(p, one), 'of another process')
    scene.join('h', me)
    assert.is(me.messageCount, 0)
    scene.join('g', me)
    assert.is(me.messageCount, 1)
  })
})

test('a monitor ends with its process, and all of a scope with the scope', async () => {
  const scene = new Scene()
  scene.groups.open('mine')
  const p = await scene.idle()
  scene.groups.scope('mine').listeners.add(p, null)
  scene.groups.close('mine')
  scene.groups.open('mine')
  scene.groups.join(scene.groups.scope('mine'), 'g', [p])
  assert.is(p.messageCount, 0)
  const q = await scene.idle()
  scene.groups.scope('pg').listeners.add(q, null)
  await scene.end(q)
  assert.is(scene.join('g', p), undefined)
})

test('more than a process, or a node, may join is refused, and changes nothing', async () => {
  const scene = new Scene()
  const [p, q] = [await scene.idle(), await scene.idle()]
  const often = Array.from({ length: limits.groupJoinsMax }, () => p)
  assert.is(scene.join('g', ...often), undefined)
  const full = { tag: 'systemLimit', limit: 'groupJoins', max: limits.groupJoinsMax }
  assert.equal(scene.join('g', q, p), full)
  assert.is(scene.members('g').length, limits.groupJoinsMax)
  const groups = limits.groupMembershipsMax / limits.groupJoinsMax
  for (let n = 1; n < groups; n++) scene.join(n, ...often)
  const max = limits.groupMembershipsMax
  assert.equal(scene.join('h', q), { tag: 'systemLimit', limit: 'groupMemberships', max })
  scene.leave('g', p)
  assert.is(scene.join('h', q), undefined)
})

test('of a list for which the table has no room nobody joins', async () => {
  const scene = new Scene()
  const [p, q, r] = [await scene.idle(), await scene.idle(), await scene.idle()]
  scene.join('g', p)
  scene.room = 2
  const told = new Map(scene.told)
  const max = limits.tableMaxBytes
  const full = { tag: 'systemLimit', limit: 'tableBytes', max }
  assert.equal(scene.join('g', p, p, q, r), full)
  assert.equal(scene.told, told)
  assert.equal(scene.members('g'), [p.pid])
  assert.is(scene.join('g', p, q), undefined)
  assert.equal(scene.members('g').length, 3)
})

test('what a peer says of others, under other keys, too often or too much does not count', () => {
  const scene = new Scene()
  const good = entryOf(remote(1))
  scene.say('evil@h', good)
  scene.say(other, good, 'another key')
  scene.say(other, { ...good, group: 'x'.repeat(5_000) }, 'key')
  assert.is(scene.refused('malformed'), 3)
  assert.equal(scene.members('g'), [])
  const per = limits.groupJoinsMax
  for (let at = 0; at <= limits.groupMembershipsMax / per; at++) {
    scene.say(other, entryOf(remote(at + 10), per))
  }
  assert.is(scene.members('g').length, limits.groupMembershipsMax)
  assert.is(scene.refused('too_many'), 1)
  const honest = entryOf(remote(1, 'honest@h'))
  scene.say('honest@h', honest)
  assert.is(scene.members('g').at(-1), honest.pid)
  const bad = [
    null,
    'x',
    {},
    { ...good, scope: '' },
    { ...good, scope: 7 },
    { ...good, scope: 'x'.repeat(256) },
    { ...good, pid: 'p' },
    { ...good, joins: 0 },
    { ...good, joins: 1.5 },
    { ...good, joins: per + 1 },
    { ...good, joins: '1' },
  ]
  for (const value of bad) assert.not(isGroupEntry(value))
  assert.ok(isGroupEntry(good))
  assert.is(groupKey(() => 1).tag, 'error')
})

test('scopes that others make up leave nothing when they are gone', () => {
  const scene = new Scene()
  for (let n = 0; n < 1_000; n++) {
    const entry = { ...entryOf(remote(n)), scope: `s${n}` }
    scene.say(other, entry)
    scene.unsay(other, entry)
  }
  assert.ok(scene.groups.open('s7'))
  assert.equal(scene.groups.scope('s7').groups(), [])
})

test('the table is read again: what was missed is made good', async () => {
  const scene = new Scene()
  const [stays, went, came] = [entryOf(remote(1)), entryOf(remote(2)), entryOf(remote(3), 2)]
  scene.say(other, stays)
  scene.say(other, went)
  scene.others.set(other, new Map([stays, came].map((entry) => [keyFor(entry), entry])))
  scene.groups.reread()
  assert.equal(scene.members('g'), [stays.pid, came.pid, came.pid])
  scene.others.clear()
  scene.groups.reread()
  assert.equal(scene.members('g'), [])
})

test.run()

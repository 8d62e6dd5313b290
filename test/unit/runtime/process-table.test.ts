/** Slots, serials and names: nothing of a process is ever mistaken for another. */
import fc from 'fast-check'
import {
  BadArgument,
  isAlive,
  isDown,
  messageQueueLength,
  nodeOf,
  type Pid,
  pidKey,
  process,
  processes,
  send,
  spawn,
  startRuntime,
  whereis,
} from '../../../runtime/index.ts'
import { Process, recordOfPid, systemOf } from '../../../runtime/kernel.ts'
import { ProcessTable } from '../../../runtime/process-table.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { realNode, simNode } from './node-fixture.ts'

const test = suite('process table')

const idle = process('idle', (self) => self.receive())

test('what is no pid is refused', () => {
  for (const read of [nodeOf, pidKey]) {
    assert.throws(() => Reflect.apply(read, null, ['a@host']), /expected a pid, got "a@host"/)
  }
})

test('under any adding and removing, (index, serial) never comes again and finds its own', () => {
  const { system } = simNode()
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(-1), fc.nat(20)), { maxLength: 200 }), (steps) => {
      const table = new ProcessTable()
      const live: Process[] = []
      const dead: Process[] = []
      const keys = new Set<string>()
      for (const step of steps) {
        if (step < 0) {
          const index = table.claim()
          if (index === undefined) throw new Error('full')
          const added = new Process(system, index, table.serialFor(index), 'x', null, false)
          table.put(added)
          const key = `${added.index}.${added.serial}`
          assert.not(keys.has(key), `${key} came again`)
          keys.add(key)
          live.push(added)
        } else if (live.length > 0) {
          const [gone] = live.splice(step % live.length, 1)
          if (gone === undefined) continue
          table.remove(gone)
          // A second removal must not free the slot of whoever has it next.
          table.remove(gone)
          dead.push(gone)
        }
        assert.is(table.size, live.length)
      }
      for (const one of live) assert.is(table.find(one.index, one.serial), one)
      for (const one of dead) assert.is(table.find(one.index, one.serial), undefined)
      assert.equal(new Set(table), new Set(live))
    }),
    { numRuns: 200 },
  )
})

test('a slot used again gives a new pid; the old one stays dead', async () => {
  const { node } = realNode()
  const seen = new Set<string>()
  const old: Pid[] = []
  await node.run(async (self) => {
    for (let i = 0; i < 100; i++) {
      const pid = spawn(self, idle)
      assert.not(seen.has(pidKey(pid)))
      seen.add(pidKey(pid))
      old.push(pid)
      self.exit(pid, 'kill')
    }
    const present = spawn(self, idle)
    for (const pid of old) {
      assert.not(isAlive(self, pid))
      assert.is(send(pid, 'lost'), true)
      self.exit(pid, 'kill')
    }
    await turn()
    assert.ok(isAlive(self, present))
    assert.is(messageQueueLength(self, present), 0)
    assert.is(messageQueueLength(self, old[0]!), undefined)
  })
  const indices = new Set(old.map((pid) => recordOfPid(pid).index))
  assert.ok(indices.size < 10, 'slots are used again')
})

test('processes lists the living', async () => {
  const { node } = realNode()
  const pids = [spawn(node, idle), spawn(node, idle), spawn(node, idle)]
  await turn()
  await node.run((self) => self.exit(pids[1]!, 'kill'))
  assert.equal(new Set(processes(node)), new Set([pids[0], pids[2]]))
})

test('a pid shows what it is and hides what is behind it', () => {
  const { node } = realNode()
  const pid = spawn(node, idle)
  assert.match(pidKey(pid), /^<a@host\.\d+\.\d+\.\d+>$/)
  assert.is(String(pid), pidKey(pid))
  assert.is(JSON.stringify({ pid }), JSON.stringify({ pid: pidKey(pid) }))
  assert.is(nodeOf(pid), 'a@host')
  assert.equal(Reflect.ownKeys(pid), [])
})

test('names: one per process, one process per name, free at death', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    self.register('one')
    assert.is(whereis(node, 'one'), self.pid)
    assert.throws(() => self.register('two'), /already has the name 'one'/)
    const other = spawn(self, idle, undefined, { name: 'other' })
    assert.throws(() => spawn(self, idle, undefined, { name: 'other' }), /'other' is taken/)
    self.unregister('one')
    assert.is(whereis(node, 'one'), undefined)
    assert.throws(() => self.unregister('one'), /nobody has the name 'one'/)
    const ref = self.monitor({ tag: 'local', name: 'other' })
    self.exit(other, 'kill')
    assert.is(whereis(node, 'other'), undefined)
    const down = await self.receive(isDown(ref))
    assert.equal(down.target, { tag: 'at', node: 'a@host', name: 'other' })
    self.register('other')
  })
  assert.is(whereis(node, 'other'), undefined, 'the end of a process frees its name')
})

test('a spawn refused for its name leaves no process', async () => {
  const { node, system } = realNode()
  let began = 0
  const counting = process('counting', (self) => {
    began++
    return self.receive()
  })
  spawn(node, counting, undefined, { name: 'taken' })
  const before = system.processes.size
  for (const name of ['taken', '', 'x'.repeat(256)]) {
    assert.throws(
      () => spawn(node, counting, undefined, { name }),
      (error: unknown) => error instanceof BadArgument,
    )
  }
  await turn()
  assert.is(system.processes.size, before)
  assert.is(began, 1)
})

test('a pid of another node object is translated, never short-circuited', async () => {
  const { node } = realNode()
  const other = startRuntime({ name: 'b@host' })
  cleanup(() => other.stop())
  const mail: unknown[] = []
  const theirs = spawn(
    other,
    process('theirs', async (self) => {
      for (;;) mail.push(await self.receive())
    }),
  )
  const sent: string[] = []
  systemOf(node).route = {
    deliver(name, _sender, signal) {
      sent.push(`${name} ${signal.tag}`)
      return true
    },
    holdWhileBusy: () => undefined,
  }
  assert.throws(() => isAlive(node, theirs), /another node/)
  await node.run((self) => {
    self.send(theirs, 'hello')
    self.exit(theirs, 'kill')
    self.link(theirs)
    self.monitor(theirs)
  })
  await turn()
  assert.equal(mail, [])
  assert.ok(isAlive(other, theirs))
  // The end of the process tells its link too.
  assert.equal(sent, [
    'b@host send',
    'b@host exit',
    'b@host link',
    'b@host monitor',
    'b@host demonitor',
    'b@host linkExit',
  ])
})

test('a pid of an earlier life of the node is dead', async () => {
  const { node, system } = realNode()
  const earlier = startRuntime({ name: 'a@host' })
  cleanup(() => earlier.stop())
  const old = spawn(earlier, idle)
  const present = spawn(node, idle)
  const { index, serial } = recordOfPid(present)
  const interned = system.pidFor({ node: 'a@host', creation: system.creation + 1, index, serial })
  for (const pid of [old, interned]) {
    if (pid === undefined) throw new Error('no pid')
    assert.not(isAlive(node, pid))
    const reason = await node.run(async (self) => {
      self.send(pid, 'lost')
      const ref = self.monitor(pid)
      return (await self.receive(isDown(ref))).reason
    })
    assert.is(reason, 'noproc')
  }
  assert.is(messageQueueLength(node, present), 0)
  assert.ok(isAlive(earlier, old))
})

test('remote pids: one object for equal parts, another for any that differs', () => {
  const { system } = realNode()
  const parts = { node: 'b@host', creation: 7, index: 1, serial: 2 }
  const pid = system.pidFor({ ...parts })
  assert.is(system.pidFor({ ...parts }), pid)
  const others = [
    { ...parts, node: 'c@host' },
    { ...parts, creation: 8 },
    { ...parts, index: 2 },
    { ...parts, serial: 3 },
    // Would be the same text as another if the parts were joined carelessly.
    { ...parts, node: 'b@host.7', creation: 1, index: 2, serial: 2 },
    { ...parts, node: 'b@host', creation: 71, index: 2, serial: 2 },
  ].map((other) => system.pidFor(other))
  assert.is(new Set([pid, ...others]).size, others.length + 1)
})

test('the pid of a process here is its own, whoever names it', () => {
  const { node, system } = realNode()
  const pid = spawn(node, idle)
  assert.is(system.pidFor({ ...recordParts(pid) }), pid)
})

function recordParts(pid: Pid) {
  const { node, creation, index, serial } = recordOfPid(pid)
  return { node, creation, index, serial }
}

test('a reference that was printed or sent is found again, as itself', async () => {
  const { node, system } = realNode()
  await node.run((self) => {
    const ref = self.monitor(spawn(self, idle))
    const parts = { node: ref.node, creation: ref.creation, id: ref.id }
    assert.is(system.refFor(parts), ref)
    assert.is(ref.id, parts.id)
    const timer = self.sendAfter(1_000, self.pid, 'x')
    assert.is.not(timer.id, ref.id)
    assert.is(system.refFor({ ...parts, id: timer.id }), timer)
    self.cancelTimer(timer)
    const unknown = system.refFor({ ...parts, id: 999_999 })
    assert.is.not(unknown, ref)
    const foreign = system.refFor({ ...parts, node: 'b@host' })
    assert.is.not(foreign, ref)
    assert.not(self.demonitor(foreign))
    const old = system.refFor({ ...parts, creation: parts.creation + 1 })
    assert.is.not(old, ref)
  })
})

test.run()

/** Work and messages at a later time: exact, without drift, ended with what they belong to. */
import {
  isDown,
  type Pid,
  process,
  processes,
  type Self,
  spawn,
  spawnMonitor,
  startRuntime,
} from '../../../../runtime/index.ts'
import { systemOf } from '../../../../runtime/kernel.ts'
import { simPlatform, World } from '../../../../runtime/platform/sim.ts'
import {
  applyAfter,
  applyInterval,
  cancelTimer,
  local,
  Registry,
  register,
  sendInterval,
  start,
  via,
} from '../../../../stdlib/index.ts'
import { inProcess, noMail, virtualNode } from '../../../conformance/otp/one-node.ts'
import { pass } from '../../../conformance/otp/tree.ts'
import { assert, cleanup, suite } from '../../../support/harness.ts'
import { turn, until } from '../../../support/until.ts'

const test = suite('timer')

const Notes = process('timer.notes', (self, arg: { to: Pid; note: string }) => {
  self.send(arg.to, { note: arg.note, by: self.pid })
})

const Waits = process('timer.waits', async (self) => {
  await self.receive()
})

async function note(self: Self): Promise<string> {
  const got = await self.receive(
    (message): message is { note: string } =>
      typeof message === 'object' && message !== null && 'note' in message,
  )
  return got.note
}

test('applyAfter starts a process at its time', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    applyAfter(self, 250, Notes, { to: self.pid, note: 'late' })
    applyAfter(self, 100, Notes, { to: self.pid, note: 'early' })
    assert.is(await note(self), 'early')
    assert.is(world.nowMs, 100)
    assert.is(await note(self), 'late')
    assert.is(world.nowMs, 250)
  })
})

test('applyAfter outlives who set it, and belongs to nobody', async () => {
  await virtualNode().run(async (self) => {
    const sets = process('timer.sets', (own) => {
      applyAfter(own, 50, Notes, { to: self.pid, note: 'from the dead' })
    })
    const { ref } = spawnMonitor(self, sets)
    await self.receive(isDown(ref))
    assert.is(await note(self), 'from the dead')
  })
})

test('a cancelled applyAfter starts nothing and tells what was left', async () => {
  await virtualNode().run(async (self) => {
    const timer = applyAfter(self, 100, Notes, { to: self.pid, note: 'never' })
    await pass(self, 30)
    assert.is(cancelTimer(self, timer), 70)
    assert.is(cancelTimer(self, timer), false)
    await pass(self, 200)
    assert.ok(noMail(self))
  })
})

test('an interval ticks at whole multiples of its period', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    await pass(self, 13)
    const interval = sendInterval(self, 30, self.pid, 'tick')
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      await self.receive()
      times.push(world.nowMs - 13)
    }
    assert.equal(times, [30, 60, 90, 120, 150])
    cancelTimer(self, interval)
  })
})

test('lateness does not add up, and what was missed is left out', async () => {
  const world = new World(1)
  const platform = simPlatform(world)
  let lateMs = 0
  const clock = { ...platform.clock, now: () => world.nowMs + lateMs }
  const node = startRuntime({ name: 'late@host', platform: { ...platform, clock }, quiet: true })
  cleanup(() => node.stop())
  const times: number[] = []
  const over = node.run(async (self) => {
    sendInterval(self, 10, self.pid, 'tick')
    while (times.length < 5) {
      await self.receive()
      times.push(clock.now())
      // The event loop is held until 45, and its timer for 30 comes 10 after that.
      if (times.length === 2) lateMs += 25
    }
  })
  await turn()
  while (times.length < 5 && world.advance()) await turn()
  await over
  assert.equal(times, [10, 20, 55, 60, 70])
})

test('real intervals are never early', () =>
  inProcess(async (self) => {
    const startMs = performance.now()
    const interval = sendInterval(self, 4, self.pid, 'tick')
    for (let n = 1; n <= 8; n++) {
      await self.receive()
      assert.ok(performance.now() - startMs >= 4 * n)
    }
    cancelTimer(self, interval)
  }))

test('an interval ends with its receiver, however that ends', async () => {
  const { node, run } = virtualNode()
  await run(async (self) => {
    for (const reason of ['normal', 'kill'] as const) {
      const target = spawn(self, Waits)
      const interval = sendInterval(self, 3_600_000, target, 'tick')
      const ref = self.monitor(interval)
      await self.yield()
      if (reason === 'normal') self.send(target, 'end')
      else self.exit(target, reason)
      assert.is((await self.receive(isDown(ref))).reason, 'normal')
    }
    assert.is(processes(node).length, 1)
  })
})

test('nothing stays armed for an interval that has ended', async () => {
  const { world, node, run } = virtualNode()
  await run(async (self) => {
    const target = spawn(self, Waits)
    const interval = sendInterval(self, 3_600_000, target, 'tick')
    const ref = self.monitor(interval)
    self.exit(target, 'kill')
    await self.receive(isDown(ref))
  })
  while (world.advance()) await turn()
  assert.ok(world.nowMs < 3_600_000, `${world.nowMs}`)
  assert.is(processes(node).length, 0)
})

test('an interval for the dead ends at once', () =>
  inProcess(async (self) => {
    const { pid, ref } = spawnMonitor(self, Waits)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    const held = self.monitor(sendInterval(self, 3_600_000, pid, 'tick'))
    assert.is((await self.receive(isDown(held))).reason, 'normal')
  }))

test('an interval does not end with who set it for another', async () => {
  await virtualNode().run(async (self) => {
    const sets = process('timer.sets', (own) => {
      sendInterval(own, 10, self.pid, 'tick')
    })
    const { ref } = spawnMonitor(self, sets)
    await self.receive(isDown(ref))
    for (let n = 0; n < 3; n++) assert.is(await self.receive(), 'tick')
  })
})

test('a name is resolved when the interval is set', async () => {
  await virtualNode().run(async (self) => {
    await start(self, Registry, { keys: 'unique' }, { name: 'r' })
    register(self, 'r', 'me')
    self.register('mine')
    const names = [
      local(Waits, 'mine'),
      via(Waits, 'r', 'me'),
      { tag: 'at', node: self.node, name: 'mine' } as const,
    ]
    const intervals = names.map((name) => sendInterval(self, 10, name, name.tag))
    self.unregister('mine')
    const got = [await self.receive(), await self.receive(), await self.receive()]
    assert.equal(new Set(got), new Set(['local', 'via', 'at']))
    for (const interval of intervals) cancelTimer(self, interval)
    assert.throws(
      () => sendInterval(self, 10, local(Waits, 'mine'), 'x'),
      /nobody has the name "mine"/,
    )
    assert.throws(() => sendInterval(self, 10, via(Waits, 'r', 'no'), 'x'), /nobody has the name/)
  })
})

test('cancelling stops the ticks, by anyone of the node', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const interval = sendInterval(self, 100, self.pid, 'tick')
    await self.receive()
    const remaining: unknown[] = []
    const cancels = process('timer.cancels', async (own) => {
      await pass(own, 40)
      remaining.push(cancelTimer(own, interval), cancelTimer(own, interval))
    })
    const { ref } = spawnMonitor(self, cancels)
    await self.receive(isDown(ref))
    assert.equal(remaining, [60, false])
    await pass(self, 500)
    assert.ok(noMail(self))
    assert.is(world.nowMs, 640)
  })
})

test('cancelling what is no timer of this node stops nothing', () =>
  inProcess(async (self) => {
    const other = startRuntime({ name: 'other@localhost', quiet: true })
    cleanup(() => other.stop())
    const stranger = spawn(other, Waits)
    const theirs = sendInterval(other, 5, stranger, 'tick')
    for (const timer of [self.pid, stranger, theirs, self.monitor(self.pid)]) {
      assert.is(cancelTimer(self, timer), false)
    }
    const mine = self.sendAfter(50_000, self.pid, 'x')
    assert.is(cancelTimer(other, mine), false)
    assert.ok(Number(cancelTimer(self, mine)) > 0)
    for (const bad of [undefined, null, 7, 'timer', {}]) {
      const cancel = (): unknown => Reflect.apply(cancelTimer, null, [self, bad])
      assert.throws(cancel, /cancelTimer: expected a reference or a pid/)
    }
    assert.is(typeof cancelTimer(other, theirs), 'number')
  }))

test('applyInterval starts a process at each tick, until its caller ends', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const sets = process('timer.sets', async (own) => {
      applyInterval(own, 20, Notes, { to: self.pid, note: 'tick' })
      await own.receive()
    })
    const pid = spawn(self, sets)
    for (let n = 1; n <= 4; n++) {
      assert.is(await note(self), 'tick')
      assert.is(world.nowMs, 20 * n)
    }
    self.exit(pid, 'kill')
    await pass(self, 500)
    assert.ok(noMail(self))
  })
})

test('applyInterval does not wait for what it started', async () => {
  const { node, run } = virtualNode()
  await run(async (self) => {
    const interval = applyInterval(self, 10, Waits)
    await pass(self, 55)
    assert.is(processes(node).length, 1 + 1 + 5)
    cancelTimer(self, interval)
  })
})

test('host code sets and cancels timers too', async () => {
  const node = startRuntime({ name: 'host@localhost', quiet: true })
  cleanup(() => node.stop())
  const seen: string[] = []
  const Sees = process('timer.sees', (_self, what: string) => {
    seen.push(what)
  })
  const interval = applyInterval(node, 2, Sees, 'interval')
  applyAfter(node, 1, Sees, 'once')
  await until('both have come', () => seen.includes('once') && seen.includes('interval'))
  assert.is(typeof cancelTimer(node, interval), 'number')
  const waits = spawn(node, Waits)
  const first = sendInterval(node, 2, waits, 'tick')
  await until('the interval ended with its receiver', () => !processes(node).includes(first))
})

test('a process that cannot be started is reported, and the interval goes on', async () => {
  const world = new World(1)
  const node = startRuntime({ name: 'full@host', platform: simPlatform(world), quiet: true })
  cleanup(() => node.stop())
  const logs: string[] = []
  node.observe((event) => event.tag === 'log' && logs.push(event.message))
  const { processes: table } = systemOf(node)
  const claim = table.claim.bind(table)
  applyInterval(node, 10, Waits)
  applyAfter(node, 10, Waits)
  await turn()
  Object.assign(table, { claim: () => undefined })
  while (world.advance(10)) await turn()
  assert.equal(logs, Array(2).fill('a timer could not start its process'))
  Object.assign(table, { claim })
  while (world.advance(20)) await turn()
  assert.is(processes(node).length, 2)
})

test('an interval for a node that cannot be reached ends', () =>
  inProcess(async (self) => {
    const far = { tag: 'at', node: 'far@host', name: 'n' } as const
    const interval = sendInterval(self, 3_600_000, far, 'tick')
    assert.is((await self.receive(isDown(self.monitor(interval)))).reason, 'normal')
  }))

test('bad periods, targets and modules are refused, naming them', () =>
  inProcess((self) => {
    for (const everyMs of [0, 0.5, -1, Number.NaN, Infinity, 2 ** 32]) {
      assert.throws(() => sendInterval(self, everyMs, self.pid, 'x'), /sendInterval: expected 1 to/)
      assert.throws(() => applyInterval(self, everyMs, Waits), /applyInterval: expected 1 to/)
    }
    for (const ms of [-1, Number.NaN, Infinity, 2 ** 32]) {
      assert.throws(() => applyAfter(self, ms, Waits), /applyAfter: /)
    }
    const apply = (fn: (...given: never[]) => unknown, ...given: unknown[]): unknown =>
      Reflect.apply(fn, null, given)
    for (const bad of [undefined, null, 'timer.waits', () => 1, {}]) {
      assert.throws(() => apply(applyAfter, self, 1, bad), /module: expected a module/)
      assert.throws(() => apply(applyInterval, self, 1, bad), /module: expected a module/)
      assert.throws(() => apply(sendInterval, self, 1, bad, 'x'), /expected a pid or a name/)
    }
    assert.throws(() => sendInterval(self, 1, self.pid, () => 1), /function cannot be sent/)
    const Takes = process('timer.takes', (_self, fn: () => number) => fn())
    assert.throws(() => applyAfter(self, 1, Takes, () => 1), /function cannot be sent/)
  }))

test.run()

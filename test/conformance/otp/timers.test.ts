/**
 * Timers (rules T1 to T8): exact on the virtual platform, never early on the real one. `sendAfter`
 * delivers the message itself; OTP's `start_timer` form is what a message with a reference is.
 */
import { isDown, process, spawn, spawnMonitor, startRuntime } from '../../../runtime/index.ts'
import { simPlatform, World } from '../../../runtime/platform/sim.ts'
import { assert, cleanup, suite } from '../../support/harness.ts'
import { inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: timers')

const waits = process('waits', async (self) => {
  await self.receive((message) => message === 'end')
})

test('T1 a timer of 0 fires', () =>
  inProcess(async (self) => {
    self.sendAfter(0, self.pid, 'now')
    assert.is(await self.receive(), 'now')
  }))

test('T1 a bad duration or target is refused, naming it', () =>
  inProcess((self) => {
    const sendAfter = (...given: unknown[]): unknown => Reflect.apply(self.sendAfter, self, given)
    for (const ms of [-1, -0.5, Number.NaN, 2 ** 32, '5', 5n, null, undefined]) {
      assert.throws(() => sendAfter(ms, self.pid, 'x'), /sendAfter: expected 0 to/)
    }
    assert.throws(() => sendAfter(Number.POSITIVE_INFINITY, self.pid, 'x'), /Infinity/)
    const elsewhere = { tag: 'at', node: 'far@localhost', name: 'n' } as const
    assert.throws(() => sendAfter(1, elsewhere, 'x'), /must be on this node/)
    for (const target of [null, undefined, 'name', 7, {}, self.alias(), { tag: 'at', name: 'n' }]) {
      assert.throws(() => sendAfter(1, target, 'x'), /sendAfter: expected a pid or a name, got/)
    }
    assert.throws(() => sendAfter(1, self.pid, () => 'x'), /function cannot be sent/)
  }))

test('T1 a pid of another node is no target', async () => {
  const far = startRuntime({ name: 'far@localhost', quiet: true })
  cleanup(() => far.stop())
  const stranger = spawn(far, waits)
  await inProcess((self) => {
    assert.throws(() => self.sendAfter(1, stranger, 'x'), /must be on this node/)
  })
})

test('T2 virtual timers fire at their moment exactly', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const startMs = world.nowMs
    const durations = [0, 1, 7, 7.5, 100, 3_600_000, 2 ** 32 - 1]
    for (const ms of durations) self.sendAfter(ms, self.pid, { ms })
    for (const ms of durations) {
      assert.equal(await self.receive(), { ms })
      assert.is(world.nowMs - startMs, ms)
    }
  })
})

test('T2 real timers are never early', () =>
  inProcess(async (self) => {
    const startsMs = new Map<number, number>()
    for (let n = 0; n < 50; n++) {
      startsMs.set(n, performance.now())
      self.sendAfter(7, self.pid, n)
    }
    for (let count = 0; count < 50; count++) {
      const n = Number(await self.receive())
      const tookMs = performance.now() - (startsMs.get(n) ?? Number.POSITIVE_INFINITY)
      assert.ok(tookMs >= 7, `${tookMs} ms`)
    }
  }))

test('T2 real receive timeouts are never early', () =>
  inProcess(async (self) => {
    for (const timeoutMs of [1, 3, 7, 20]) {
      const startMs = performance.now()
      await self.receive(null, { timeoutMs, otherwise: null })
      assert.ok(performance.now() - startMs >= timeoutMs)
    }
  }))

test('T3 cancelling gives what remained, and no message comes', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const timer = self.sendAfter(100, self.pid, 'cancelled')
    self.sendAfter(40, self.pid, 'probe')
    await self.receive()
    assert.is(self.cancelTimer(timer), 60)
    assert.is(self.cancelTimer(timer), false)
    self.sendAfter(500, self.pid, 'last')
    assert.is(await self.receive(), 'last')
    assert.is(world.nowMs, 540)
    assert.ok(noMail(self))
  })
})

test('T3 cancelling a fired or unknown timer gives false', () =>
  inProcess(async (self) => {
    const timer = self.sendAfter(0, self.pid, 'fired')
    await self.receive()
    assert.is(self.cancelTimer(timer), false)
    assert.is(self.cancelTimer(self.monitor(self.pid)), false)
  }))

test('T3 false means that the message is there or was', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const timer = self.sendAfter(50, self.pid, 'fired')
    await self.receive((message) => message === 'never', { timeoutMs: 60, otherwise: null })
    assert.is(self.cancelTimer(timer), false)
    assert.is(self.receive(null, { timeoutMs: 0, otherwise: null }), 'fired')
  })
})

test('T3 what is no reference is refused', () =>
  inProcess((self) => {
    for (const bad of [null, undefined, 7, 'timer', self.pid, {}]) {
      const cancelling = (): unknown => Reflect.apply(self.cancelTimer, self, [bad])
      assert.throws(cancelling, /cancelTimer: expected a reference, got/)
    }
    assert.is(self.cancelTimer(self.alias()), false)
  }))

test('T3 any process of the node may cancel a timer', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const timer = self.sendAfter(100, self.pid, 'cancelled')
    const canceller = process('cancels', async (own) => {
      own.send(self.pid, { remaining: own.cancelTimer(timer) })
    })
    spawn(self, canceller)
    assert.equal(await self.receive(), { remaining: 100 })
  })
})

test('T3 a process of another node cannot cancel it', async () => {
  const { run } = virtualNode()
  const other = oneNode([], { name: 'other@localhost' })
  await run(async (self) => {
    const timer = self.sendAfter(100, self.pid, 'fires')
    assert.is(await other.run((foreign) => foreign.cancelTimer(timer)), false)
    assert.is(await self.receive(), 'fires')
  })
})

test('T3 many cancelled timers leave the others exact', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const timers = Array.from({ length: 500 }, (_, n) => self.sendAfter(1 + n, self.pid, { n }))
    for (const [n, timer] of timers.entries()) if (n % 5 !== 0) self.cancelTimer(timer)
    for (let n = 0; n < 500; n += 5) {
      assert.equal(await self.receive(), { n })
      assert.is(world.nowMs, 1 + n)
    }
    assert.ok(noMail(self))
  })
})

test('T5 a timer for a process that died meanwhile does nothing', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const { pid, ref } = spawnMonitor(self, waits)
    self.sendAfter(50, pid, 'too late')
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    self.sendAfter(60, self.pid, 'after')
    assert.is(await self.receive(), 'after')
  })
})

test('T5 a name is looked up when the timer fires', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const name = { tag: 'local', name: 'heir' } as const
    const first = spawnMonitor(self, waits, undefined, { name: 'heir' })
    self.sendAfter(50, name, 'to whoever is there')
    self.sendAfter(90, name, 'to nobody')
    self.exit(first.pid, 'kill')
    await self.receive(isDown(first.ref))
    self.register('heir')
    assert.is(await self.receive(), 'to whoever is there')
    self.unregister('heir')
    self.sendAfter(100, self.pid, 'after')
    assert.is(await self.receive(), 'after')
  })
})

test("T6 the creator's death does not stop a timer", async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const creator = process('creates', async (own) => {
      own.sendAfter(50, self.pid, 'from the dead')
    })
    const { ref } = spawnMonitor(self, creator)
    await self.receive(isDown(ref))
    assert.is(await self.receive(), 'from the dead')
  })
})

test('T7 earlier deadlines fire first', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const durations = [50, 10, 40, 1, 30, 2, 20]
    for (const ms of durations) self.sendAfter(ms, self.pid, ms)
    const fired: unknown[] = []
    for (const _ of durations) fired.push(await self.receive())
    assert.equal(fired, [1, 2, 10, 20, 30, 40, 50])
  })
})

test('T8 a step of the wall clock moves no timer', async () => {
  const world = new World(3)
  const platform = simPlatform(world)
  let wallMs = 1_000_000
  const clock = { ...platform.clock, wallMs: () => wallMs }
  const node = startRuntime({ name: 'one@localhost', platform: { ...platform, clock } })
  cleanup(() => node.stop())
  let firedMs: number | null = null
  const over = node.run(async (self) => {
    self.sendAfter(1_000, self.pid, 'tick')
    await self.receive()
    firedMs = world.nowMs
  })
  await new Promise(setImmediate)
  for (wallMs -= 500_000; world.advance(); wallMs += 77_777) await new Promise(setImmediate)
  await over
  assert.is(firedMs, 1_000)
})

test.run()

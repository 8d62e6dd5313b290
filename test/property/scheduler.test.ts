/**
 * The scheduler alone, under random waking, charging and choosing: nobody lost, nobody run twice,
 * high before normal; and the real platform's timers while actors flood it.
 */
import {
  pidKey,
  process,
  type Ref,
  type Self,
  spawn,
  spawnMonitor,
  startRuntime,
} from '../../runtime/index.ts'
import { Process, systemOf } from '../../runtime/kernel.ts'
import type { Random, Turn } from '../../runtime/platform/platform.ts'
import { seededRandom, simPlatform, World } from '../../runtime/platform/sim.ts'
import { DEAD, QUEUED } from '../../runtime/process.ts'
import { Scheduler } from '../../runtime/scheduler.ts'
import { call, cast, genServer, next, reply, start } from '../../stdlib/index.ts'
import { assert, cleanup, suite, useSeed } from '../support/harness.ts'

const test = suite('scheduler')

/** Turns drawn by seed, taken one by one by the test: `soon` and `later` in any order. */
class Turns implements Turn {
  readonly checkEvery: number
  readonly pending: (() => void)[] = []
  laters = 0
  readonly #random: Random
  #left = 0

  constructor(random: Random, checkEvery: number) {
    this.#random = random
    this.checkEvery = checkEvery
  }

  soon(fn: () => void): void {
    this.pending.push(fn)
  }

  later(fn: () => void): void {
    this.laters++
    this.pending.push(fn)
  }

  sliceStart(): void {
    this.#left = 1 + Math.floor(this.#random.unit() * 3)
  }

  sliceOver(): boolean {
    this.#left--
    return this.#left < 0
  }

  pick(runnable: number): number {
    return Math.floor(this.#random.unit() * runnable)
  }

  take(): boolean {
    const at = Math.floor(this.#random.unit() * this.pending.length)
    const [fn] = this.pending.splice(at, 1)
    fn?.()
    return fn !== undefined
  }
}

function processesOf(count: number): Process[] {
  const system = systemOf(startRuntime({ name: 'a@host', platform: simPlatform(new World(1)) }))
  return Array.from({ length: count }, (_, i) => new Process(system, i, 1, 'x', null, i % 4 === 0))
}

for (const checkEvery of [1, 3]) {
  test(`random waking, charging and picking, a check every ${checkEvery}`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      useSeed(seed)
      const random = seededRandom(seed)
      const below = (n: number): number => Math.floor(random.unit() * n)
      const all = processesOf(12)
      const turns = new Turns(random, checkEvery)
      const owed = new Map(all.map((one) => [one, 0]))
      let running: Process | null = null
      let wakes = 0
      const wake = (one: Process): void => {
        wakes++
        if ((one.flags & (QUEUED | DEAD)) === 0) owed.set(one, (owed.get(one) ?? 0) + 1)
        scheduler.wake(one)
      }
      const scheduler = new Scheduler(turns, (one) => {
        assert.is(running, null, 'two run at once')
        running = one
        assert.is(one.flags & (QUEUED | DEAD), 0)
        owed.set(one, (owed.get(one) ?? 0) - 1)
        for (let i = below(3); i > 0 && wakes < 300; i--) wake(all[below(all.length)]!)
        for (let i = below(4); i > 0; i--) scheduler.charge()
        if (below(20) === 0) kill(all[below(all.length)]!)
        running = null
      })
      const kill = (one: Process): void => {
        one.flags |= DEAD
        owed.set(one, 0)
      }
      while (wakes < 100) {
        wake(all[below(all.length)]!)
        if (below(5) === 0) turns.take()
        if (below(3) === 0) scheduler.charge()
      }
      let rounds = 0
      while (turns.take()) assert.ok(++rounds < 10_000, 'it never comes to rest')
      assert.not(scheduler.busy)
      for (const [one, count] of owed) assert.is(count, 0, `${pidKey(one.pid)} is owed ${count}`)
    }
  })
}

test('high goes before normal, first in first out within each', () => {
  const all = processesOf(12)
  const order: number[] = []
  const pending: (() => void)[] = []
  const turn: Turn = {
    soon: (fn) => pending.push(fn),
    later: (fn) => pending.push(fn),
    checkEvery: 128,
    sliceStart: () => undefined,
    sliceOver: () => false,
    pick: () => 0,
  }
  const scheduler = new Scheduler(turn, (one) => {
    order.push(one.index)
    // One of high priority that is woken meanwhile goes before all that wait.
    if (one.index === 1) scheduler.wake(all[0]!)
  })
  for (const one of all) scheduler.wake(one)
  assert.is(pending.length, 1, 'one run is asked for')
  pending.shift()?.()
  assert.equal(order, [0, 4, 8, 1, 0, 2, 3, 5, 6, 7, 9, 10, 11])
  assert.is(pending.length, 0)
})

test('when the slice is over all wait for one later turn, inline work included', () => {
  const all = processesOf(3)
  const pending: (() => void)[] = []
  let laters = 0
  let over = false
  const turn: Turn = {
    soon: (fn) => pending.push(fn),
    later: (fn) => {
      laters++
      pending.push(fn)
    },
    checkEvery: 1,
    sliceStart: () => {
      over = false
    },
    sliceOver: () => over,
    pick: () => 0,
  }
  const ran: number[] = []
  const scheduler = new Scheduler(turn, (one) => {
    ran.push(one.index)
    over = true
  })
  for (const one of all) scheduler.wake(one)
  pending.shift()?.()
  assert.equal(ran, [0])
  assert.not(scheduler.charge())
  assert.not(scheduler.charge())
  scheduler.wake(all[0]!)
  assert.is(laters, 1)
  assert.is(pending.length, 1)
  pending.shift()?.()
  assert.equal(ran, [0, 0], 'of high priority, so it is first again')
  assert.is(laters, 2)
})

test('a dispatch that throws takes nobody else’s turn', () => {
  const all = processesOf(4)
  const pending: (() => void)[] = []
  const turn: Turn = {
    soon: (fn) => pending.push(fn),
    later: (fn) => pending.push(fn),
    checkEvery: 128,
    sliceStart: () => undefined,
    sliceOver: () => false,
    pick: () => 0,
  }
  const ran: number[] = []
  const scheduler = new Scheduler(turn, (one) => {
    ran.push(one.index)
    if (one.index === 1) throw new Error('a mistake of the runtime')
  })
  for (const one of all) scheduler.wake(one)
  let thrown = 0
  while (pending.length > 0) {
    try {
      pending.shift()?.()
    } catch {
      thrown++
    }
  }
  assert.is(thrown, 1)
  assert.equal(ran, [0, 1, 2, 3])
})

type Loop = { calls: { get: () => null }; casts: { again: () => void } }

const Loop = genServer<Loop>('loop')({
  init: (_arg: void, self) => ({ self }),
  calls: { get: (state) => reply(null, state) },
  casts: {
    again: (state, _arg, self) => {
      cast(self, ownRef(self), 'again')
      return next(state)
    },
  },
})

function ownRef(self: Self): Ref<Loop> {
  return self.pid
}

type Flood = (self: Self, going: () => boolean) => unknown

const floods: Readonly<Record<string, Flood>> = {
  'mail to itself, received': async (self, going) => {
    while (going()) {
      self.send(self.pid, 1)
      await self.receive()
    }
  },
  'mail to itself, selected': async (self, going) => {
    self.send(self.pid, 'kept')
    while (going()) {
      self.send(self.pid, 1)
      await self.receive((message) => message === 1)
    }
  },
  'a generator with mail to itself': function* (self, going) {
    while (going()) {
      self.send(self.pid, 1)
      yield* self.take()
    }
  },
  'calls, one after another': async (self, going) => {
    const started = await start(self, Loop)
    if (started.tag !== 'ok') throw new Error('not started')
    while (going()) await call(self, started.pid, 'get')
  },
  'a server that casts to itself': async (self, going) => {
    const started = await start(self, Loop)
    if (started.tag !== 'ok') throw new Error('not started')
    cast(self, started.pid, 'again')
    while (going()) await self.yield()
  },
  'a ping-pong of two': async (self, going) => {
    const me = self.pid
    const echo = process('echo', async (own) => {
      for (;;) own.send(me, await own.receive())
    })
    const pid = spawn(self, echo)
    while (going()) {
      self.send(pid, 1)
      await self.receive()
    }
  },
  'processes born and gone': async (self, going) => {
    const brief = process('brief', () => undefined)
    while (going()) {
      spawnMonitor(self, brief)
      await self.receive()
    }
  },
}

for (const [name, flood] of Object.entries(floods)) {
  test(`timers fire during a flood: ${name}`, async () => {
    const node = startRuntime({ name: 'a@host' })
    cleanup(() => node.stop())
    const wanted = 20
    let fired = 0
    const tick = (): void => {
      fired++
      if (fired < wanted) setTimeout(tick, 1)
    }
    setTimeout(tick, 1)
    let asked = 0
    const going = (): boolean => {
      asked++
      // A flood that starves the timers would never end: the test then fails, as here.
      if (asked > 50_000_000) throw new Error('no timer had a chance')
      return fired < wanted
    }
    const program = process('flood', (self) => flood(self, going))
    await node.run(async (self) => {
      const { ref } = spawnMonitor(self, program)
      await self.receive((message) => isDownOf(message, ref))
    })
    assert.is(fired, wanted)
    assert.ok(asked > wanted)
  })
}

function isDownOf(message: unknown, ref: unknown): boolean {
  return typeof message === 'object' && message !== null && 'ref' in message && message.ref === ref
}

test.run()

/** Ends that concern very many: no stack to overflow, no turn that lasts, nothing told twice. */

import { FanOut } from '../../../runtime/fan-out.ts'
import {
  type DownMessage,
  isDown,
  type Pid,
  process,
  type Self,
  spawn,
  spawnLink,
} from '../../../runtime/index.ts'
import { Process, recordOfPid } from '../../../runtime/kernel.ts'
import { limits } from '../../../runtime/limits.ts'
import type { Turn } from '../../../runtime/platform/platform.ts'
import { linkLocal } from '../../../runtime/signals.ts'
import { assert, suite } from '../../support/harness.ts'
import { until } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('fan-out')
const slow = { deadlineMs: 30_000 }

const idle = process('idle', function* (self) {
  yield* self.take()
})

function recordOf(pid: Pid): Process {
  const record = recordOfPid(pid)
  if (!(record instanceof Process)) throw new Error('not of this node')
  return record
}

/** Counts the turns of the event loop, in which timers had their chance, until it is stopped. */
function turnCounter(): { turns: number; stop(): void } {
  let going = true
  const counter = {
    turns: 0,
    stop: () => {
      going = false
    },
  }
  const next = (): void => {
    counter.turns++
    if (going) setTimeout(next, 0)
  }
  setTimeout(next, 0)
  return counter
}

test(
  '50,000 monitors on one process: one DOWN each, and timers fire in between',
  async () => {
    const { node } = realNode()
    const count = 50_000
    const counter = turnCounter()
    const result = await node.run(async (self) => {
      const target = spawn(self, idle)
      const refs = new Set(Array.from({ length: count }, () => self.monitor(target)))
      await self.yield()
      const before = counter.turns
      self.exit(target, 'kill')
      let first = 0
      for (let i = 0; i < count; i++) {
        const down = await self.receive(isDown())
        assert.is(down.reason, 'killed')
        assert.ok(refs.delete(down.ref), 'a second DOWN of one monitor')
        if (i === 0) first = counter.turns
      }
      return { left: refs.size, turns: counter.turns - before, first: first - before }
    })
    counter.stop()
    assert.is(result.left, 0)
    assert.ok(result.turns >= 3, `only ${result.turns} turns while ${count} DOWNs were sent`)
    const rest = await node.run((self) => self.receive(null, { timeoutMs: 0, otherwise: 'none' }))
    assert.is(rest, 'none')
  },
  slow,
)

test(
  'a chain of 100,000 links dies to its end, and timers fire in between',
  async () => {
    const { node, system } = realNode()
    const before = system.processes.size
    const counter = turnCounter()
    const turnsTaken = await node.run(async (self) => {
      let last: Pid = spawn(self, idle)
      const first = last
      for (let i = 1; i < 100_000; i++) {
        const next = spawn(self, idle)
        linkLocal(recordOf(next), recordOf(last))
        last = next
        if (i % 5_000 === 0) await self.yield()
      }
      const ref = self.monitor(last)
      await self.yield()
      const start = counter.turns
      self.exit(first, 'boom')
      const down: DownMessage = await self.receive(isDown(ref))
      assert.is(down.reason, 'boom')
      return counter.turns - start
    })
    counter.stop()
    assert.ok(turnsTaken >= 3, `only ${turnsTaken} turns`)
    await until('all of the chain is gone', () => system.processes.size <= before)
  },
  slow,
)

test('other processes get their turns during a long fan-out', async () => {
  const { node } = realNode()
  const result = await node.run(async (self) => {
    const target = spawn(self, idle)
    for (let i = 0; i < 20_000; i++) self.monitor(target)
    const me = self.pid
    const probe = spawn(
      self,
      process('probe', async (own: Self) => {
        for (;;) own.send(me, await own.receive())
      }),
    )
    self.exit(target, 'kill')
    let downs = 0
    let downsAtPong = -1
    self.send(probe, 'pong')
    while (downs < 20_000) {
      const message = await self.receive()
      if (isDown()(message)) downs++
      else downsAtPong = downs
    }
    return downsAtPong
  })
  assert.ok(result >= 0 && result < 20_000, `the answer came after ${result} DOWNs`)
})

test(
  '100,000 processes that end together end, each heard of once',
  async () => {
    const { node, system } = realNode()
    const count = 100_000
    const heard = await node.run(async (self) => {
      self.trapExit(true)
      for (let i = 0; i < count; i++) {
        spawnLink(
          self,
          process('brief', () => undefined),
        )
        if (i % 10_000 === 0) await self.yield()
      }
      let exits = 0
      while (exits < count) {
        await self.receive()
        exits++
      }
      return exits + Number(await self.receive(null, { timeoutMs: 0, otherwise: 0 }))
    })
    assert.is(heard, count)
    assert.is(system.processes.size, 0)
  },
  slow,
)

test('what is linked, unlinked and monitored while its end waits to be told', async () => {
  const { node } = realNode()
  const heard = await node.run(async (self) => {
    self.trapExit(true)
    const [relinked, unlinked, unwatched] = [idle, idle, idle].map((body) => spawnLink(self, body))
    if (!relinked || !unlinked || !unwatched) throw new Error('not spawned')
    const ref = self.monitor(unwatched)
    self.unlink(unwatched)
    const crowd = spawn(self, idle)
    for (let i = 0; i < 5_000; i++) self.monitor(crowd)
    // The ends of the three wait behind the 5,000.
    for (const pid of [crowd, relinked, unlinked, unwatched]) self.exit(pid, 'boom')
    self.link(relinked)
    self.unlink(unlinked)
    assert.ok(self.demonitor(ref))
    const messages: unknown[] = []
    for (let i = 0; i < 5_001; i++) messages.push(await self.receive())
    messages.push(await self.receive(null, { timeoutMs: 20, otherwise: 'nothing more' }))
    const exits = messages.filter((message) => !isDown()(message))
    return { exits, relinked }
  })
  assert.equal(heard.exits, [{ tag: 'EXIT', from: heard.relinked, reason: 'boom' }, 'nothing more'])
})

/** Turns that the test itself takes from `pending`. */
function turnOn(pending: (() => void)[]): Turn {
  return {
    soon: (fn) => pending.push(fn),
    later: (fn) => pending.push(fn),
    checkEvery: 1,
    sliceStart: () => undefined,
    sliceOver: () => false,
    pick: () => 0,
  }
}

test('jobs run one after another, in order, a bounded number of steps per turn', async () => {
  const pending: (() => void)[] = []
  const fanOut = new FanOut(turnOn(pending))
  const log: string[] = []
  const job = (name: string, steps: number): void => {
    function* each(): Generator<() => void> {
      for (let i = 0; i < steps; i++) yield () => log.push(name)
    }
    fanOut.run(each(), () => log.push(`${name} done`))
  }
  job('a', limits.fanOutPerTurn + 500)
  job('b', 2)
  assert.is(log.length, limits.fanOutPerTurn)
  while (pending.length > 0) pending.shift()?.()
  assert.is(log.length, limits.fanOutPerTurn + 500 + 2 + 2)
  assert.equal(log.slice(-4), ['a done', 'b', 'b', 'b done'])
  job('c', 1)
  assert.equal(log.slice(-2), ['c', 'c done'])
})

test('a step that throws takes nothing from the others', () => {
  const pending: (() => void)[] = []
  const fanOut = new FanOut(turnOn(pending))
  const log: string[] = []
  function* failing(): Generator<() => void> {
    yield () => {
      throw new Error('a step fails')
    }
    yield () => log.push('rest')
  }
  function* next(): Generator<() => void> {
    yield () => log.push('next')
  }
  assert.throws(() => fanOut.run(failing(), () => log.push('done')), 'a step fails')
  fanOut.run(next(), () => log.push('next done'))
  while (pending.length > 0) pending.shift()?.()
  assert.equal(log, ['rest', 'done', 'next', 'next done'])
})

test.run()

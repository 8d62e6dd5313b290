/**
 * How offloaded jobs and their threads end: timeouts, aborts, callers that end, threads that are
 * lost, pools that are killed, stopped, or cannot start.
 */
import { isDown, process, spawn, whereis } from '../../../../runtime/index.ts'
import { offload, offloadPool, start, stopServer } from '../../../../stdlib/index.ts'
import { oneNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { until } from '../../../support/until.ts'
import type * as Tasks from './fixtures/tasks.ts'
import { flags, One, one, pooled, reasonOf, slow, statisticsAre } from './thread-pool.ts'

const test = suite('offload ends')

test(
  'a timeout ends an endless task, and the pool goes on',
  () =>
    pooled(async (self) => {
      const result = await offload(self, one, 'spin', undefined, { timeoutMs: 20 })
      assert.equal(result, { tag: 'error', reason: 'timeout' })
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a signal aborts what runs, what waits, and what has not begun to',
  () =>
    pooled(async (self) => {
      const aborted = { tag: 'error', reason: 'aborted' }
      const runner = new AbortController()
      const waiter = new AbortController()
      const held = flags()
      const runs = offload(self, one, 'hold', held.flags, { signal: runner.signal })
      const waits = offload(self, one, 'square', 1, { signal: waiter.signal })
      await self.wait(held.begun())
      waiter.abort()
      assert.equal(await waits, aborted)
      await statisticsAre(self, 1, 0)
      runner.abort('not wanted')
      assert.equal(await runs, aborted)
      const signal = AbortSignal.abort()
      assert.equal(await offload(self, one, 'square', 1, { signal }), aborted)
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a caller that ends calls its jobs off, and lets go of the signal',
  () =>
    pooled(async (self) => {
      const held = flags()
      const { signal, listeners } = watchedSignal()
      const caller = process('caller', async (own) => {
        const runs = offload(own, one, 'hold', held.flags, { signal })
        await Promise.all([runs, offload(own, one, 'square', 1, { signal })])
      })
      const pid = spawn(self, caller)
      await self.wait(held.begun())
      await statisticsAre(self, 1, 1)
      assert.is(listeners(), 2)
      self.exit(pid, 'kill')
      // It is served by the same thread's successor: the one that held is gone.
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
      await statisticsAre(self, 0, 0)
      assert.is(listeners(), 0)
    }),
  slow,
)

/** A signal that knows how many listen to it. */
function watchedSignal(): { readonly signal: AbortSignal; listeners(): number } {
  const { signal } = new AbortController()
  const heard = new Set<unknown>()
  const { addEventListener, removeEventListener } = signal
  Object.defineProperty(signal, 'addEventListener', {
    value: (...args: Parameters<typeof addEventListener>) => {
      heard.add(args[1])
      addEventListener.apply(signal, args)
    },
  })
  Object.defineProperty(signal, 'removeEventListener', {
    value: (...args: Parameters<typeof removeEventListener>) => {
      heard.delete(args[1])
      removeEventListener.apply(signal, args)
    },
  })
  return { signal, listeners: () => heard.size }
}

test(
  'a task that ends its thread, or needs too much memory, fails alone',
  () =>
    pooled(async (self) => {
      const left = reasonOf(await offload(self, one, 'leave', 3))
      assert.equal(left, { tag: 'threadLost', message: 'worker exited with code: 3' })
      const pid = whereis(self, 'one')
      const eaten = Object(reasonOf(await offload(self, one, 'eatMemory')))
      assert.is(eaten.tag, 'threadLost')
      assert.match(eaten.message, /memory/)
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
      assert.is(whereis(self, 'one'), pid, 'the pool lives')
    }),
  slow,
)

test(
  'what a task leaves behind costs its thread, is reported, and the pool goes on',
  async () => {
    const node = oneNode([One])
    const reported: [string, unknown][] = []
    node.observe((event) => {
      if (event.tag === 'log') reported.push([event.message, event.fields.reason])
    })
    await node.run(async (self) => {
      const started = await start(self, One)
      if (started.tag !== 'ok') throw new Error('it starts')
      assert.equal(await offload(self, started.pid, 'leak', 'left'), { tag: 'ok', value: 'done' })
      await self.wait(until('it is reported', () => reported.length > 0))
      assert.equal(await offload(self, started.pid, 'square', 6), { tag: 'ok', value: 36 })
    })
    assert.equal(reported, [['offload thread lost', { tag: 'threadLost', message: 'left' }]])
  },
  slow,
)

test(
  'a pool that is killed fails its callers with its reason, and is restarted',
  () =>
    pooled(async (self) => {
      const held = flags()
      const runs = offload(self, one, 'hold', held.flags)
      const waits = offload(self, one, 'square', 1)
      await self.wait(held.begun())
      const pid = whereis(self, 'one')
      if (pid === undefined) throw new Error('it runs')
      self.exit(pid, 'kill')
      assert.equal(await runs, { tag: 'error', reason: 'killed' })
      assert.equal(await waits, { tag: 'error', reason: 'killed' })
      await self.wait(
        until('it is restarted', () => {
          const now = whereis(self, 'one')
          return now !== undefined && now !== pid
        }),
      )
      assert.equal(await offload(self, one, 'square', 6), { tag: 'ok', value: 36 })
    }),
  slow,
)

test(
  'a pool that is stopped aborts what runs',
  async () => {
    const node = oneNode([One])
    await node.run(async (self) => {
      const started = await start(self, One)
      if (started.tag !== 'ok') throw new Error('it starts')
      const held = flags()
      const runs = offload(self, started.pid, 'hold', held.flags)
      await self.wait(held.begun())
      const ref = self.monitor(started.pid)
      await stopServer(self, started.pid, 'shutdown')
      assert.equal(await runs, { tag: 'error', reason: 'shutdown' })
      assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
    })
  },
  slow,
)

test(
  'tasks that cannot be loaded fail the start, and say why',
  async () => {
    const broken = new URL('./fixtures/broken.ts', import.meta.url)
    const missing = new URL('./fixtures/missing.ts', import.meta.url)
    const messages: unknown[] = []
    await oneNode().run(async (self) => {
      for (const [at, address] of [broken, missing].entries()) {
        const pool = offloadPool<typeof Tasks>(`pool${at}`, { url: address, threads: 1 })
        const result = await start(self, pool)
        if (result.tag !== 'error') throw new Error('it fails')
        const { tag, message } = Object(result.reason)
        assert.is(tag, 'cannotOffload')
        messages.push(message)
      }
    })
    assert.match(String(messages[0]), /this module does not load/)
    assert.match(String(messages[1]), /missing\.ts/)
  },
  slow,
)

test.run()

/**
 * Offloading where there are no threads: tasks run in turns of their own on the node's thread, in
 * virtual time, with the same data and the same failures as on threads, and the same every time.
 */
import { isDown, process, type Self, spawnMonitor } from '../../../../runtime/index.ts'
import { call, local, offload, offloadPool, start, stopServer } from '../../../../stdlib/index.ts'
import { virtualNode } from '../../../conformance/otp/one-node.ts'
import { assert, suite } from '../../../support/harness.ts'
import * as tasks from './fixtures/tasks.ts'

const test = suite('offload inline')

const url = new URL('./fixtures/tasks.ts', import.meta.url)

/** Tasks that wait for the test. */
const waiting = {
  ...tasks,
  forever: (): Promise<never> => new Promise(() => undefined),
  note: (what: string): string => what,
}

const Pool = offloadPool('pool', { url, threads: 1, queueMax: 2, inline: waiting })
const pool = local(Pool, 'pool')

async function pooled(body: (self: Self) => Promise<void>, seed = 1): Promise<string[]> {
  const { node, run } = virtualNode([Pool], seed)
  const seen: string[] = []
  node.observe((event) => seen.push(event.tag === 'exit' ? `exit ${event.module}` : event.tag))
  await run(async (self) => {
    const started = await start(self, Pool, undefined, { name: 'pool' })
    if (started.tag !== 'ok') throw new Error(`it starts: ${JSON.stringify(started)}`)
    await body(self)
    await stopServer(self, pool)
  })
  return seen
}

test('the same results and failures as on threads', () =>
  pooled(async (self) => {
    assert.equal(await offload(self, pool, 'square', 7), { tag: 'ok', value: 49 })
    assert.equal(await offload(self, pool, 'later', 7), { tag: 'ok', value: 'later 7' })
    const failed = await offload(self, pool, 'fail', 'no')
    if (failed.tag !== 'error') throw new Error('it fails')
    const { stack: _, ...reason } = Object(failed.reason)
    assert.equal(reason, { tag: 'error', name: 'Odd', message: 'no' })
    const unsendable = { tag: 'unsendable', message: 'result.deep[0]: a function cannot be copied' }
    const deep = await offload(self, pool, 'giveFunction')
    assert.equal(deep, { tag: 'error', reason: unsendable })
  }))

test('what a task gets and gives is copied or moved, as between threads', () =>
  pooled(async (self) => {
    const argument = { list: [1] }
    const result = await offload(self, pool, 'echo', argument)
    assert.equal(result, { tag: 'ok', value: argument })
    assert.ok(result.tag === 'ok' && result.value !== argument)
    const values = new Float64Array([2, 4])
    const halves = await offload(self, pool, 'halve', values, { transfer: [values.buffer] })
    assert.equal(halves, { tag: 'ok', value: new Float64Array([1, 2]) })
    assert.is(values.length, 0)
  }))

test('a task begins in a later turn, one at a time, and a full queue refuses', () =>
  pooled(async (self) => {
    const order: string[] = []
    const jobs = ['a', 'b', 'c', 'd'].map(async (name) => {
      const { tag } = await offload(self, pool, 'note', name)
      order.push(`${name} ${tag}`)
    })
    assert.equal(await call(self, pool, 'statistics'), { threads: 1, running: 1, waiting: 2 })
    await Promise.all(jobs)
    assert.equal(order, ['d error', 'a ok', 'b ok', 'c ok'])
  }))

test('timeouts are exact in virtual time; a task that waits is left', async () => {
  const { world, run } = virtualNode([Pool])
  await run(async (self) => {
    await start(self, Pool, undefined, { name: 'pool' })
    const startMs = world.nowMs
    const result = await offload(self, pool, 'forever', undefined, { timeoutMs: 3_600_000 })
    assert.equal(result, { tag: 'error', reason: 'timeout' })
    assert.ok(world.nowMs - startMs >= 3_600_000)
    assert.equal(await offload(self, pool, 'square', 2), { tag: 'ok', value: 4 })
  })
})

test('a signal and the end of the caller call a task off', () =>
  pooled(async (self) => {
    const controller = new AbortController()
    const { signal } = controller
    const runs = offload(self, pool, 'forever', undefined, { signal })
    const waits = offload(self, pool, 'square', 1, { signal })
    controller.abort()
    assert.equal(await runs, { tag: 'error', reason: 'aborted' })
    assert.equal(await waits, { tag: 'error', reason: 'aborted' })
    const caller = process('caller', async (own) => {
      await offload(own, pool, 'forever')
    })
    const { pid, ref } = spawnMonitor(self, caller)
    while ((await call(self, pool, 'statistics')).running === 0) await self.yield()
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.equal(await offload(self, pool, 'square', 3), { tag: 'ok', value: 9 })
  }))

test('a seed gives the same run again', async () => {
  const body = async (self: Self): Promise<void> => {
    const jobs = [1, 2, 3].map((n) => offload(self, pool, 'square', n))
    assert.is((await Promise.all(jobs)).length, 3)
  }
  assert.equal(await pooled(body, 7), await pooled(body, 7))
})

test('without the module itself a pool cannot start where there are no threads', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const bare = offloadPool<typeof tasks>('bare', { url })
    const message = 'no threads may be started here, and there is no `inline`'
    const reason = { tag: 'cannotOffload', pool: 'bare', message }
    assert.equal(await start(self, bare), { tag: 'error', reason })
  })
})

test.run()

/**
 * The end of dynamic supervisors (rules V11, V12, V15): all children at once, each within its own
 * time, and ten thousand of them.
 */
import { isAlive, type Pid, process, spawn } from '../../../runtime/index.ts'
import {
  call,
  child,
  dynamicSupervisor,
  local,
  startLink,
  stopServer,
  template,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, virtualNode } from './one-node.ts'
import { grow, withPool } from './pool.ts'
import { downOf, pass, workers } from './tree.ts'

const test = suite('otp: dynamic supervisor stop')

test('V15 the end: all at once, 10 children of 300 ms take 300 ms', async () => {
  const slow = process('slow', async (self) => {
    self.trapExit(true)
    await self.receive()
    await pass(self, 300)
  })
  const pool = dynamicSupervisor('pool', () => ({ template: template(slow) }))
  const { world, run } = virtualNode([slow, pool])
  await run(async (self) => {
    const ref = await grow(self, pool)
    for (let i = 0; i < 10; i++) await call(self, ref, 'startChild')
    const startMs = world.nowMs
    await stopServer(self, ref, 'shutdown')
    const tookMs = world.nowMs - startMs
    assert.ok(tookMs >= 300 && tookMs <= 320, `${tookMs} ms`)
  })
})

test('V11 V15 the end: each child has a time of its own; one report for all alike', async () => {
  const ends: string[] = []
  const stubborn = process('stubborn', async (self, name: string) => {
    self.trapExit(true)
    self.onExit((reason) => ends.push(`${name} ${String(reason)}`))
    for (;;) await self.receive()
  })
  const pool = dynamicSupervisor('any', () => ({}))
  const { node, world, run } = virtualNode([stubborn, pool])
  const reports: unknown[] = []
  node.observe((event) => {
    if (event.tag === 'log' && event.level === 'error')
      reports.push([event.message, event.fields.count])
  })
  await run(async (self) => {
    const ref = await grow(self, pool)
    const times = { a: 2_000, b: 1_000, c: 'brutalKill', d: 2_000 } as const
    for (const [name, shutdown] of Object.entries(times)) {
      await call(self, ref, 'startChild', child(stubborn, name, { shutdown }))
    }
    await self.yield()
    const startMs = world.nowMs
    await stopServer(self, ref, 'shutdown')
    assert.equal(ends, ['c killed', 'b killed', 'a killed', 'd killed'])
    const tookMs = world.nowMs - startMs
    assert.ok(tookMs >= 2_000 && tookMs <= 2_100, `${tookMs} ms`)
  })
  assert.equal(reports, [['supervisor: shutdownError', 3]])
})

test('V12 it ends with its parent and its reason, children first', async () => {
  const { module, life } = workers()
  const pool = dynamicSupervisor('pool', () => ({ template: template(module) }))
  const parent = process('parent', async (self) => {
    await startLink(self, pool, undefined, { name: 'pool' })
    await call(self, local(pool, 'pool'), 'startChild', 'a')
    await self.receive()
    self.exit(self.pid, 'moving')
  })
  await inProcess(
    async (self) => {
      const pid = spawn(self, parent)
      while (life.length === 0) await self.yield()
      const down = self.monitor(local(pool, 'pool'))
      self.send(pid, 'go')
      assert.is(await downOf(self, down), 'moving')
      assert.equal(life, ['start a', 'end a shutdown'])
    },
    [module, pool],
  )
})

test(
  '10,000 children: started, all crashed, all running again, stopped together',
  () =>
    withPool({ intensity: 10_000 }, async ({ self, pool, starts, add }) => {
      assert.is(starts.size, 0)
      const pids: Pid[] = []
      for (let i = 0; i < 10_000; i++) pids.push(await add('a'))
      for (const pid of pids) self.exit(pid, 'kill')
      const { active } = await call(self, pool, 'countChildren')
      assert.ok(active <= 10_000)
      while ((await call(self, pool, 'countChildren')).active < 10_000) await self.yield()
      const again = await call(self, pool, 'whichChildren')
      assert.ok(again.every(({ pid }) => pid !== null && isAlive(self, pid)))
      assert.ok(pids.every((pid) => !isAlive(self, pid)))
      await stopServer(self, pool, 'shutdown')
      assert.ok(again.every(({ pid }) => pid !== null && !isAlive(self, pid)))
    }),
  { deadlineMs: 30_000 },
)

test.run()

/**
 * Restart intensity and escalation (rules V1, V8, V9, V13), on virtual time where time matters.
 */
import { call, child, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, oneNode, virtualNode } from './one-node.ts'
import { downOf, endChild, grow, infoOf, pass, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor intensity')

test('V1 defaults: the second restart within 5 s is one too many, beyond it is not', async () => {
  const { module, life } = workers()
  const tree = treeOf({ children: [child(module, 'a')] })
  const { run } = virtualNode([module, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    for (let round = 0; round < 3; round++) {
      await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
      await pass(self, 5_001)
    }
    assert.is(life.filter((line) => line === 'start a').length, 4)
    const monitor = self.monitor(ref)
    await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
    await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
    assert.is(await downOf(self, monitor), 'shutdown')
  })
})

test('V1 the default period is 5 s', async () => {
  const { module } = workers()
  const tree = treeOf({ children: [child(module, 'a')] })
  const { run } = virtualNode([module, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    const monitor = self.monitor(ref)
    await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
    await call(self, ref, 'countChildren')
    await pass(self, 5_000)
    await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
    assert.is(await downOf(self, monitor), 'shutdown')
  })
})

test('V8 intensity within the period: one more than allowed and it gives up', async () => {
  const { module, life } = workers()
  const children = ['a', 'b'].map((id) => child(module, id, { id }))
  const tree = treeOf({ intensity: 2, periodMs: 1_000, children })
  const { run } = virtualNode([module, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    for (const id of ['a', 'b']) {
      await endChild(self, await pidOf(self, ref, id), 'crash')
      await pass(self, 500)
    }
    const monitor = self.monitor(ref)
    await endChild(self, await pidOf(self, ref, 'a'), 'crash')
    assert.is(await downOf(self, monitor), 'shutdown')
    assert.equal(life.slice(-2), ['end a crash', 'end b shutdown'])
  })
})

test('V9 the period is in milliseconds and inclusive', async () => {
  for (const [gapMs, survives] of [
    [1_000, false],
    [1_001, true],
  ] as const) {
    const { module } = workers()
    const tree = treeOf({ intensity: 1, periodMs: 1_000, children: [child(module, 'a')] })
    const { run } = virtualNode([module, tree])
    await run(async (self) => {
      const ref = await grow(self, tree)
      await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
      await call(self, ref, 'countChildren')
      await pass(self, gapMs)
      const monitor = self.monitor(ref)
      await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
      if (survives) assert.ok((await infoOf(self, ref, 'worker'))?.pid)
      else assert.is(await downOf(self, monitor), 'shutdown')
    })
  }
})

test('V8 intensity 0: the first restart is one too many', async () => {
  const { module } = workers()
  const tree = treeOf({ intensity: 0, children: [child(module, 'a')] })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      const monitor = self.monitor(ref)
      await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
      assert.is(await downOf(self, monitor), 'shutdown')
    },
    [module, tree],
  )
})

test('V8 a group restart counts once, ends without restart not at all', async () => {
  const { module } = workers()
  const tree = treeOf({
    strategy: 'oneForAll',
    intensity: 2,
    periodMs: 60_000,
    children: [
      child(module, 'a', { id: 'a' }),
      child(module, 'b', { id: 'b' }),
      child(module, 'c', { id: 'c', restart: 'transient' }),
    ],
  })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      for (let round = 0; round < 5; round++) {
        await endChild(self, await pidOf(self, ref, 'c'), 'normal')
        assert.is((await infoOf(self, ref, 'c'))?.pid, null)
        await call(self, ref, 'restartChild', 'c')
      }
      await endChild(self, await pidOf(self, ref, 'a'), 'crash')
      await endChild(self, await pidOf(self, ref, 'b'), 'crash')
      assert.ok((await infoOf(self, ref, 'a'))?.pid, 'two restarts are allowed')
      const monitor = self.monitor(ref)
      await endChild(self, await pidOf(self, ref, 'a'), 'crash')
      assert.is(await downOf(self, monitor), 'shutdown')
    },
    [module, tree],
  )
})

test('V8 every failed attempt to restart counts, and once', async () => {
  const { module, starts } = workers()
  const tree = treeOf({ intensity: 5, periodMs: 60_000, children: [child(module, 'a')] })
  const node = oneNode([module, tree])
  let failures = 0
  node.observe((event) => {
    if (event.tag === 'log' && event.message === 'supervisor: startError') failures++
  })
  await node.run(async (self) => {
    const ref = await grow(self, tree)
    const monitor = self.monitor(ref)
    starts.set('a', 'fail')
    await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
    assert.is(await downOf(self, monitor), 'shutdown')
    assert.is(failures, 5)
  })
})

test('V8 restarts of long ago no longer count, however many there were', async () => {
  const { module, life } = workers()
  const tree = treeOf({ intensity: 2, periodMs: 1_000, children: [child(module, 'a')] })
  const { run } = virtualNode([module, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    for (let round = 0; round < 30; round++) {
      await endChild(self, await pidOf(self, ref, 'worker'), 'crash')
      await pass(self, 501)
    }
    assert.is(life.filter((line) => line === 'start a').length, 31)
  })
})

for (const restart of ['permanent', 'transient'] as const) {
  test(`V13 escalation: a nested ${restart} supervisor that gives up`, async () => {
    const { module, life } = workers()
    const inner = treeOf({ intensity: 0, children: [child(module, 'a')] }, 'inner')
    const outer = treeOf({ children: [child(inner, undefined, { restart })] }, 'outer')
    await inProcess(
      async (self) => {
        const ref = await grow(self, outer)
        const before = (await infoOf(self, ref, 'inner'))?.pid
        if (!before) throw new Error('the inner supervisor runs')
        const monitor = self.monitor(before)
        await endChild(self, await pidOf(self, before, 'worker'), 'crash')
        assert.is(await downOf(self, monitor), 'shutdown')
        const after = (await infoOf(self, ref, 'inner'))?.pid
        if (restart === 'transient') assert.is(after, null, 'shutdown is an orderly end')
        else assert.ok(after && after !== before)
        const starts = life.filter((line) => line === 'start a').length
        assert.is(starts, restart === 'transient' ? 1 : 2)
      },
      [module, inner, outer],
    )
  })
}

test('V13 a tree of three levels stops leaves first', async () => {
  const { module, life } = workers()
  const ids = ['a', 'b'].map((id) => child(module, id, { id }))
  const low = treeOf({ children: ids }, 'low')
  const middle = treeOf({ children: [child(low), child(module, 'c', { id: 'c' })] }, 'middle')
  const top = treeOf({ children: [child(module, 'd', { id: 'd' }), child(middle)] }, 'top')
  await inProcess(
    async (self) => {
      const ref = await grow(self, top)
      assert.equal(life, ['start d', 'start a', 'start b', 'start c'])
      await stopServer(self, ref, 'shutdown')
      const ends = ['end c shutdown', 'end b shutdown', 'end a shutdown', 'end d shutdown']
      assert.equal(life.slice(4), ends)
    },
    [module, low, middle, top],
  )
})

test.run()

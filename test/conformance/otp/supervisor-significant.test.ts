/**
 * Automatic shutdown (rule V16): a supervisor that ends when significant children have ended by
 * themselves, and what does not count as that.
 */
import type { Reason, Ref, Self } from '../../../runtime/index.ts'
import {
  type AutoShutdown,
  type ChildOptions,
  call,
  child,
  type Strategy,
  type Supervisor,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess } from './one-node.ts'
import { downOf, endChild, grow, infoOf, pidOf, treeOf, type Workers, workers } from './tree.ts'

const test = suite('otp: supervisor significant')

type Setting = { readonly id: string } & Pick<ChildOptions, 'restart' | 'significant'>

type Scene = Workers & { readonly self: Self; readonly tree: Ref<Supervisor> }

function withTree(
  autoShutdown: AutoShutdown,
  settings: readonly Setting[],
  body: (scene: Scene) => Promise<void>,
  strategy: Strategy = 'oneForOne',
): Promise<void> {
  const made = workers()
  const children = settings.map(({ id, ...options }) => child(made.module, id, { id, ...options }))
  const tree = treeOf({ strategy, autoShutdown, intensity: 100, children })
  return inProcess(
    async (self) => body({ ...made, self, tree: await grow(self, tree) }),
    [made.module, tree],
  )
}

const significant = (id: string, restart: 'transient' | 'temporary' = 'transient'): Setting => ({
  id,
  restart,
  significant: true,
})

const plain = (id: string): Setting => ({ id, restart: 'transient' })

async function end(scene: Scene, id: string, reason: Reason): Promise<void> {
  await endChild(scene.self, await pidOf(scene.self, scene.tree, id), reason)
}

for (const restart of ['transient', 'temporary'] as const) {
  test(`V16 anySignificant: one ${restart} child that ends normally ends everything`, () =>
    withTree(
      'anySignificant',
      [plain('a'), significant('b', restart), significant('c')],
      async (scene) => {
        const { self, tree, life } = scene
        const down = self.monitor(tree)
        await end(scene, 'b', 'normal')
        assert.is(await downOf(self, down), 'shutdown')
        assert.equal(life.slice(3), ['end b normal', 'end c shutdown', 'end a shutdown'])
      },
    ))
}

test('V16 anySignificant: a temporary child counts whatever it ended with', () =>
  withTree('anySignificant', [plain('a'), significant('b', 'temporary')], async (scene) => {
    const down = scene.self.monitor(scene.tree)
    await end(scene, 'b', { tag: 'broken' })
    assert.is(await downOf(scene.self, down), 'shutdown')
  }))

test('V16 a significant child that is restarted changes nothing', () =>
  withTree('anySignificant', [significant('a')], async (scene) => {
    await end(scene, 'a', { tag: 'broken' })
    assert.ok((await infoOf(scene.self, scene.tree, 'a'))?.pid)
  }))

test('V16 a child that is not significant changes nothing', () =>
  withTree('anySignificant', [plain('a'), significant('b')], async (scene) => {
    await end(scene, 'a', 'normal')
    assert.is((await infoOf(scene.self, scene.tree, 'a'))?.pid, null)
    assert.ok((await infoOf(scene.self, scene.tree, 'b'))?.pid)
  }))

test('V16 allSignificant: only the last of them ends everything', () =>
  withTree(
    'allSignificant',
    [plain('a'), significant('b'), significant('c', 'temporary')],
    async (scene) => {
      const { self, tree } = scene
      const down = self.monitor(tree)
      await end(scene, 'b', 'shutdown')
      assert.ok((await infoOf(self, tree, 'c'))?.pid, 'one is left')
      await end(scene, 'a', 'normal')
      assert.ok((await infoOf(self, tree, 'c'))?.pid, 'and is not the last child, but significant')
      await end(scene, 'c', 'normal')
      assert.is(await downOf(self, down), 'shutdown')
    },
  ))

test('V16 allSignificant: one that is being restarted is not gone', () =>
  withTree('allSignificant', [significant('a'), significant('b')], async (scene) => {
    const { self, tree, starts } = scene
    starts.set('a', 'fail')
    await end(scene, 'a', { tag: 'broken' })
    await end(scene, 'b', 'normal')
    const info = await infoOf(self, tree, 'a')
    assert.ok(info?.restarting, 'the supervisor goes on with the attempts')
    starts.delete('a')
    while ((await infoOf(self, tree, 'a'))?.restarting) await self.yield()
    assert.ok((await infoOf(self, tree, 'a'))?.pid)
  }))

test('V16 a child that is terminated, or stopped because of a sibling, does not count', () =>
  withTree(
    'anySignificant',
    [plain('a'), significant('b'), significant('c', 'temporary')],
    async (scene) => {
      const { self, tree } = scene
      await end(scene, 'a', { tag: 'broken' })
      assert.ok((await infoOf(self, tree, 'b'))?.pid, 'stopped and started again')
      assert.is(await infoOf(self, tree, 'c'), undefined, 'stopped and forgotten')
      assert.equal(await call(self, tree, 'terminateChild', 'b'), { tag: 'ok' })
      assert.is((await infoOf(self, tree, 'b'))?.pid, null)
    },
    'oneForAll',
  ))

test('V16 a dynamic child may be significant, where that is allowed', () =>
  withTree('anySignificant', [plain('a')], async (scene) => {
    const { self, tree, module } = scene
    const spec = child(module, 'x', { id: 'x', restart: 'temporary', significant: true })
    assert.is((await call(self, tree, 'startChild', spec)).tag, 'ok')
    const down = self.monitor(tree)
    await end(scene, 'x', 'normal')
    assert.is(await downOf(self, down), 'shutdown')
  }))

test('V16 startChild refuses a significant child under never', () =>
  withTree('never', [plain('a')], async ({ self, tree, module }) => {
    const spec = child(module, 'x', { id: 'x', restart: 'temporary', significant: true })
    const result = await call(self, tree, 'startChild', spec)
    const reason = result.tag === 'error' ? result.reason : 'ok'
    assert.is(typeof reason === 'object' && reason.field, 'spec.significant')
  }))

test('V16 the end is orderly: a parent that is transient about it lets it be', async () => {
  const { module } = workers()
  const inner = treeOf(
    {
      autoShutdown: 'anySignificant',
      children: [child(module, 'a', { id: 'a', restart: 'transient', significant: true })],
    },
    'inner',
  )
  const outer = treeOf({ children: [child(inner, undefined, { restart: 'transient' })] }, 'outer')
  await inProcess(
    async (self) => {
      const ref = await grow(self, outer)
      const pid = (await infoOf(self, ref, 'inner'))?.pid
      if (!pid) throw new Error('the inner supervisor runs')
      const down = self.monitor(pid)
      await endChild(self, await pidOf(self, pid, 'a'), 'normal')
      assert.is(await downOf(self, down), 'shutdown')
      assert.is((await infoOf(self, ref, 'inner'))?.pid, null)
    },
    [module, inner, outer],
  )
})

test.run()

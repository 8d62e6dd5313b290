/**
 * Supervisors (rules V1 to V3, V5 to V7): start and roll-back, the three restart types, the three
 * strategies. Case names follow OTP's supervisor suite.
 */
import { isAlive, isExit, type Reason } from '../../../runtime/index.ts'
import { call, child, genServer, start, startLink, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, noMail, virtualNode } from './one-node.ts'
import { endChild, grow, infoOf, pass, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor')

test('V1 defaults: oneForOne, 1 restart in 5 s, permanent, 5000 ms or Infinity', () => {
  const { module } = workers()
  const tree = treeOf({ children: [] })
  const worker = child(module, 'a')
  assert.equal(
    [worker.id, worker.restart, worker.shutdown, worker.type, worker.name],
    ['worker', 'permanent', 5_000, 'worker', null],
  )
  const nested = child(tree)
  assert.equal([nested.shutdown, nested.type], [Number.POSITIVE_INFINITY, 'supervisor'])
})

test('V2 sup_start: children start in order, and stop in reverse', async () => {
  const { module, life } = workers()
  const children = ['a', 'b', 'c'].map((id) => child(module, id, { id }))
  const tree = treeOf({ children })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      assert.equal(life, ['start a', 'start b', 'start c'])
      const known = await call(self, ref, 'whichChildren')
      assert.equal(
        known.map(({ id }) => id),
        ['c', 'b', 'a'],
      )
      await stopServer(self, ref, 'shutdown')
      assert.equal(life.slice(3), ['end c shutdown', 'end b shutdown', 'end a shutdown'])
    },
    [module, tree],
  )
})

test('V2 each child is initialised before the next one is started', async () => {
  const life: string[] = []
  const slow = genServer<{}>('slow')({
    init: async (id: string, self) => {
      life.push(`begin ${id}`)
      await pass(self, 100)
      life.push(`ready ${id}`)
      return id
    },
  })
  const tree = treeOf({
    strategy: 'oneForAll',
    children: ['a', 'b'].map((id) => child(slow, id, { id })),
  })
  const { run } = virtualNode([slow, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    const order = ['begin a', 'ready a', 'begin b', 'ready b']
    assert.equal(life, order)
    self.exit(await pidOf(self, ref, 'b'), 'kill')
    await pass(self, 1_000)
    assert.equal(life, [...order, ...order], 'so it is when they are started again')
  })
})

test('V3 sup_start_ignore_child: an ignored child is kept without a pid', async () => {
  const { module, starts } = workers()
  starts.set('a', 'ignore')
  starts.set('b', 'ignore')
  const tree = treeOf({
    children: [
      child(module, 'a', { id: 'a' }),
      child(module, 'b', { id: 'b', restart: 'temporary' }),
      child(module, 'c', { id: 'c' }),
    ],
  })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      assert.is((await infoOf(self, ref, 'a'))?.pid, null)
      assert.is(await infoOf(self, ref, 'b'), undefined, 'an ignored temporary child is dropped')
      assert.equal(await call(self, ref, 'countChildren'), {
        specs: 2,
        active: 1,
        supervisors: 0,
        workers: 2,
      })
    },
    [module, tree],
  )
})

for (const how of ['fail', 'throw'] as const) {
  test(`V3 sup_start_error_return (${how}): undo in reverse, tell who and why`, async () => {
    const { module, life, starts } = workers()
    starts.set('c', how)
    const children = ['a', 'b', 'c', 'd'].map((id) => child(module, id, { id }))
    const tree = treeOf({ children })
    await inProcess(
      async (self) => {
        self.trapExit(true)
        const started = await startLink(self, tree)
        assert.equal(life, ['start a', 'start b', 'end b shutdown', 'end a shutdown'])
        const reason = started.tag === 'error' ? started.reason : null
        const seen = await self.receive(isExit())
        assert.equal(seen.reason, reason, 'the supervisor ends with the reason it returns')
        const detail = typeof reason === 'object' && reason?.tag === 'shutdown' && reason.detail
        assert.ok(isFailedChild(detail), 'the detail names the child')
        assert.is(detail.id, 'c')
        assert.is(detail.reason.tag, how === 'fail' ? 'cannotStart' : 'error')
        assert.ok(noMail(self))
      },
      [module, tree],
    )
  })
}

type FailedChild = { readonly id: string; readonly reason: { readonly tag: string } }

function isFailedChild(detail: unknown): detail is FailedChild {
  return (
    typeof detail === 'object' &&
    detail !== null &&
    'tag' in detail &&
    detail.tag === 'failedToStartChild'
  )
}

test('V3 sup_start_fail: a module the node does not list', async () => {
  const { module } = workers()
  const tree = treeOf({ children: [child(module, 'a')] })
  await inProcess(
    async (self) => {
      const reason = { tag: 'unknownModule', module: 'worker' }
      const detail = { tag: 'failedToStartChild', id: 'worker', reason }
      assert.equal(await start(self, tree), {
        tag: 'error',
        reason: { tag: 'shutdown', detail },
      })
    },
    [tree],
  )
})

type Fate = 'restarted' | 'kept' | 'forgotten'

const fates: readonly (readonly [string, Reason, Record<string, Fate>])[] = [
  ['normal', 'normal', { permanent: 'restarted', transient: 'kept', temporary: 'forgotten' }],
  ['shutdown', 'shutdown', { permanent: 'restarted', transient: 'kept', temporary: 'forgotten' }],
  [
    'shutdown_detail',
    { tag: 'shutdown', detail: 1 },
    { permanent: 'restarted', transient: 'kept', temporary: 'forgotten' },
  ],
  [
    'abnormal',
    { tag: 'broken' },
    { permanent: 'restarted', transient: 'restarted', temporary: 'forgotten' },
  ],
  ['killed', 'kill', { permanent: 'restarted', transient: 'restarted', temporary: 'forgotten' }],
]

for (const restart of ['permanent', 'transient', 'temporary'] as const) {
  for (const [name, reason, byType] of fates) {
    const fate = byType[restart]
    test(`V5 ${restart}_${name}: ${fate}, the sibling untouched`, async () => {
      const { module } = workers()
      const tree = treeOf({
        children: [child(module, 'a', { id: 'a', restart }), child(module, 'b', { id: 'b' })],
      })
      await inProcess(
        async (self) => {
          const ref = await grow(self, tree)
          const before = await pidOf(self, ref, 'a')
          const sibling = await pidOf(self, ref, 'b')
          await endChild(self, before, reason)
          const after = await infoOf(self, ref, 'a')
          if (fate === 'forgotten') assert.is(after, undefined)
          else if (fate === 'kept') assert.is(after?.pid, null)
          else assert.ok(after?.pid && after.pid !== before && isAlive(self, after.pid))
          assert.is(await pidOf(self, ref, 'b'), sibling)
        },
        [module, tree],
      )
    })
  }
}

const strategies = {
  oneForOne: ['end b crash', 'start b'],
  oneForAll: [
    'end b crash',
    'end d shutdown',
    'end c shutdown',
    'end a shutdown',
    'start a',
    'start b',
    'start c',
    'start d',
  ],
  restForOne: ['end b crash', 'end d shutdown', 'end c shutdown', 'start b', 'start c', 'start d'],
} as const

for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const) {
  test(`V6 ${strategy}: who stops and who starts, in which order`, async () => {
    const { module, life } = workers()
    const children = ['a', 'b', 'c', 'd'].map((id) => child(module, id, { id }))
    const tree = treeOf({ strategy, children })
    await inProcess(
      async (self) => {
        const ref = await grow(self, tree)
        life.length = 0
        await endChild(self, await pidOf(self, ref, 'b'), 'crash')
        await call(self, ref, 'whichChildren')
        assert.equal(life, strategies[strategy])
      },
      [module, tree],
    )
  })

  test(`V7 ${strategy}: a child that is not restarted leaves its siblings alone`, async () => {
    const { module, life } = workers()
    const tree = treeOf({
      strategy,
      children: [
        child(module, 'a', { id: 'a' }),
        child(module, 'b', { id: 'b', restart: 'temporary' }),
        child(module, 'c', { id: 'c', restart: 'transient' }),
        child(module, 'd', { id: 'd' }),
      ],
    })
    await inProcess(
      async (self) => {
        const ref = await grow(self, tree)
        life.length = 0
        await endChild(self, await pidOf(self, ref, 'b'), 'crash')
        await endChild(self, await pidOf(self, ref, 'c'), 'normal')
        await call(self, ref, 'whichChildren')
        assert.equal(life, ['end b crash', 'end c normal'])
      },
      [module, tree],
    )
  })

  test(`V6 ${strategy}: temporary siblings that are stopped do not come back`, async () => {
    const { module } = workers()
    const tree = treeOf({
      strategy,
      children: [
        child(module, 'a', { id: 'a' }),
        child(module, 'b', { id: 'b', restart: 'temporary' }),
      ],
    })
    await inProcess(
      async (self) => {
        const ref = await grow(self, tree)
        await endChild(self, await pidOf(self, ref, 'a'), 'crash')
        const sibling = await infoOf(self, ref, 'b')
        assert.is(sibling === undefined, strategy !== 'oneForOne')
      },
      [module, tree],
    )
  })
}

test('V6 restForOne: a start that fails within the group is tried again from there', async () => {
  const { module, life, starts } = workers()
  const children = ['a', 'b', 'c'].map((id) => child(module, id, { id }))
  const tree = treeOf({ strategy: 'restForOne', intensity: 1_000, children })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      life.length = 0
      starts.set('b', 'fail')
      await endChild(self, await pidOf(self, ref, 'a'), 'crash')
      assert.is((await infoOf(self, ref, 'b'))?.restarting, true)
      starts.delete('b')
      while ((await infoOf(self, ref, 'b'))?.pid === null) await self.yield()
      const stops = ['end c shutdown', 'end b shutdown']
      assert.equal(life, ['end a crash', ...stops, 'start a', 'start b', 'start c'])
    },
    [module, tree],
  )
})

test.run()

/**
 * Supervisors from outside (rules V2, V10, V14): requests while a restart keeps failing, every
 * answer of the API.
 */
import { isAlive, isDown, process } from '../../../runtime/index.ts'
import { call, child, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { inProcess, oneNode } from './one-node.ts'
import { withTree } from './supervised.ts'
import { endChild, grow, infoOf, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor API')

test('V4 a spec given to startChild is checked too', () =>
  withTree([], async ({ self, tree, spec }) => {
    const result = await call(self, tree, 'startChild', { ...spec('a'), restart: untyped('often') })
    const reason = result.tag === 'error' ? result.reason : 'ok'
    if (typeof reason !== 'object') throw new Error('refused')
    assert.equal([reason.tag, reason.field], ['startSpec', 'spec.restart'])
  }))

/** Lets a test hand over what the compiler refuses. */
const untyped = (value: unknown): never => value as never

test('V14 startChild: ok, alreadyStarted, alreadyPresent', () =>
  withTree(['a'], async ({ self, tree, spec }) => {
    const started = await call(self, tree, 'startChild', spec('b'))
    const pid = started.tag === 'ok' ? started.pid : null
    assert.ok(pid && isAlive(self, pid))
    assert.equal(await call(self, tree, 'startChild', spec('b')), {
      tag: 'error',
      reason: { tag: 'alreadyStarted', pid },
    })
    await call(self, tree, 'terminateChild', 'b')
    assert.equal(await call(self, tree, 'startChild', spec('b')), {
      tag: 'error',
      reason: 'alreadyPresent',
    })
  }))

test('V14 startChild: a child that ignores is kept, a temporary one is not', () =>
  withTree([], async ({ self, tree, spec, starts }) => {
    starts.set('a', 'ignore')
    starts.set('b', 'ignore')
    const nobody = { tag: 'ok', pid: null }
    assert.equal(await call(self, tree, 'startChild', spec('a')), nobody)
    const temporary = spec('b', { restart: 'temporary' })
    assert.equal(await call(self, tree, 'startChild', temporary), nobody)
    assert.is((await infoOf(self, tree, 'a'))?.pid, null)
    assert.is(await infoOf(self, tree, 'b'), undefined)
  }))

test('V14 startChild: a failed start is told, and no spec is kept', () =>
  withTree(['a'], async ({ self, tree, spec, starts }) => {
    starts.set('b', 'fail')
    assert.equal(await call(self, tree, 'startChild', spec('b')), {
      tag: 'error',
      reason: { tag: 'cannotStart', id: 'b' },
    })
    assert.is(await infoOf(self, tree, 'b'), undefined)
    assert.ok(await pidOf(self, tree, 'a'), 'the sibling goes on')
  }))

test('V14 startChild: a name somebody has', () =>
  withTree(['a'], async ({ self, tree, spec }) => {
    self.register('taken')
    assert.equal(await call(self, tree, 'startChild', spec('b', { name: 'taken' })), {
      tag: 'error',
      reason: { tag: 'alreadyStarted', pid: self.pid },
    })
  }))

test('V2 a dynamic child counts as last: it is stopped first', () =>
  withTree(['a', 'b'], async ({ self, tree, spec, life }) => {
    await call(self, tree, 'startChild', spec('c'))
    await stopServer(self, tree, 'shutdown')
    assert.equal(life.slice(3), ['end c shutdown', 'end b shutdown', 'end a shutdown'])
  }))

test('V14 terminateChild: ok, again ok, notFound; a temporary child is forgotten', () =>
  withTree(['a'], async ({ self, tree, spec, life }) => {
    await call(self, tree, 'startChild', spec('t', { restart: 'temporary' }))
    const ok = { tag: 'ok' }
    assert.equal(await call(self, tree, 'terminateChild', 'a'), ok)
    assert.equal(await call(self, tree, 'terminateChild', 'a'), ok)
    assert.equal(await call(self, tree, 'terminateChild', 't'), ok)
    const notFound = { tag: 'error', reason: 'notFound' }
    assert.equal(await call(self, tree, 'terminateChild', 't'), notFound)
    assert.equal(await call(self, tree, 'terminateChild', 'x'), notFound)
    assert.is((await infoOf(self, tree, 'a'))?.pid, null)
    assert.equal(life.slice(2), ['end a shutdown', 'end t shutdown'])
  }))

test('V14 restartChild: ok, running, notFound, and a failed start', () =>
  withTree(['a'], async ({ self, tree, starts }) => {
    const error = (reason: unknown) => ({ tag: 'error', reason })
    assert.equal(await call(self, tree, 'restartChild', 'a'), error('running'))
    assert.equal(await call(self, tree, 'restartChild', 'x'), error('notFound'))
    await call(self, tree, 'terminateChild', 'a')
    starts.set('a', 'fail')
    const failed = error({ tag: 'cannotStart', id: 'a' })
    assert.equal(await call(self, tree, 'restartChild', 'a'), failed)
    starts.set('a', 'ignore')
    assert.equal(await call(self, tree, 'restartChild', 'a'), { tag: 'ok', pid: null })
    starts.delete('a')
    const restarted = await call(self, tree, 'restartChild', 'a')
    assert.equal(restarted, { tag: 'ok', pid: await pidOf(self, tree, 'a') })
  }))

test('V14 deleteChild: running, ok, notFound', () =>
  withTree(['a'], async ({ self, tree }) => {
    const error = (reason: unknown) => ({ tag: 'error', reason })
    assert.equal(await call(self, tree, 'deleteChild', 'a'), error('running'))
    await call(self, tree, 'terminateChild', 'a')
    assert.equal(await call(self, tree, 'deleteChild', 'a'), { tag: 'ok' })
    assert.equal(await call(self, tree, 'deleteChild', 'a'), error('notFound'))
    assert.equal(await call(self, tree, 'whichChildren'), [])
  }))

test('V14 countChildren and whichChildren tell types, modules and pids', async () => {
  const { module } = workers()
  const inner = treeOf({ children: [] }, 'inner')
  const tree = treeOf({ children: [child(module, 'a', { id: 'a' }), child(inner)] })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      await call(self, ref, 'terminateChild', 'a')
      const counts = { specs: 2, active: 1, supervisors: 1, workers: 1 }
      assert.equal(await call(self, ref, 'countChildren'), counts)
      const [first, second] = await call(self, ref, 'whichChildren')
      assert.equal([first?.id, first?.type, first?.module], ['inner', 'supervisor', 'inner'])
      assert.equal(second, {
        id: 'a',
        pid: null,
        restarting: false,
        type: 'worker',
        module: 'worker',
      })
    },
    [module, inner, tree],
  )
})

test('V10 requests are answered while a restart keeps failing', () =>
  withTree(
    ['a', 'b'],
    async ({ self, tree, spec, starts }) => {
      const error = (reason: unknown) => ({ tag: 'error', reason })
      starts.set('a', 'fail')
      await endChild(self, await pidOf(self, tree, 'a'), 'crash')
      assert.equal(await infoOf(self, tree, 'a'), {
        id: 'a',
        pid: null,
        restarting: true,
        type: 'worker',
        module: 'worker',
      })
      assert.equal(await call(self, tree, 'startChild', spec('a')), error('alreadyPresent'))
      assert.equal(await call(self, tree, 'restartChild', 'a'), error('restarting'))
      assert.equal(await call(self, tree, 'deleteChild', 'a'), error('restarting'))
      assert.equal(await call(self, tree, 'terminateChild', 'a'), { tag: 'ok' })
      assert.is((await infoOf(self, tree, 'a'))?.restarting, false)
      starts.delete('a')
      await self.yield()
      assert.is((await infoOf(self, tree, 'a'))?.pid, null, 'the attempts have stopped')
      assert.is((await call(self, tree, 'restartChild', 'a')).tag, 'ok')
    },
    { intensity: 100_000 },
  ))

test('V10 a restart that succeeds at last runs the child', () =>
  withTree(
    ['a'],
    async ({ self, tree, starts }) => {
      starts.set('a', 'throw')
      await endChild(self, await pidOf(self, tree, 'a'), 'crash')
      assert.is((await infoOf(self, tree, 'a'))?.restarting, true)
      starts.delete('a')
      while ((await infoOf(self, tree, 'a'))?.restarting) await self.yield()
      assert.ok(isAlive(self, await pidOf(self, tree, 'a')))
    },
    { intensity: 100_000 },
  ))

test('V14 startChild: the argument of a spec made by hand is data, in production too', async () => {
  const { module } = workers()
  const tree = treeOf({ children: [] })
  await oneNode([module, tree], { checked: false }).run(async (self) => {
    const ref = await grow(self, tree)
    const spec = { ...child(module, 'a'), arg: new Date(0) }
    const result = await call(self, ref, 'startChild', spec)
    const reason = result.tag === 'error' ? result.reason : 'ok'
    if (typeof reason !== 'object') throw new Error('refused')
    assert.equal([reason.tag, reason.field], ['startSpec', 'spec.arg'])
  })
})

test('V1 a restarted child begins from the argument of its spec, which cannot change', async () => {
  const seen: unknown[] = []
  const greedy = process('greedy', async (self, arg: { readonly list: readonly number[] }) => {
    seen.push([...arg.list])
    assert.throws(() => Reflect.apply(Array.prototype.push, arg.list, [99]), /not extensible/)
    await self.receive()
    throw new Error('crash')
  })
  const tree = treeOf({ children: [child(greedy, { list: [1, 2] })] })
  const node = oneNode([greedy, tree], { checked: false })
  await node.run(async (self) => {
    const ref = await grow(self, tree)
    const pid = await pidOf(self, ref, 'greedy')
    const down = self.monitor(pid)
    self.send(pid, 'crash')
    await self.receive(isDown(down))
    assert.ok(await pidOf(self, ref, 'greedy'))
    await self.yield()
    assert.equal(seen, [
      [1, 2],
      [1, 2],
    ])
  })
})

test.run()

import { call, cast } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf } from './one-node.ts'
import { withPool } from './pool.ts'
import { downOf, endChild } from './tree.ts'

const test = suite('otp: dynamic supervisor')

const ok = { tag: 'ok' }
const error = (reason: unknown) => ({ tag: 'error', reason })

test('V15 no children at first; each is started with its argument, the newest listed first', () =>
  withPool({}, async ({ self, pool, life, add }) => {
    assert.equal(await call(self, pool, 'whichChildren'), [])
    const pids = [await add('a'), await add('b')]
    assert.equal(life, ['start a', 'start b'])
    const rest = { restarting: false, type: 'worker', module: 'worker' }
    assert.equal(await call(self, pool, 'whichChildren'), [
      { pid: pids[1], ...rest },
      { pid: pids[0], ...rest },
    ])
    assert.equal(await call(self, pool, 'countChildren'), {
      specs: 2,
      active: 2,
      supervisors: 0,
      workers: 2,
    })
  }))

test('V15 a restart reuses the argument, and no sibling is touched', () =>
  withPool({}, async ({ self, pool, life, add }) => {
    const first = await add('a')
    const second = await add('b')
    await endChild(self, first, 'crash')
    const pids = (await call(self, pool, 'whichChildren')).map(({ pid }) => pid)
    assert.equal(life, ['start a', 'start b', 'end a crash', 'start a'])
    assert.is(pids[0], second)
    assert.ok(pids[1] && pids[1] !== first)
  }))

for (const restart of ['transient', 'temporary'] as const) {
  test(`V15 a ${restart} child that is not restarted is forgotten`, () =>
    withPool({ restart }, async ({ self, pool, add }) => {
      await endChild(self, await add('a'), restart === 'transient' ? 'normal' : 'crash')
      assert.equal(await call(self, pool, 'whichChildren'), [])
    }))
}

test('V15 starts that fail, throw or are declined leave nothing behind', () =>
  withPool({}, async ({ self, pool, starts, events }) => {
    starts.set('a', 'fail')
    const failed = error({ tag: 'cannotStart', id: 'a' })
    assert.equal(await call(self, pool, 'startChild', 'a'), failed)
    starts.set('a', 'throw')
    const thrown = await call(self, pool, 'startChild', 'a')
    const reason = thrown.tag === 'error' ? thrown.reason : 'ok'
    assert.is(typeof reason === 'object' && 'message' in reason && reason.message, 'a cannot start')
    starts.set('a', 'ignore')
    assert.equal(await call(self, pool, 'startChild', 'a'), { tag: 'ok', pid: null })
    const none = { specs: 0, active: 0, supervisors: 0, workers: 0 }
    assert.equal(await call(self, pool, 'countChildren'), none)
    const strays = events.filter((event) => event.tag === 'log' && /stray/.test(event.message))
    assert.equal(strays, [])
  }))

test('V15 terminateChild by pid: ok, notFound for some other live process, ok for the dead', () =>
  withPool({}, async ({ self, pool, life, add }) => {
    const pid = await add('a')
    assert.equal(await call(self, pool, 'terminateChild', pid), ok)
    assert.equal(life, ['start a', 'end a shutdown'])
    assert.equal(await call(self, pool, 'whichChildren'), [])
    assert.equal(await call(self, pool, 'terminateChild', pid), ok)
    assert.equal(await call(self, pool, 'terminateChild', self.pid), error('notFound'))
    const notOne: never = 'a' as never
    assert.equal(await call(self, pool, 'terminateChild', notOne), error('notFound'))
  }))

test('V15 what is for named children is no operation of it', () =>
  withPool({}, async ({ self, pool }) => {
    for (const op of ['restartChild', 'deleteChild'] as const) {
      // @ts-expect-error: a dynamic supervisor has no such operation
      assert.equal(await failureOf(call(self, pool, op, 'a')), { tag: 'undef', op })
    }
  }))

test('V15 maxChildren: one more is refused, and there is room again when one has ended', () =>
  withPool({ maxChildren: 2, restart: 'temporary' }, async ({ self, pool, add }) => {
    const first = await add('a')
    await add('b')
    const full = error({ tag: 'maxChildren', max: 2 })
    assert.equal(await call(self, pool, 'startChild', 'c'), full)
    await endChild(self, first, 'normal')
    await add('c')
    assert.equal(await call(self, pool, 'startChild', 'd'), full)
  }))

test('V10 attempts that fail: the child counts, and its former pid ends them', () =>
  withPool({ maxChildren: 1, intensity: 100_000 }, async ({ self, pool, starts, life, add }) => {
    const pid = await add('a')
    starts.set('a', 'fail')
    await endChild(self, pid, 'crash')
    const [info] = await call(self, pool, 'whichChildren')
    assert.equal([info?.pid, info?.restarting], [null, true])
    assert.is((await call(self, pool, 'startChild', 'b')).tag, 'error', 'it still counts')
    assert.equal(await call(self, pool, 'terminateChild', pid), ok)
    assert.equal(await call(self, pool, 'whichChildren'), [])
    starts.delete('a')
    await self.yield()
    assert.equal(life, ['start a', 'end a crash'], 'the attempts have ended')
  }))

test('V10 a restart that succeeds at last runs the child; one that is declined forgets it', () =>
  withPool({ intensity: 100_000 }, async ({ self, pool, starts, add }) => {
    const one = await add('a')
    const two = await add('b')
    starts.set('a', 'throw')
    starts.set('b', 'ignore')
    await endChild(self, one, 'crash')
    await endChild(self, two, 'crash')
    starts.delete('a')
    while ((await call(self, pool, 'countChildren')).active < 1) await self.yield()
    assert.is((await call(self, pool, 'whichChildren')).length, 1)
  }))

test('V8 the intensity counts the restarts of all children together', () =>
  withPool({ intensity: 1 }, async ({ self, pool, life, add }) => {
    const one = await add('a')
    const two = await add('b')
    await add('c')
    const down = self.monitor(pool)
    await endChild(self, one, 'crash')
    await endChild(self, two, 'crash')
    assert.is(await downOf(self, down), 'shutdown')
    assert.ok(life.includes('end c shutdown'))
  }))

test('a cast or a message that is none of its business changes nothing', () =>
  withPool({}, async ({ self, pool, add }) => {
    await add('a')
    self.send(pool, 'hello')
    // @ts-expect-error: it has no casts
    cast(self, pool, 'hello')
    assert.is((await call(self, pool, 'countChildren')).active, 1)
  }))

test.run()

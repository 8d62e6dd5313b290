/**
 * Watching a running server (rule Y4): hooks, trace, log, counts, termination from outside; and
 * that a failing hook is removed and harms nobody.
 */
import { BadArgument, isDown, type Reason } from '../../../runtime/index.ts'
import { call, cast, sys } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { begin, logOf, totalOf } from './counter.ts'
import { inProcess, oneNode } from './one-node.ts'

const test = suite('otp: sys debug')

test('Y4 hooks see in, out and noreply, each with the state', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const seen: unknown[] = []
    const hook = (count: number, event: sys.SysEvent, module: string): number => {
      const about = event.tag === 'in' ? event.message.tag : event.tag
      seen.push([count, about, totalOf(event.state), module])
      return count + 1
    }
    assert.is(await sys.install(self, server, 'seen', hook, 0), true)
    assert.is(await sys.install(self, server, 'seen', hook, 0), false)
    cast(self, server, 'bump', 5)
    await call(self, server, 'add', 1)
    self.send(server, 'plain')
    assert.equal((await sys.getStatus(self, server)).hooks, ['seen'])
    assert.equal(
      seen,
      [
        [0, 'cast', 0],
        [1, 'noreply', 5],
        [2, 'call', 5],
        [3, 'out', 6],
        [4, 'info', 6],
        [5, 'noreply', 6],
      ].map((entry) => [...entry, 'sys.counter']),
    )
    assert.is(await sys.remove(self, server, 'seen'), true)
    assert.is(await sys.remove(self, server, 'seen'), false)
    await call(self, server, 'add', 1)
    assert.is(seen.length, 6)
  }))

test('Y4 a hook that says done, throws or is async is removed, no more', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run(async (self) => {
    const server = await begin(self)
    let calls = 0
    const fail = (): never => {
      calls++
      throw new Error('hook')
    }
    const once = (): typeof sys.done => {
      calls++
      return sys.done
    }
    await sys.install(self, server, 'done', once, 0)
    await sys.install(self, server, 'throws', fail, 0)
    await sys.install(self, server, 'async', async () => fail(), Promise.resolve(0))
    assert.is(await call(self, server, 'add', 1), 1)
    assert.is(await call(self, server, 'add', 1), 2)
    assert.equal([calls, (await sys.getStatus(self, server)).hooks], [3, []])
  })
  const removed = logged.filter(({ message }) => message === 'sys: hook removed')
  assert.equal(
    removed.map(({ level, fields }) => [level, fields.hook]),
    [
      ['warning', 'throws'],
      ['warning', 'async'],
    ],
  )
})

test('Y4 hooks, log and counts are limited, and noDebug removes all', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const keep = (state: number): number => state
    for (let n = 0; n < 100; n++) {
      assert.is(await sys.install(self, server, `hook ${n}`, keep, 0), true)
    }
    assert.is(await sys.install(self, server, 'one more', keep, 0), false)
    await sys.log(self, server, 3)
    await sys.statistics(self, server, true)
    for (let n = 0; n < 4; n++) await call(self, server, 'add', 1)
    const log = await sys.getLog(self, server)
    const tags = log.map((event) => (typeof event === 'object' && event !== null ? event : {}))
    assert.equal(
      tags.map((event) => ('tag' in event ? event.tag : null)),
      ['out', 'in', 'out'],
    )
    const counts = await sys.getStatistics(self, server)
    assert.equal([counts?.messagesIn, counts?.messagesOut], [4, 4])
    await sys.noDebug(self, server)
    assert.equal(await sys.getLog(self, server), [])
    assert.is(await sys.getStatistics(self, server), null)
    assert.equal((await sys.getStatus(self, server)).hooks, [])
    const bad: (() => Promise<unknown>)[] = [
      ...[-1, 1.5, 10_001, Number.NaN].map((size) => () => sys.log(self, server, size)),
      () => sys.install(self, server, '', keep, 0),
      () => sys.install(self, server, 'x', 'no function' as never, 0),
      () => sys.replaceState(self, server, 5 as never),
      () => sys.trace(self, server, 'yes' as never),
    ]
    for (const ask of bad) {
      await ask().then(
        () => assert.unreachable('it is refused'),
        (error) => assert.instance(error, BadArgument),
      )
    }
  }))

test('Y4 a trace goes to the log of the node, without states', async () => {
  const node = oneNode()
  const logged = logOf(node)
  await node.run(async (self) => {
    const server = await begin(self)
    await sys.trace(self, server, true)
    await call(self, server, 'add', 4)
    await sys.trace(self, server, false)
    await call(self, server, 'add', 4)
    const traced = logged.filter(({ message }) => message.startsWith('sys: '))
    assert.equal(
      traced.map(({ level, message, fields }) => [level, message, fields.pid === server]),
      [
        ['debug', 'sys: in', true],
        ['debug', 'sys: out', true],
      ],
    )
    assert.ok(traced.every(({ fields }) => !('state' in fields)))
  })
})

test('Y4 terminate runs terminate with the reason, suspended or not', () =>
  inProcess(async (self) => {
    for (const suspended of [false, true]) {
      const server = await begin(self, self.pid)
      const ref = self.monitor(server)
      if (suspended) await sys.suspend(self, server)
      const reason: Reason = { tag: 'shutdown', detail: 'by hand' }
      await sys.terminate(self, server, reason)
      assert.equal(await self.receive(), { tag: 'terminating', reason })
      assert.equal((await self.receive(isDown(ref))).reason, reason)
    }
  }))

test('Y4 the answer of a server that stops with it is an out event', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const seen: string[] = []
    const hook = (_state: null, event: sys.SysEvent): null => {
      seen.push(event.tag)
      return null
    }
    await sys.install(self, server, 'seen', hook, null)
    assert.is(await call(self, server, 'bye'), 'bye')
    assert.equal(seen, ['in', 'out'])
  }))

test.run()

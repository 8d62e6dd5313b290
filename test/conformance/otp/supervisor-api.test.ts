/**
 * Supervisors from outside (rules V10 to V12, V14): the ways a child is stopped, requests while a
 * restart keeps failing, every answer of the API.
 */
import {
  isAlive,
  isDown,
  isExit,
  type LocalNode,
  process,
  type Ref,
  type Self,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import {
  type ChildOptions,
  type ChildSpec,
  call,
  child,
  type Supervisor,
  type SupervisorFlags,
  startLink,
  stopServer,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, oneNode, virtualNode } from './one-node.ts'
import { downOf, endChild, grow, infoOf, pidOf, treeOf, type Workers, workers } from './tree.ts'

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

type Scene = Workers & {
  readonly self: Self
  readonly node: LocalNode
  readonly tree: Ref<Supervisor>
  spec(id: string, options?: ChildOptions): ChildSpec
}

/** A running tree with these children, and a process that acts on it. */
async function withTree(
  ids: readonly string[],
  body: (scene: Scene) => Promise<void>,
  flags: Omit<SupervisorFlags, 'children'> = {},
): Promise<void> {
  const made = workers()
  const spec: Scene['spec'] = (id, options) => child(made.module, id, { id, ...options })
  const tree = treeOf({ ...flags, children: ids.map((id) => spec(id)) })
  const node = oneNode([made.module, tree])
  await node.run(async (self) => {
    await body({ ...made, self, node, spec, tree: await grow(self, tree) })
  })
}

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

/** A child that traps, tells its end, and does not stop when asked to. */
const stubborn = process('stubborn', async (self, arg: { unlinks: boolean }) => {
  self.trapExit(true)
  for (;;) {
    const message = await self.receive()
    if (arg.unlinks && isExit()(message)) self.unlink(message.from)
    if (message === 'end') return
  }
})

test('V11 a child that does not stop in its time is killed', async () => {
  const made = child(stubborn, { unlinks: false }, { shutdown: 3_200 })
  const tree = treeOf({ children: [made] })
  const { node, world, run } = virtualNode([stubborn, tree])
  const events: TraceEvent[] = []
  node.observe((event) => events.push(event))
  await run(async (self) => {
    const ref = await grow(self, tree)
    const pid = await pidOf(self, ref, 'stubborn')
    await self.yield()
    const monitor = self.monitor(pid)
    const startMs = world.nowMs
    assert.equal(await call(self, ref, 'terminateChild', 'stubborn'), { tag: 'ok' })
    assert.is(await downOf(self, monitor), 'killed')
    const tookMs = world.nowMs - startMs
    assert.ok(tookMs >= 3_200 && tookMs <= 3_300, `${tookMs} ms`)
  })
  const errors = events.flatMap((event) =>
    event.tag === 'log' && event.level === 'error' ? [event.message] : [],
  )
  assert.equal(errors, ['supervisor: shutdownError'])
})

test('V11 brutalKill does not ask', async () => {
  const { module, life } = workers()
  const tree = treeOf({ children: [child(module, 'a', { shutdown: 'brutalKill' })] })
  await inProcess(
    async (self) => {
      const ref = await grow(self, tree)
      await call(self, ref, 'terminateChild', 'worker')
      assert.equal(life, ['start a', 'end a killed'])
    },
    [module, tree],
  )
})

test('V11 Infinity waits for as long as it takes', async () => {
  const made = child(stubborn, { unlinks: false }, { shutdown: Number.POSITIVE_INFINITY })
  const tree = treeOf({ children: [made] })
  const { world, run } = virtualNode([stubborn, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    const pid = await pidOf(self, ref, 'stubborn')
    await self.yield()
    self.sendAfter(86_400_000, pid, 'end')
    await stopServer(self, ref, 'shutdown')
    assert.ok(world.nowMs >= 86_400_000)
  })
})

test('V11 a child that unlinks itself cannot hang its supervisor', async () => {
  const made = child(stubborn, { unlinks: true }, { shutdown: 100 })
  const tree = treeOf({ children: [made] })
  const { run } = virtualNode([stubborn, tree])
  await run(async (self) => {
    const ref = await grow(self, tree)
    const pid = await pidOf(self, ref, 'stubborn')
    await self.yield()
    const monitor = self.monitor(pid)
    await stopServer(self, ref, 'shutdown')
    assert.is(await downOf(self, monitor), 'killed')
  })
})

test('V11 a child that ended before it was stopped is not reported as killed', () =>
  withTree(['a'], async ({ self, tree, life }) => {
    const pid = await pidOf(self, tree, 'a')
    // Both reach the supervisor before it runs: the end of the child, and the request.
    self.exit(pid, 'kill')
    assert.equal(await call(self, tree, 'terminateChild', 'a'), { tag: 'ok' })
    assert.is((await infoOf(self, tree, 'a'))?.pid, null)
    assert.equal(life.slice(0, 2), ['start a', 'end a killed'])
  }))

test('V12 a supervisor ends with its parent, for its reason, children first', async () => {
  const { module, life } = workers()
  const tree = treeOf({ children: [child(module, 'a'), child(module, 'b', { id: 'b' })] })
  await inProcess(
    async (self) => {
      const parent = process('parent', async (own) => {
        const started = await startLink(own, tree)
        own.send(self.pid, started)
        own.exit(own.pid, String(await own.receive()))
      })
      for (const reason of ['normal', 'moving']) {
        life.length = 0
        const pid = spawn(self, parent)
        const started = await self.receive(isStarted)
        const monitor = self.monitor(started.pid)
        self.send(pid, reason)
        assert.is(await downOf(self, monitor), reason)
        assert.equal(life.slice(2), ['end b shutdown', 'end a shutdown'])
      }
    },
    [module, tree],
  )
})

function isStarted(message: unknown): message is { readonly tag: 'ok'; readonly pid: Self['pid'] } {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'ok'
}

test('V12 stray EXITs and unknown messages are reported and change nothing', () =>
  withTree(['a'], async ({ self, node, tree }) => {
    const before = await pidOf(self, tree, 'a')
    const stray: unknown[] = []
    node.observe((event) => {
      if (event.tag === 'log' && event.message.endsWith('strayMessage')) stray.push(event.fields)
    })
    self.exit(tree, 'stray')
    self.send(tree, { any: 'message' })
    self.send(tree, { tag: '$retry', id: 'a' })
    self.send(tree, { tag: 'DOWN', ref: null })
    assert.is(await pidOf(self, tree, 'a'), before)
    const keys = ['tag, from, reason', 'any', 'tag, ref']
    assert.equal(
      stray,
      keys.map((of) => ({ supervisor: tree, message: `object with keys ${of}` })),
    )
  }))

test('V12 a start that fails leaves no stray EXIT to report', () =>
  withTree(['a'], async ({ self, node, tree, spec, starts }) => {
    const about: string[] = []
    node.observe((event) => event.tag === 'log' && about.push(event.message))
    for (const how of ['fail', 'throw', 'ignore'] as const) {
      starts.set('b', how)
      await call(self, tree, 'startChild', spec('b', { restart: 'temporary' }))
    }
    assert.equal(await call(self, tree, 'countChildren'), {
      specs: 1,
      active: 1,
      supervisors: 0,
      workers: 1,
    })
    assert.ok(!about.includes('supervisor: strayMessage'))
  }))

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

test('V12 a killed supervisor takes its children along', () =>
  withTree(['a'], async ({ self, tree, life }) => {
    const monitor = self.monitor(await pidOf(self, tree, 'a'))
    self.exit(tree, 'kill')
    assert.is(await downOf(self, monitor), 'killed')
    assert.equal(life, ['start a', 'end a killed'])
    assert.is(await failureOf(call(self, tree, 'whichChildren')), 'noproc')
  }))

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

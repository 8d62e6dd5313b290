/**
 * The end of children and of supervisors (rules V11, V12): how a child is stopped, with whom a
 * supervisor ends, and what it ignores.
 */
import { isExit, process, type Self, spawn, type TraceEvent } from '../../../runtime/index.ts'
import { call, cast, child, genServer, startLink, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, virtualNode } from './one-node.ts'
import { withTree } from './supervised.ts'
import { downOf, grow, infoOf, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: supervisor stop')

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

test('V11 a child that ends otherwise than asked is reported, and not started again', async () => {
  const clumsy = genServer<{}>('clumsy')({
    init: (_arg, self) => {
      self.trapExit(true)
      return null
    },
    terminate: () => {
      throw new Error('last words')
    },
  })
  const tree = treeOf({ strategy: 'oneForAll', children: [child(clumsy)] })
  const { node, run } = virtualNode([clumsy, tree])
  const reports: unknown[] = []
  node.observe((event) => {
    if (event.tag === 'log' && event.message.startsWith('supervisor:')) {
      const { reason } = event.fields
      reports.push([event.message, typeof reason === 'object' && Object(reason).message])
    }
  })
  await run(async (self) => {
    const ref = await grow(self, tree)
    assert.equal(await call(self, ref, 'terminateChild', 'clumsy'), { tag: 'ok' })
    assert.is((await infoOf(self, ref, 'clumsy'))?.pid, null)
    assert.is((await call(self, ref, 'restartChild', 'clumsy')).tag, 'ok')
    await stopServer(self, ref, 'shutdown')
  })
  assert.equal(reports, [
    ['supervisor: progress', false],
    ['supervisor: shutdownError', 'last words'],
    ['supervisor: progress', false],
    ['supervisor: shutdownError', 'last words'],
  ])
})

test('V11 a child that ends normally when asked has stopped, and nothing is reported', async () => {
  const polite = process('polite', async (self) => {
    self.trapExit(true)
    await self.receive()
  })
  const tree = treeOf({ children: [child(polite)] })
  const { node, run } = virtualNode([polite, tree])
  const errors: string[] = []
  node.observe((event) => {
    if (event.tag === 'log' && event.level === 'error') errors.push(event.message)
  })
  await run(async (self) => {
    const ref = await grow(self, tree)
    await self.yield()
    const down = self.monitor(await pidOf(self, ref, 'polite'))
    await stopServer(self, ref, 'shutdown')
    assert.is(await downOf(self, down), 'normal')
  })
  assert.equal(errors, [])
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

test('V11 a child that ended just before it was stopped is reported with its own reason', () =>
  withTree(['a'], async ({ self, node, tree }) => {
    const pid = await pidOf(self, tree, 'a')
    const reasons: unknown[] = []
    node.observe((event) => {
      if (event.tag === 'log' && event.level === 'error') reasons.push(event.fields.reason)
    })
    // The request comes to the supervisor before the EXIT of the child does.
    cast(self, pid, 'end', { tag: 'shutdown', detail: 'early' })
    assert.equal(await call(self, tree, 'terminateChild', 'a'), { tag: 'ok' })
    assert.is((await infoOf(self, tree, 'a'))?.pid, null)
    assert.equal(reasons, [{ tag: 'shutdown', detail: 'early' }])
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
    const keys = ['tag, from, reason', 'any', 'tag, id', 'tag, ref']
    assert.equal(
      stray,
      keys.map((of) => ({ supervisor: tree, message: `object with keys ${of}` })),
    )
  }))

test('V12 what only looks like an EXIT is a stray', () =>
  withTree(['a'], async ({ self, node, tree }) => {
    const before = await pidOf(self, tree, 'a')
    let strays = 0
    node.observe((event) => {
      if (event.tag === 'log' && event.message.endsWith('strayMessage')) strays++
    })
    for (const from of [before, 5, null, undefined, 'a', { tag: 'pid' }]) {
      for (const reason of [null, 5, undefined, {}, 'boom'])
        self.send(tree, { tag: 'EXIT', from, reason })
    }
    self.send(tree, { tag: 'EXIT' })
    assert.is(await pidOf(self, tree, 'a'), before)
    assert.is(strays, 31)
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

test('V12 a killed supervisor takes its children along', () =>
  withTree(['a'], async ({ self, tree, life }) => {
    const monitor = self.monitor(await pidOf(self, tree, 'a'))
    self.exit(tree, 'kill')
    assert.is(await downOf(self, monitor), 'killed')
    assert.equal(life, ['start a', 'end a killed'])
    assert.is(await failureOf(call(self, tree, 'whichChildren')), 'noproc')
  }))

test.run()

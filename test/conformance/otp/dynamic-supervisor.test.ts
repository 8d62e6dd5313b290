/**
 * Dynamic supervisors (rule V15, OTP `simple_one_for_one`): children by argument or by spec, their
 * restarts, every answer of the API, and the end of all of them at once.
 */
import {
  isAlive,
  type Module,
  type Pid,
  process,
  type Ref,
  type Self,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import {
  call,
  cast,
  child,
  type DynamicSupervisor,
  dynamicSupervisor,
  ignore,
  local,
  start,
  startLink,
  stopServer,
  type TemplateFlags,
  template,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, oneNode, virtualNode } from './one-node.ts'
import { downOf, endChild, pass, type Workers, workers } from './tree.ts'

const test = suite('otp: dynamic supervisor')

const ok = { tag: 'ok' }
const error = (reason: unknown) => ({ tag: 'error', reason })

type Pool<ChildArg> = Ref<DynamicSupervisor<ChildArg>>

type Scene = Workers & {
  readonly self: Self
  readonly pool: Pool<string>
  readonly events: TraceEvent[]
  /** Starts a child that must start. */
  add(arg: string): Promise<Pid>
}

async function grow<ChildArg>(
  self: Self,
  module: Module<DynamicSupervisor<ChildArg>, void>,
): Promise<Pool<ChildArg>> {
  const started = await start(self, module)
  if (started.tag !== 'ok') throw new Error(`it starts: ${JSON.stringify(started)}`)
  return started.pid
}

function withPool(
  flags: Omit<TemplateFlags<string>, 'template'> & Parameters<typeof template>[1],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const made = workers()
  const { restart = 'permanent', shutdown = 5_000, type = 'worker', ...limits } = flags
  const child = template(made.module, { restart, shutdown, type })
  const module = dynamicSupervisor('pool', () => ({ intensity: 100, ...limits, template: child }))
  const node = oneNode([made.module, module])
  const events: TraceEvent[] = []
  node.observe((event) => events.push(event))
  return node.run(async (self) => {
    const pool = await grow(self, module)
    const add = async (arg: string): Promise<Pid> => {
      const started = await call(self, pool, 'startChild', arg)
      if (started.tag !== 'ok' || started.pid === null) throw new Error('the child starts')
      return started.pid
    }
    await body({ ...made, self, pool, events, add })
  })
}

test('V15 no children at first; each is started with its argument, the newest is listed first', () =>
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

test('V15 children by spec: any module, with a name, ids ignored', async () => {
  const made = workers()
  const any = dynamicSupervisor('any', () => ({}))
  await inProcess(
    async (self) => {
      const pool = await grow(self, any)
      const spec = child(made.module, 'a', { id: 'same', name: 'named', restart: 'transient' })
      const first = await call(self, pool, 'startChild', spec)
      assert.is(first.tag, 'ok')
      const taken = await call(self, pool, 'startChild', spec)
      assert.is(
        taken.tag === 'error' && typeof taken.reason === 'object' && taken.reason.tag,
        'alreadyStarted',
      )
      await call(self, pool, 'startChild', child(made.module, 'b', { id: 'same' }))
      assert.is((await call(self, pool, 'countChildren')).active, 2)
      const unknown = await call(self, pool, 'startChild', {
        ...spec,
        name: null,
        module: 'nowhere',
      })
      assert.equal(unknown, error({ tag: 'unknownModule', module: 'nowhere' }))
      const bad = { ...spec, significant: true }
      const refused = await call(self, pool, 'startChild', bad)
      const reason = refused.tag === 'error' ? refused.reason : 'ok'
      assert.is(typeof reason === 'object' && reason.field, 'spec.significant')
      const junk = await call(self, pool, 'startChild', 7 as never)
      assert.is(
        junk.tag === 'error' && typeof junk.reason === 'object' && junk.reason.tag,
        'startSpec',
      )
    },
    [made.module, any],
  )
})

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

test('V11 V15 the end: each child has its own time, then it is killed; one report for all alike', async () => {
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

test('V15 a nested supervisor is known as one', async () => {
  const { module } = workers()
  const inner = dynamicSupervisor('inner', () => ({ template: template(module) }))
  const outer = dynamicSupervisor('outer', () => ({ template: template(inner) }))
  await inProcess(
    async (self) => {
      const ref = await grow(self, outer)
      await call(self, ref, 'startChild')
      assert.is((await call(self, ref, 'countChildren')).supervisors, 1)
      assert.equal(
        [child(inner).type, child(inner).shutdown],
        ['supervisor', Number.POSITIVE_INFINITY],
      )
    },
    [module, inner, outer],
  )
})

const bad = (value: unknown): never => value as never

const refusals: readonly (readonly [string, unknown, field: string, got: string])[] = [
  ['no object', 7, 'flags', '7'],
  ['a strategy', { strategy: 'oneForAll' }, 'strategy', '"oneForAll"'],
  ['children', { children: [] }, 'children', '[object Array]'],
  ['automatic shutdown', { autoShutdown: 'never' }, 'autoShutdown', '"never"'],
  ['a negative intensity', { intensity: -1 }, 'intensity', '-1'],
  ['a period of 0', { periodMs: 0 }, 'periodMs', '0'],
  ['no room at all', { maxChildren: 0 }, 'maxChildren', '0'],
  ['half a child', { maxChildren: 1.5 }, 'maxChildren', '1.5'],
  ['a template that is none', { template: 'worker' }, 'template', '"worker"'],
  [
    'a template without a module',
    { template: { restart: 'permanent' } },
    'template.module',
    'undefined',
  ],
]

for (const [what, flags, field, got] of refusals) {
  test(`V4 ${what} is refused, naming field and value`, () =>
    inProcess(async (self) => {
      const started = await start(
        self,
        dynamicSupervisor('pool', () => bad(flags)),
      )
      const reason = started.tag === 'error' ? started.reason : started.tag
      if (typeof reason !== 'object') throw new Error(`refused: ${reason}`)
      assert.equal([reason.tag, reason.field, reason.got], ['startSpec', field, got])
    }))
}

test('V4 a description that ignores: the supervisor is not needed', () =>
  inProcess(async (self) => {
    assert.equal(
      await start(
        self,
        dynamicSupervisor('none', () => ignore()),
      ),
      { tag: 'ignore' },
    )
  }))

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

test('a cast or a message that is none of its business changes nothing', () =>
  withPool({}, async ({ self, pool, add }) => {
    await add('a')
    self.send(pool, 'hello')
    // @ts-expect-error: it has no casts
    cast(self, pool, 'hello')
    assert.is((await call(self, pool, 'countChildren')).active, 1)
  }))

test.run()

/**
 * Looking into event managers and supervisors (rules Y1, Y2, Y5): what they show is data of their
 * own making, a replacement keeps to what may change, and what comes while one is suspended is done
 * when it is resumed.
 */
import { isDown, process, type Reason, type Ref, spawn } from '../../../runtime/index.ts'
import { runtimeLimits } from '../../../runtime/kernel.ts'
import {
  addHandler,
  call,
  callHandler,
  child,
  type DynamicSupervisorView,
  dynamicSupervisor,
  eventHandler,
  genEvent,
  type HandlerState,
  handler,
  next,
  notify,
  type SupervisorView,
  start,
  startLink,
  syncNotify,
  sys,
  template,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { manage, note, recorder } from './event-handlers.ts'
import { errorOf, failureOf, inProcess, oneNode } from './one-node.ts'
import { withTree } from './supervised.ts'
import { endChild, grow, infoOf, pidOf, treeOf, workers } from './tree.ts'

const test = suite('otp: sys special')

/** The message of the error for which a replacement failed. */
async function refusalOf(replacing: Promise<unknown>): Promise<string> {
  const reason = await failureOf(replacing)
  if (typeof reason !== 'object' || reason.tag !== 'callbackFailed') return String(reason)
  const [, , message] = errorOf(Reflect.get(reason, 'reason') as Reason)
  return String(message)
}

type Count = { readonly count: number; readonly secret: string }

const counting = eventHandler<number>('counting')({
  init: (secret: string): Count => ({ count: 0, secret }),
  event: (state, n) => next({ ...state, count: state.count + n }),
  formatStatus: ({ count }) => count,
})

const frail = eventHandler<number>('frail')({
  init: () => 'password',
  event: (state) => next(state),
  formatStatus: () => {
    throw new TypeError('format')
  },
})

const counts = genEvent<number>('counts')({ handlers: [counting, frail] })

test('Y1 the state of a manager is that of every handler, in their order', () =>
  inProcess(async (self) => {
    const started = await start(self, counts)
    assert.ok(started.tag === 'ok')
    const manager = started.pid
    assert.equal(await sys.getState(self, manager), [])
    await addHandler(self, manager, handler(counting, 'a'))
    await addHandler(self, manager, handler(frail))
    await addHandler(self, manager, handler(counting, 'b', { id: 'second' }))
    notify(self, manager, 5)
    const shown = [
      { module: 'counting', id: null, state: { count: 5, secret: 'a' } },
      { module: 'frail', id: null, state: 'password' },
      { module: 'counting', id: 'second', state: { count: 5, secret: 'b' } },
    ]
    assert.equal(await sys.getState(self, manager), shown)
    const asked: string[] = []
    const replaced = await sys.replaceState(self, manager, (one: HandlerState) => {
      asked.push(`${one.module} ${one.id}`)
      return one.id === 'second' ? { ...one, state: { count: 100, secret: 'b' } } : one
    })
    assert.equal(asked, ['counting null', 'frail null', 'counting second'])
    shown[2]!.state = { count: 100, secret: 'b' }
    assert.equal(replaced, shown)
    await syncNotify(self, manager, 1)
    const { state, module } = await sys.getStatus(self, manager)
    assert.is(module, 'counts')
    assert.equal(state, [
      { module: 'counting', id: null, state: 6 },
      {
        module: 'frail',
        id: null,
        state: { tag: 'formatStatusFailed', error: 'TypeError: format' },
      },
      { module: 'counting', id: 'second', state: 101 },
    ])
  }))

test('Y1 a replacement that fails for one handler changes none', () =>
  inProcess(async (self) => {
    const [a, b] = [recorder('a'), recorder('b')]
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(a.module, undefined))
    await addHandler(self, manager, handler(b.module, undefined))
    const before = await sys.getState(self, manager)
    const bad: [(one: HandlerState) => unknown, RegExp][] = [
      [
        (one) => {
          if (one.module === 'b') throw new RangeError('no')
          return { ...one, state: null }
        },
        /^no$/,
      ],
      [async (one) => one, /must not be async/],
      [(one) => ({ ...one, module: 'b' }), /expected \{ module, id, state \} of handler 'a'/],
      [({ module, id }) => ({ module, id }), /expected \{ module, id, state \} of handler 'a'/],
      [() => null, /got null/],
    ]
    for (const [replace, message] of bad) {
      const change = replace as (one: HandlerState) => HandlerState
      assert.match(await refusalOf(sys.replaceState(self, manager, change)), message)
    }
    assert.equal(await sys.getState(self, manager), before)
    assert.is(await callHandler(self, manager, a.module, 'add', 1), 1)
  }))

test('Y2 a suspended manager gives events out after it is resumed', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await addHandler(self, manager, handler(a.module, undefined))
    await sys.suspend(self, manager)
    notify(self, manager, note('one'))
    const asked = callHandler(self, manager, a.module, 'log')
    notify(self, manager, note('two'))
    const { status, queued } = await sys.getStatus(self, manager)
    assert.equal([status, queued, a.life], ['suspended', 3, ['init a']])
    await sys.resume(self, manager)
    assert.equal(await asked, ['one'])
    await sys.suspend(self, manager)
    const ref = self.monitor(manager)
    await sys.terminate(self, manager, 'enough')
    assert.is((await self.receive(isDown(ref))).reason, 'enough')
    assert.equal(a.life.slice(1), [
      'event a one',
      'event a two',
      'terminate a {"tag":"stop","reason":"enough"}',
    ])
  }))

test('Y4 a watched manager tells of events, with a summary as its state; a bad hook goes', () =>
  inProcess(async (self) => {
    const started = await start(self, counts)
    assert.ok(started.tag === 'ok')
    const manager = started.pid
    await addHandler(self, manager, handler(counting, 'a'))
    const seen: unknown[] = []
    const hook = (_: null, event: sys.SysEvent): null => {
      const op = event.tag === 'in' && event.message.tag === 'cast' ? event.message.op : null
      seen.push([event.tag, op, event.state])
      return null
    }
    await sys.install(self, manager, 'seen', hook, null)
    await sys.install(
      self,
      manager,
      'bad',
      () => {
        throw new Error('hook')
      },
      null,
    )
    await sys.log(self, manager, 3)
    for (let n = 0; n < 3; n++) notify(self, manager, 1)
    assert.is((await sys.getLog(self, manager)).length, 3)
    assert.equal(seen.slice(0, 2), [
      ['in', 'notify', { handlers: 1 }],
      ['noreply', null, { handlers: 1 }],
    ])
    assert.equal((await sys.getStatus(self, manager)).hooks, ['seen'])
  }))

test('Y1 the state of a supervisor is its flags and its children, as data', () =>
  withTree(
    ['a', 'b'],
    async ({ self, tree, spec }) => {
      const [a, b] = [await pidOf(self, tree, 'a'), await pidOf(self, tree, 'b')]
      const flags = {
        strategy: 'oneForAll',
        autoShutdown: 'never',
        intensity: 7,
        periodMs: 5_000,
        restarts: 0,
        counts: { specs: 2, active: 2, supervisors: 0, workers: 2 },
      }
      const children = [
        { ...spec('a'), pid: a, restarting: false },
        { ...spec('b'), pid: b, restarting: false },
      ]
      assert.equal(await sys.getState(self, tree), { ...flags, children })
      const { state, module } = await sys.getStatus(self, tree)
      const shown = children.map(({ arg: _arg, ...rest }) => rest)
      assert.equal([module, state], ['tree', { ...flags, children: shown }])
    },
    { strategy: 'oneForAll', intensity: 7 },
  ))

test('Y1 flags of a supervisor are replaced, and count from then on', () =>
  withTree(['a', 'b'], async ({ self, tree, life }) => {
    const change = (view: SupervisorView): SupervisorView => ({
      ...view,
      strategy: 'oneForAll',
      intensity: 5,
    })
    const shown = await sys.replaceState(self, tree, change)
    assert.is(Reflect.get(Object(shown), 'intensity'), 5)
    life.length = 0
    await endChild(self, await pidOf(self, tree, 'a'), 'kill')
    await infoOf(self, tree, 'b')
    assert.equal(life, ['end a killed', 'end b shutdown', 'start a', 'start b'])
    assert.is(Reflect.get(Object(await sys.getState(self, tree)), 'restarts'), 1)
  }))

test('Y1 nothing else of a supervisor is replaced, and bad flags are refused', () =>
  withTree(
    ['a'],
    async ({ self, tree, spec }) => {
      await call(self, tree, 'startChild', spec('s', { restart: 'temporary', significant: true }))
      const before = await sys.getState(self, tree)
      const bad: [(view: SupervisorView) => unknown, RegExp][] = [
        [(view) => ({ ...view, children: [] }), /children: only strategy, .* can be replaced/],
        [(view) => ({ ...view, children: [...view.children] }), /children: only/],
        [(view) => ({ ...view, restarts: 9 }), /restarts: only/],
        [(view) => ({ ...view, extra: 1 }), /extra: only/],
        [({ children: _children, ...rest }) => rest, /children: only .* got undefined/],
        [(view) => ({ ...view, intensity: -1 }), /intensity: expected a whole number from 0/],
        [(view) => ({ ...view, strategy: 'all' }), /strategy: expected oneForOne/],
        [(view) => ({ ...view, autoShutdown: 'never' }), /there are significant children/],
        [() => 'tree', /expected the state of a supervisor, got "tree"/],
        [async (view) => view, /must not be async/],
      ]
      for (const [replace, message] of bad) {
        const change = replace as (view: SupervisorView) => SupervisorView
        assert.match(await refusalOf(sys.replaceState(self, tree, change)), message)
      }
      assert.equal(await sys.getState(self, tree), before)
    },
    { autoShutdown: 'allSignificant' },
  ))

test('Y2 a child that dies while its supervisor is suspended is restarted when it is resumed', () =>
  withTree(['a', 'b'], async ({ self, tree, life }) => {
    await sys.suspend(self, tree)
    const pid = (await childrenOf(self, tree))[0]?.pid
    life.length = 0
    await endChild(self, untyped(pid), 'kill')
    const asked = call(self, tree, 'countChildren')
    const { status, queued } = await sys.getStatus(self, tree)
    assert.equal([status, queued, life], ['suspended', 2, ['end a killed']])
    assert.is((await childrenOf(self, tree))[0]?.pid, pid)
    await sys.resume(self, tree)
    assert.is((await asked).active, 2)
    assert.equal(life, ['end a killed', 'start a'])
    assert.is.not((await childrenOf(self, tree))[0]?.pid, pid)
  }))

test('Y2 G12 a suspended supervisor that is ended, or its parent, stops its children', async () => {
  const made = workers()
  const tree = treeOf({ children: ['a', 'b'].map((id) => child(made.module, id, { id })) })
  await oneNode([made.module]).run(async (own) => {
    const pid = await grow(own, tree)
    const ref = own.monitor(pid)
    await sys.suspend(own, pid)
    await sys.terminate(own, pid, 'shutdown')
    assert.is((await own.receive(isDown(ref))).reason, 'shutdown')
    assert.equal(made.life.splice(0), ['start a', 'start b', 'end b shutdown', 'end a shutdown'])
    const boss = own.pid
    const parent = process('parent', async (between) => {
      const started = await startLink(between, tree)
      if (started.tag !== 'ok') return
      await sys.suspend(between, started.pid)
      between.send(boss, started.pid)
      await between.receive((message) => message === 'never')
    })
    const above = spawn(own, parent)
    const below = own.monitor(untyped(await own.receive()))
    own.exit(above, 'gone')
    assert.is((await own.receive(isDown(below))).reason, 'gone')
    assert.equal(made.life, ['start a', 'start b', 'end b shutdown', 'end a shutdown'])
  })
})

test('Y1 Y2 a dynamic supervisor shows its limits and children, and keeps to them', async () => {
  const made = workers()
  const pool = dynamicSupervisor('pool', () => ({
    template: template(made.module),
    maxChildren: 3,
  }))
  await oneNode([made.module]).run(async (self) => {
    const started = await start(self, pool)
    assert.ok(started.tag === 'ok')
    const ref = started.pid
    for (const id of ['x', 'y']) await call(self, ref, 'startChild', id)
    const before = (await sys.getState(self, ref)) as DynamicSupervisorView
    assert.equal(
      [before.maxChildren, before.template?.module, before.counts.active],
      [3, 'worker', 2],
    )
    assert.equal(
      before.children.map(({ arg }) => arg),
      ['x', 'y'],
    )
    const status = (await sys.getStatus(self, ref)).state
    assert.ok(
      !JSON.stringify(status, (_, value) => (value === self.pid ? 0 : value)).includes('"x"'),
    )
    const set = (limits: object) => (view: DynamicSupervisorView) => ({ ...view, ...limits })
    const bad: [object, RegExp][] = [
      [{ maxChildren: 0 }, /maxChildren: expected/],
      [{ template: null }, /template: only intensity, periodMs, maxChildren can be replaced/],
      [{ strategy: 'oneForAll' }, /strategy: only/],
    ]
    for (const [limits, message] of bad) {
      assert.match(await refusalOf(sys.replaceState(self, ref, set(limits))), message)
    }
    await sys.replaceState(self, ref, set({ maxChildren: 2, intensity: 10 }))
    assert.equal(await call(self, ref, 'startChild', 'z'), {
      tag: 'error',
      reason: { tag: 'maxChildren', max: 2 },
    })
    await sys.suspend(self, ref)
    const [first] = before.children
    await endChild(self, untyped(first?.pid), 'kill')
    assert.is((await sys.getStatus(self, ref)).queued, 1)
    await sys.resume(self, ref)
    assert.is((await call(self, ref, 'countChildren')).active, 2)
    assert.equal(made.life, ['start x', 'start y', 'end x killed', 'start x'])
  })
})

test('Y4 the log of a supervisor keeps summaries: it does not grow with the children', () =>
  withTree(['a', 'b', 'c'], async ({ self, tree }) => {
    await sys.log(self, tree, runtimeLimits.sysLogMax)
    await sys.statistics(self, tree, true)
    await call(self, tree, 'countChildren')
    await endChild(self, await pidOf(self, tree, 'a'), 'kill')
    const states = (await sys.getLog(self, tree)).map((event) =>
      Reflect.get(Object(event), 'state'),
    )
    assert.ok(states.length >= 4)
    for (const state of states) assert.ok('counts' in state && !('children' in state))
    assert.ok(((await sys.getStatistics(self, tree))?.messagesIn ?? 0) >= 3)
  }))

async function childrenOf(self: Parameters<typeof pidOf>[0], tree: Ref<unknown>) {
  return ((await sys.getState(self, tree)) as SupervisorView).children
}

function untyped(value: unknown): never {
  return value as never
}

test.run()

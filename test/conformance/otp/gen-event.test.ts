/**
 * gen_event after OTP's own suite, by the name of its cases: managers, handlers added, notified,
 * called and deleted while they run. Handlers that fail, hang or return what they must not are
 * removed and reported, and nobody else notices.
 */
import { exit, isDown, process, spawnMonitor, type TraceEvent } from '../../../runtime/index.ts'
import {
  addHandler,
  call,
  callHandler,
  child,
  deleteHandler,
  genEvent,
  handler,
  local,
  notify,
  start,
  startLink,
  stopServer,
  supervisor,
  syncNotify,
  whichHandlers,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { manage, managerOf, note, recorder, type Told, untyped } from './event-handlers.ts'
import { errorOf, failureOf, inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: gen_event')

const done = { tag: 'ok' }

test('start: by pid and by name, linked or not; a taken name is refused', () => {
  const { module } = recorder('a')
  const manager = managerOf({ module, life: [] })
  return inProcess(
    async (self) => {
      const started = await start(self, manager, undefined, { name: 'events' })
      if (started.tag !== 'ok') throw new Error('it starts')
      const again = await startLink(self, manager, undefined, { name: 'events' })
      const reason = { tag: 'alreadyStarted', pid: started.pid }
      assert.equal(again, { tag: 'error', reason })
      assert.equal(await whichHandlers(self, local(manager, 'events')), [])
      await stopServer(self, started.pid)
    },
    [manager],
  )
})

test('stop: every handler hears of it, and the manager ends with the reason', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const b = recorder('b')
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(a.module, undefined))
    await addHandler(self, manager, handler(b.module, { last: 'throw' }))
    const ref = self.monitor(manager)
    await stopServer(self, manager, 'shutdown')
    assert.is((await self.receive(isDown(ref))).reason, 'shutdown')
    const why = '{"tag":"stop","reason":"shutdown"}'
    assert.is(a.life.at(-1), `terminate a ${why}`)
    assert.is(b.life.at(-1), `terminate b ${why}`)
  }))

test('stop: the end of the parent ends the manager, normal too; no other link does', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = managerOf(a)
    self.trapExit(true)
    const started = await startLink(self, manager)
    if (started.tag !== 'ok') throw new Error('it starts')
    const { pid } = started
    await addHandler(self, pid, handler(a.module, undefined))
    const ref = self.monitor(pid)
    const linked = spawnMonitor(
      self,
      process('linked', (own) => {
        own.link(pid)
        return exit('broken')
      }),
    )
    await self.receive(isDown(linked.ref))
    const log = await callHandler(self, pid, a.module, 'log')
    assert.equal(log, [])
    self.exit(pid, 'normal')
    assert.is((await self.receive(isDown(ref))).reason, 'normal')
    assert.is(a.life.at(-1), 'terminate a {"tag":"stop","reason":"normal"}')
  }))

test('add_handler: each outcome of init', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const add = (how: string) => addHandler(self, manager, handler(a.module, { how }))
    assert.equal(await add('refuse'), { tag: 'error', reason: { tag: 'refused', by: 'a' } })
    const thrown = await add('throw')
    if (thrown.tag !== 'error') throw new Error('it is refused')
    assert.equal(errorOf(thrown.reason), ['error', 'Error', 'a cannot start'])
    assert.not('stack' in Object(thrown.reason), 'a stack stays on its node')
    const bad = { tag: 'badReturnValue', got: 'Remove' }
    assert.equal(await add('bad'), { tag: 'error', reason: bad })
    assert.equal(await whichHandlers(self, manager), [])
    assert.equal(await add('well'), done)
    assert.equal(await whichHandlers(self, manager), [{ module: 'a', id: null }])
  }))

test('add_handler: one module several times by id, never twice by the same', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    assert.equal(await addHandler(self, manager, handler(a.module, undefined)), done)
    const twice = await addHandler(self, manager, handler(a.module, undefined))
    assert.equal(twice, { tag: 'error', reason: 'alreadyInstalled' })
    assert.equal(await addHandler(self, manager, handler(a.module, undefined, { id: 'x' })), done)
    assert.is(a.life.length, 2, 'a refused handler is not initialised')
    await syncNotify(self, manager, note('one'))
    await deleteHandler(self, manager, a.module)
    await syncNotify(self, manager, note('two'))
    assert.equal(await callHandler(self, manager, a.module, 'log', undefined, { id: 'x' }), [
      'one',
      'two',
    ])
  }))

test('add_handler: a module the manager does not list, and requests that are none', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const b = recorder('b')
    const manager = await manage(self, a)
    const reason = { tag: 'unknownHandler', module: 'b' }
    const refused = await addHandler(self, manager, handler(b.module, undefined))
    assert.equal(refused, { tag: 'error', reason })
    const bad = { tag: 'error', reason: 'badRequest' }
    const spec = { module: 'a', id: null, arg: undefined }
    const garbage = [
      undefined,
      'a',
      {},
      { spec: null, owner: null },
      { spec: { module: 1, id: null }, owner: null },
      { spec, owner: { pid: 'me' } },
      { spec, owner: undefined },
      { spec, owner: 1 },
    ]
    for (const request of garbage) {
      assert.equal(await call(self, manager, 'addHandler', untyped(request)), bad)
      assert.equal(await call(self, manager, 'swapHandler', untyped(request)), bad)
    }
    const none = { tag: 'error', reason: 'notFound' }
    assert.equal(await call(self, manager, 'deleteHandler', untyped('a')), none)
    assert.is(await failureOf(call(self, manager, 'callHandler', untyped(null))), 'badRequest')
    assert.equal(a.life, [])
  }))

test('delete_handler: the answer is what terminate returned', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await addHandler(self, manager, handler(a.module, { last: [1, 2] }))
    const deleted = await deleteHandler(self, manager, a.module, { arg: 'enough' })
    assert.equal(deleted, { tag: 'ok', value: [1, 2] })
    assert.is(a.life.at(-1), 'terminate a {"tag":"delete","arg":"enough"}')
    const again = await deleteHandler(self, manager, a.module)
    assert.equal(again, { tag: 'error', reason: 'notFound' })
  }))

test('delete_handler: a failing terminate, and one that returns no data, remove all the same', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await addHandler(self, manager, handler(a.module, { last: 'throw' }))
    const failed = await deleteHandler(self, manager, a.module)
    if (failed.tag !== 'error') throw new Error('it fails')
    assert.equal(errorOf(failed.reason), ['error', 'Error', 'a cannot end'])
    await addHandler(self, manager, handler(a.module, { last: 'unsendable' }))
    const unsendable = await deleteHandler(self, manager, a.module)
    assert.match(JSON.stringify(unsendable), /terminate: function cannot be sent/)
    assert.equal(await whichHandlers(self, manager), [])
  }))

test('notify, sync_notify: every handler, in the order of installation', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const life = a.life
    const b = { ...recorder('b') }
    const manager = await manage(self, a, b)
    await addHandler(self, manager, handler(b.module, undefined))
    await addHandler(self, manager, handler(a.module, undefined))
    notify(self, manager, note('first'))
    await syncNotify(self, manager, note('second'))
    assert.equal(life.slice(1), ['event a first', 'event a second'])
    assert.equal(b.life.slice(1), ['event b first', 'event b second'])
    const order = await whichHandlers(self, manager)
    assert.equal(
      order.map(({ module }) => module),
      ['b', 'a'],
    )
  }))

test('notify: never fails for an absent manager; sync_notify does', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await stopServer(self, manager)
    notify(self, manager, note('lost'))
    notify(self, local(managerOf(a), 'nobody'), note('lost'))
    assert.is(await failureOf(syncNotify(self, manager, note('lost'))), 'noproc')
    assert.is(await failureOf(whichHandlers(self, manager)), 'noproc')
  }))

for (const way of ['fail', 'reject', 'bad'] as const) {
  test(`notify: a handler that goes wrong (${way}) is removed, the others stay`, async () => {
    const node = oneNode()
    const reported: TraceEvent[] = []
    node.observe((event) => event.tag === 'log' && reported.push(event))
    await node.run(async (self) => {
      const a = recorder('a')
      const b = recorder('b')
      const manager = await manage(self, a, b)
      await addHandler(self, manager, handler(a.module, undefined))
      await addHandler(self, manager, handler(a.module, undefined, { id: 'second' }))
      await addHandler(self, manager, handler(b.module, undefined))
      await syncNotify(self, manager, note('before'))
      await syncNotify(self, manager, { tag: way })
      assert.equal(await whichHandlers(self, manager), [])
      assert.match(b.life.at(-1) ?? '', /^terminate b error /)
      assert.match(a.life.at(-1) ?? '', /^terminate a error /)
      assert.equal(await addHandler(self, manager, handler(a.module, undefined)), done)
    })
    const said = reported.map((event) => (event.tag === 'log' ? event.message : ''))
    assert.equal(said, Array(3).fill('event handler failed'))
  })
}

test('notify: remove, returned or thrown, is the orderly end', async () => {
  const node = oneNode()
  const reported: string[] = []
  node.observe((event) => event.tag === 'log' && reported.push(event.message))
  await node.run(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    for (const tag of ['remove', 'throwRemove'] as const) {
      await addHandler(self, manager, handler(a.module, undefined))
      await syncNotify(self, manager, { tag })
      assert.is(a.life.at(-1), 'terminate a {"tag":"remove"}')
      assert.equal(await whichHandlers(self, manager), [])
    }
  })
  assert.equal(reported, [])
})

test('notify: a handler that hangs is removed after its time, at its end as well', async () => {
  const { world, run } = virtualNode()
  const a = recorder('a')
  const b = recorder('b')
  const hasty = genEvent<Told>('hasty')({
    handlers: [a.module, b.module],
    handlerTimeoutMs: 1_000,
  })
  await run(async (self) => {
    const started = await start(self, hasty)
    if (started.tag !== 'ok') throw new Error('it starts')
    const manager = started.pid
    const refused = await addHandler(self, manager, handler(a.module, { how: 'hang' }))
    assert.equal(refused, { tag: 'error', reason: 'timeout' })
    await addHandler(self, manager, handler(a.module, { last: 'hang' }))
    await addHandler(self, manager, handler(b.module, undefined))
    const startMs = world.nowMs
    notify(self, manager, { tag: 'hang' })
    await syncNotify(self, manager, note('after'))
    assert.equal(await whichHandlers(self, manager), [])
    assert.is(b.life.at(-1), 'terminate b error timeout')
    const tookMs = world.nowMs - startMs
    assert.ok(tookMs >= 3_000 && tookMs < 3_200, `${tookMs} ms`)
  })
})

test('call: to one handler, by module and id, typed', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await addHandler(self, manager, handler(a.module, undefined))
    notify(self, manager, note('one'))
    assert.equal(await callHandler(self, manager, a.module, 'log'), ['one'])
    assert.is(await callHandler(self, manager, a.module, 'add', 41), 42)
    const other = callHandler(self, manager, a.module, 'add', 1, { id: 'x' })
    const reason = { tag: 'noHandler', handler: { module: 'a', id: 'x' } }
    assert.equal(await failureOf(other), reason)
    const op: 'log' = untyped('toString')
    const unknown = callHandler(self, manager, a.module, op)
    assert.equal(await failureOf(unknown), { tag: 'undef', op: 'toString' })
    assert.is((await whichHandlers(self, manager)).length, 1, 'the caller alone fails')
  }))

test('call: a handler that fails its caller is removed', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    const add = () => addHandler(self, manager, handler(a.module, undefined))
    await add()
    const failed = await failureOf(callHandler(self, manager, a.module, 'fail'))
    assert.equal(errorOf(failed), ['error', 'Error', 'a failed in a call'])
    await add()
    const bad = await failureOf(callHandler(self, manager, a.module, 'bad'))
    assert.equal(bad, { tag: 'badReturnValue', got: 'Next' })
    await add()
    const unsendable = await failureOf(callHandler(self, manager, a.module, 'unsendable'))
    assert.match(String(errorOf(unsendable)), /BadArgument,message: function cannot be sent/)
    assert.equal(await whichHandlers(self, manager), [])
    await add()
    assert.is(await callHandler(self, manager, a.module, 'removeYourself'), 'gone')
    assert.is(a.life.at(-1), 'terminate a {"tag":"remove"}')
    assert.equal(await whichHandlers(self, manager), [])
  }))

test('call: a time of its own', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    await addHandler(self, manager, handler(a.module, undefined))
    notify(self, manager, { tag: 'hang' })
    const late = callHandler(self, manager, a.module, 'log', undefined, { timeoutMs: 10 })
    assert.is(await failureOf(late), 'timeout')
    assert.ok(noMail(self))
  })
})

test('info: other messages go to every handler that takes them', async () => {
  const node = oneNode()
  const warned: string[] = []
  node.observe((event) => event.tag === 'log' && warned.push(event.message))
  await node.run(async (self) => {
    const a = recorder('a')
    const manager = await manage(self, a)
    self.send(manager, 'nobody listens')
    await addHandler(self, manager, handler(a.module, undefined))
    self.send(manager, { stray: 1 })
    assert.equal(await callHandler(self, manager, a.module, 'log'), [])
    assert.is(a.life.at(-1), 'info a {"stray":1}')
  })
  assert.equal(warned, ['message without a handler dropped'])
})

test('install: handlers are there from the start, and again after a restart', () => {
  const a = recorder('a')
  const b = recorder('b')
  const manager = genEvent<Told>('steady')({
    handlers: [a.module, b.module],
    install: (ids: readonly string[]) => ids.map((id) => handler(a.module, undefined, { id })),
  })
  const tree = supervisor('tree', () => ({
    children: [child(manager, ['x', 'y'], { name: 'steady' })],
  }))
  return inProcess(
    async (self) => {
      const started = await start(self, tree)
      if (started.tag !== 'ok') throw new Error('it starts')
      const installed = ['x', 'y'].map((id) => ({ module: 'a', id }))
      assert.equal(await whichHandlers(self, local(manager, 'steady')), installed)
      const [info] = await call(self, started.pid, 'whichChildren')
      if (!info?.pid) throw new Error('it runs')
      const ref = self.monitor(info.pid)
      self.exit(info.pid, 'kill')
      await self.receive(isDown(ref))
      await call(self, started.pid, 'whichChildren')
      assert.equal(await whichHandlers(self, local(manager, 'steady')), installed)
    },
    [manager, tree],
  )
})

test('install: a handler that refuses fails the start, those before it end', () =>
  inProcess(async (self) => {
    const a = recorder('a')
    const b = recorder('b')
    const manager = genEvent<Told>('refused')({
      handlers: [a.module, b.module],
      install: () => [handler(a.module, undefined), handler(b.module, { how: 'refuse' })],
    })
    const reason = {
      tag: 'failedToInstall',
      handler: { module: 'b', id: null },
      reason: { tag: 'refused', by: 'b' },
    }
    assert.equal(await start(self, manager), { tag: 'error', reason })
    assert.match(a.life.at(-1) ?? '', /^terminate a \{"tag":"stop"/)
  }))

test.run()

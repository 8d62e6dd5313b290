/**
 * Looking into a running state machine (rules Y1 to Y5): its state and data, suspension beside
 * timeouts and postponed events (F8 to F10), and its end from outside.
 */
import { isDown, process, type Ref, spawn } from '../../../runtime/index.ts'
import {
  call,
  callWithin,
  cast,
  genStatem,
  keep,
  start,
  startLink,
  stay,
  stopServer,
  sys,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, virtualNode } from './one-node.ts'
import { logOf, machine, module, untyped } from './statem.ts'

const test = suite('otp: sys statem')

type Shown = { readonly state: string; readonly data: readonly string[] }

const noting = (what: string) => (now: Shown) => ({ ...now, data: [...now.data, what] })

type Door = { calls: { enter: (code: string) => boolean }; casts: { slam: () => void } }
type Doors = { shut: { readonly code: string }; open: { readonly code: string; readonly by: null } }

const door = genStatem<Door, Doors>('sys.door')({
  init: (code: string) => to('shut', { code }),
  states: {
    shut: {
      calls: {
        enter: (data, code) =>
          code === data.code
            ? to('open', { ...data, by: null }, { reply: true })
            : stay({ reply: false }),
      },
      casts: { slam: () => stay() },
    },
    open: {
      calls: { enter: () => stay({ reply: true }) },
      casts: { slam: ({ code }) => to('shut', { code }) },
    },
  },
  formatStatus: ({ state }) => ({ state }),
})

test('Y1 state and data are read and replaced, running and suspended', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {})
    assert.equal(await sys.getState(self, ref), { state: 'a', data: [] })
    assert.equal(await sys.replaceState(self, ref, noting('1')), { state: 'a', data: ['1'] })
    await sys.suspend(self, ref)
    assert.equal(await sys.getState(self, ref), { state: 'a', data: ['1'] })
    const gone = { state: 'c', data: ['2'] }
    assert.equal(await sys.replaceState(self, ref, () => gone), gone)
    await sys.resume(self, ref)
    assert.equal(await logOf(self, ref), ['2'])
    assert.equal(await sys.getState(self, ref), gone)
  }))

test('Y1 a replacement that fails or makes no state is told and changes nothing', () =>
  inProcess(async (self) => {
    const started = await start(self, door, '1234')
    assert.ok(started.tag === 'ok')
    const ref = started.pid
    const fail = (): never => {
      throw new RangeError('no')
    }
    const bad: [(now: unknown) => unknown, string][] = [
      [fail, 'no'],
      [async () => fail(), 'replaceState: the function must not be async'],
      [() => ({ state: 'ajar', data: {} }), 'replaceState: there is no state "ajar"'],
      [() => ({ state: 'toString', data: {} }), 'replaceState: there is no state "toString"'],
      [() => ({ state: 'open' }), 'replaceState: expected { state, data }, got'],
      [() => ({ state: 1, data: 1 }), 'replaceState: expected { state, data }, got'],
      [() => null, 'replaceState: expected { state, data }, got null'],
    ]
    for (const [replace, why] of bad) {
      const reason = await failureOf(sys.replaceState(self, ref, replace))
      assert.ok(typeof reason === 'object' && reason.tag === 'callbackFailed')
      const [, , message] = errorOf(untyped(Reflect.get(reason, 'reason')))
      assert.ok(String(message).startsWith(why), String(message))
    }
    assert.equal(await sys.getState(self, ref), { state: 'shut', data: { code: '1234' } })
    assert.is(await call(self, ref, 'enter', '1234'), true)
  }))

test('Y1 a replaced state is not entered: timeouts run on and postponed events stay', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const entered: string[] = []
    const ref = await machine(self, {
      init: () => to('a', [], { stateTimeoutMs: { ms: 1_000, arg: 'late' } }),
      enter: ({ state }) => {
        entered.push(state)
        return stay()
      },
      act: (now, n) => (now.state === 'c' ? now.note(`act ${n}`) : stay({ postpone: true })),
      stateTimeout: (now, arg) => now.go('c', `${now.state} ${arg}`),
    })
    cast(self, ref, 'act', 1)
    await sys.replaceState(self, ref, (now: Shown) => ({ ...now, state: 'b' }))
    assert.equal([await logOf(self, ref), entered], [[], ['a']])
    await wait(self, 1_000)
    assert.equal(
      [await logOf(self, ref), entered],
      [
        ['b late', 'act 1'],
        ['a', 'c'],
      ],
    )
  })
})

test('Y2 a suspended machine leaves its mail in order; suspensions are not counted', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: (now, n, from) => now.note(`act ${n}`, from === null ? {} : { reply: n }),
      note: (now, what) => now.note(what),
    })
    await sys.suspend(self, ref)
    await sys.suspend(self, ref)
    cast(self, ref, 'note', 'one')
    self.send(ref, 'two')
    const third = callWithin(self, Number.POSITIVE_INFINITY, ref, 'log')
    cast(self, ref, 'act', 4)
    const { status, queued, state, module: name } = await sys.getStatus(self, ref)
    assert.equal([status, queued, state, name], ['suspended', 4, { state: 'a', data: [] }, 'open'])
    await sys.resume(self, ref)
    assert.equal(await third, ['one', 'info two'])
    assert.equal(await logOf(self, ref), ['one', 'info two', 'act 4'])
    assert.is((await sys.getStatus(self, ref)).status, 'running')
  }))

test('Y2 F10 timers run on while it is suspended; what they cause waits in order', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await machine(self, {
      init: () => to('a', [], { stateTimeoutMs: { ms: 1_000, arg: 'due' } }),
      note: (now, what) => now.note(what),
    })
    await sys.suspend(self, ref)
    cast(self, ref, 'note', 'before')
    await wait(self, 5_000)
    cast(self, ref, 'note', 'after')
    assert.is((await sys.getStatus(self, ref)).queued, 3)
    await sys.resume(self, ref)
    assert.equal(await logOf(self, ref), ['before', 'stateTimeout due', 'after'])
  })
})

test('Y2 F10 a state timeout that passed meanwhile is void once its state is left', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await machine(self, {
      init: () => to('a', [], { stateTimeoutMs: 1_000, timeouts: { b: { ms: 1_000, arg: 'b' } } }),
      act: (now) => now.go('b', 'left'),
    })
    await sys.suspend(self, ref)
    cast(self, ref, 'act', 1)
    await wait(self, 5_000)
    await sys.resume(self, ref)
    assert.equal(await logOf(self, ref), ['left', 'b b'])
  })
})

test('F9 system requests are no events: an event timeout comes when it is due', async () => {
  const { run, world } = virtualNode()
  await run(async (self) => {
    const boss = self.pid
    const ref = await machine(self, {
      init: () => to('a', [], { eventTimeoutMs: 1_000 }),
      eventTimeout: (now) => {
        self.send(boss, 'timed out')
        return now.note('timed out')
      },
    })
    const startMs = world.nowMs
    await wait(self, 400)
    await sys.getState(self, ref)
    await sys.suspend(self, ref)
    await wait(self, 400)
    await sys.replaceState(self, ref, noting('replaced'))
    await sys.resume(self, ref)
    assert.ok(noMail(self))
    assert.is(await self.receive(), 'timed out')
    assert.is(world.nowMs - startMs, 1_000)
    assert.equal(await logOf(self, ref), ['replaced', 'timed out'])
  })
})

test('F8 postponed events stay postponed, whatever the system asks', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: (now, n) => (now.state === 'a' ? stay({ postpone: true }) : now.note(`act ${n}`)),
      note: (now, what) => now.go('b', what),
    })
    cast(self, ref, 'act', 1)
    const held = call(self, ref, 'act', 2)
    await sys.suspend(self, ref)
    assert.equal(await sys.getState(self, ref), { state: 'a', data: [] })
    cast(self, ref, 'act', 3)
    await sys.resume(self, ref)
    await sys.replaceState(self, ref, noting('replaced'))
    assert.equal(await logOf(self, ref), ['replaced'])
    cast(self, ref, 'note', 'go')
    assert.equal(await logOf(self, ref), ['replaced', 'go', 'act 1', 'act 2', 'act 3'])
    await sys.terminate(self, ref, 'enough')
    assert.is(await failureOf(held), 'enough')
  }))

test('Y3 what is no request fails its caller alone; a busy machine is late', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await machine(self, {
      act: async (now, _n, _from, own) => {
        await own.receive((message) => message === 'go on')
        return now.note('acted', { reply: null })
      },
    })
    const door: Ref<unknown> = ref
    const forged: unknown[] = [null, 'getState', { tag: 'log', size: -1 }, { tag: 'replaceState' }]
    for (const request of forged) {
      const asking = call(self, door as Ref<Forged>, '$sys', request as string)
      const reason = await failureOf(asking)
      assert.ok(typeof reason === 'object' && reason.tag === 'badCommand', String(request))
    }
    const unknown = await failureOf(call(self, door as Ref<Forged>, 'nothing'))
    assert.equal(unknown, { tag: 'undef', op: 'nothing' })
    const busy = call(self, ref, 'act', 1)
    assert.is(await failureOf(sys.getState(self, ref, 100)), 'timeout')
    self.send(ref, 'go on')
    assert.is(await busy, null)
    assert.equal(await sys.getState(self, ref), { state: 'a', data: ['acted'] })
  })
})

type Forged = { calls: { $sys: (request: string) => unknown; nothing: () => unknown } }

test('Y4 G12 G18 terminate, a stop and the exit of the parent end a suspended machine', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const boss = self.pid
    const told = (reason: unknown, state: string) => ({ tag: 'ending', reason, state })
    const ending = module({
      terminate: (reason, state) => {
        self.send(boss, told(reason, state))
      },
      init: (own) => {
        own.trapExit(true)
        return to('b', [])
      },
    })
    for (const suspended of [false, true]) {
      const started = await start(self, ending)
      assert.ok(started.tag === 'ok')
      const ref = self.monitor(started.pid)
      if (suspended) await sys.suspend(self, started.pid)
      await sys.terminate(self, started.pid, 'by hand')
      assert.equal(await self.receive(), told('by hand', 'b'))
      assert.is((await self.receive(isDown(ref))).reason, 'by hand')
    }
    const second = await start(self, ending)
    assert.ok(second.tag === 'ok')
    await sys.suspend(self, second.pid)
    await stopServer(self, second.pid, 'shutdown')
    assert.equal(await self.receive(), told('shutdown', 'b'))
    assert.is(await failureOf(sys.resume(self, second.pid)), 'noproc')
    const parent = process('parent', async (own) => {
      const started = await startLink(own, ending)
      if (started.tag === 'ok') await sys.suspend(own, started.pid)
      own.send(boss, 'suspended')
      await own.receive((message) => message === 'never')
    })
    const pid = spawn(self, parent)
    assert.is(await self.receive(), 'suspended')
    self.exit(pid, 'gone')
    assert.equal(await self.receive(), told('gone', 'b'))
  }))

test('Y4 a machine that ends while suspended fails the calls that wait', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {})
    await sys.suspend(self, ref)
    const waiting = call(self, ref, 'log')
    await sys.terminate(self, ref, 'enough')
    assert.is(await failureOf(waiting), 'enough')
  }))

test('Y5 formatStatus hides data in the status, and nothing is shown when it fails', () =>
  inProcess(async (self) => {
    const started = await start(self, door, '1234', { name: 'the door' })
    assert.ok(started.tag === 'ok')
    const { pid, state, name } = await sys.getStatus(self, started.pid)
    assert.equal([pid, state, name], [started.pid, { state: 'shut' }, 'the door'])
    const fail = (): never => {
      throw new TypeError('format')
    }
    const frail = genStatem<{ calls: { ping: () => null } }, { only: string }>('sys.frail')({
      init: () => to('only', 'password'),
      states: { only: { calls: { ping: (data) => keep(data, { reply: null }) } } },
      formatStatus: fail,
    })
    const second = await start(self, frail)
    assert.ok(second.tag === 'ok')
    assert.equal((await sys.getStatus(self, second.pid)).state, {
      tag: 'formatStatusFailed',
      error: 'TypeError: format',
    })
    assert.is(await call(self, second.pid, 'ping'), null)
  }))

async function wait(self: Parameters<typeof noMail>[0], ms: number): Promise<void> {
  await self.receive((message) => message === 'never', { timeoutMs: ms, otherwise: null })
}

test.run()

/**
 * How a state machine starts and ends (rules F3, F15, F16): every outcome of `init`, replies before
 * `terminate`, what becomes of calls it has not answered, the parent, and stopping from outside.
 */
import {
  Exit,
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  type Reason,
  type Ref,
  type Self,
  spawn,
  whereis,
} from '../../../runtime/index.ts'
import {
  answer,
  call,
  cast,
  type From,
  genStatem,
  ignore,
  keep,
  postpone,
  start,
  startLink,
  stay,
  stop,
  stopAndReply,
  stopReply,
  stopServer,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, virtualNode } from './one-node.ts'
import { endOf, logOf, machine, module, type Open, untyped } from './statem.ts'

const test = suite('otp: gen_statem life')

const fail = (thrown: unknown) => (): never => {
  throw thrown
}

const rows: readonly [string, () => unknown, string, readonly unknown[]][] = [
  ['ignore()', () => ignore(), 'ignore', ['normal']],
  ['stop(reason)', () => stop('notNow'), 'error', ['notNow']],
  ["stop('normal')", () => stop('normal'), 'error', ['normal']],
  ['a thrown Exit', fail(new Exit('left')), 'error', ['left']],
  ['a thrown error', fail(new TypeError('broken')), 'error', ['error', 'TypeError', 'broken']],
  ['a thrown outcome', fail(stop('thrown')), 'error', ['thrown']],
  ['a state without to', () => 'a', 'error', [{ tag: 'badReturnValue', got: '"a"' }]],
  ['keep', () => keep(1), 'error', [{ tag: 'badReturnValue', got: 'Keep' }]],
  [
    'an outcome of a server',
    () => stopReply('x', 1, null),
    'error',
    [{ tag: 'badReturnValue', got: 'StopReply' }],
  ],
  [
    'a bad option',
    () => to('a', [], { stateTimeoutMs: -1 }),
    'error',
    [
      'error',
      'BadArgument',
      'stateTimeoutMs: expected 0 to 4294967295 milliseconds or Infinity, got -1',
    ],
  ],
]

for (const [name, init, result, reason] of rows) {
  for (const late of [false, true]) {
    const kind = late ? 'async' : 'sync'
    test(`F3 ${name} (${kind}): what the starter hears, and a linked one that traps sees`, () =>
      inProcess(async (self) => {
        const starting = module({ init: late ? async () => init() : init })
        const started = await start(self, starting, undefined, { name: 'again' })
        assert.is(started.tag, result)
        if (started.tag === 'error') assert.equal(errorOf(started.reason), reason)
        assert.is(whereis(self, 'again'), undefined)
        self.trapExit(true)
        await startLink(self, starting)
        assert.equal(errorOf((await self.receive(isExit())).reason), reason)
        assert.ok(noMail(self))
      }))
  }
}

test('F3 to(state, data) starts it, with its name there before init and its argument given', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const given = genStatem<{ calls: { get: () => number } }, { only: number }>('given')({
      init: (arg: { n: number }, own) => {
        seen.push(whereis(own, 'given') === own.pid)
        return to('only', arg.n)
      },
      states: { only: { calls: { get: (n) => stay({ reply: n }) } } },
    })
    const started = await start(self, given, { n: 7 }, { name: 'given' })
    assert.is(started.tag === 'ok' && (await call(self, started.pid, 'get')), 7)
    assert.equal(seen, [true])
  }))

test('F3 what init asks for is done after the start has been acknowledged', () =>
  inProcess(async (self) => {
    const slow = module({
      enter: async (_now, own) => {
        await own.receive((message) => message === 'go on')
        return stay()
      },
    })
    const started = await start(self, slow)
    if (started.tag !== 'ok') throw new Error('it starts')
    self.send(started.pid, 'go on')
    assert.equal(await logOf(self, started.pid), [])
    self.trapExit(true)
    const postpones = module({ init: () => to('a', [], { postpone: true }) })
    assert.is((await startLink(self, postpones)).tag, 'ok')
    const { reason } = await self.receive(isExit())
    assert.equal(reason, { tag: 'badAction', action: 'postpone', state: 'a' })
  }))

test('F3 a first state that does not exist ends a machine that has started', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const nowhere = genStatem<{ calls: { get: () => number } }, { only: number }>('nowhere')({
      init: () => to(untyped('elsewhere'), 1),
      states: { only: { calls: { get: (n) => stay({ reply: n }) } } },
    })
    assert.is((await startLink(self, nowhere)).tag, 'ok')
    const { reason } = await self.receive(isExit())
    assert.equal(reason, { tag: 'undef', state: 'elsewhere' })
  }))

test('F3 an init that takes too long is killed', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const hangs = module({ init: () => new Promise(() => undefined) })
    const started = await start(self, hangs, undefined, { timeoutMs: 100 })
    assert.equal(started, { tag: 'error', reason: 'timeout' })
  })
})

test('F15 stopAndReply sends its replies before terminate runs', () =>
  inProcess(async (self) => {
    const order: string[] = []
    const ref = await machine(self, {
      act: (_now, _n, from) => stopAndReply('over', from === null ? [] : [answer(from, 'bye')]),
      terminate: async (_reason, _state, own) => {
        await own.receive((message) => message === 'go on')
        order.push('terminate')
      },
    })
    const monitor = self.monitor(ref)
    order.push(String(await call(self, ref, 'act', 1)))
    self.send(ref, 'go on')
    order.push(String((await self.receive(isDown(monitor))).reason))
    assert.equal(order, ['bye', 'terminate', 'over'])
  }))

test('F15 calls that wait, postponed, queued or unanswered, get the reason of the machine', () =>
  inProcess(async (self) => {
    const held: From<unknown>[] = []
    const ref = await machine(self, {
      act: (_now, n, from) => {
        if (n === 1) return postpone()
        if (n === 3) return stop({ tag: 'shutdown', detail: 'closing' })
        if (from !== null) held.push(from)
        return stay()
      },
    })
    const failing = [1, 2, 3, 4].map((n) => failureOf(call(self, ref, 'act', n)))
    const reason = { tag: 'shutdown', detail: 'closing' }
    assert.equal(await Promise.all(failing), [reason, reason, reason, reason])
    assert.is(held.length, 1)
  }))

test('F15 a postponed call whose caller has given up leaves nothing behind', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await machine(self, {
      act: (now) => (now.state === 'a' ? postpone() : stay({ reply: 'late' })),
      note: (now) => now.go('b', 'open'),
    })
    assert.is(await failureOf(call(self, ref, 'act', 1)), 'timeout')
    cast(self, ref, 'note', 'open')
    assert.equal(await logOf(self, ref), ['open'])
    assert.ok(noMail(self))
  })
})

test('F16 terminate is told the reason and the present state, whatever ended it', () =>
  inProcess(async (self) => {
    const told: unknown[] = []
    const begin = () =>
      machine(self, {
        act: (now, n) => {
          if (n === 1) return now.go('b', 'moved')
          if (n === 2) throw new Error('crash')
          return n === 3 ? stop('over') : untyped(null)
        },
        terminate: (reason, state) => told.push(reason, state),
      })
    const asked = await begin()
    cast(self, asked, 'act', 1)
    await stopServer(self, asked, 'shutdown')
    assert.equal(told.splice(0), ['shutdown', 'b'])
    const crashed = await begin()
    const crash = await endOf(self, crashed, () => cast(self, crashed, 'act', 2))
    assert.equal(told.splice(0), [crash, 'a'])
    const stopped = await begin()
    assert.is(await endOf(self, stopped, () => cast(self, stopped, 'act', 3)), 'over')
    assert.equal(told.splice(0), ['over', 'a'])
    const killed = await begin()
    assert.is(await endOf(self, killed, () => self.exit(killed, 'kill')), 'killed')
    assert.equal(told, [])
  }))

test('F16 data given to stop is what terminate sees', () =>
  inProcess(async (self) => {
    const told: unknown[] = []
    type Counting = { casts: { end: (how: 'stop' | 'reply' | 'bare') => void } }
    const counting = genStatem<Counting, { only: number }>('counting')({
      init: () => to('only', 1),
      states: {
        only: {
          casts: {
            end: (_data, how) => {
              if (how === 'bare') return stop('normal')
              return how === 'stop' ? stop('normal', 2) : stopAndReply('normal', [], 3)
            },
          },
        },
      },
      terminate: (_reason, now) => {
        told.push(now.data)
      },
    })
    for (const how of ['bare', 'stop', 'reply'] as const) {
      const started = await start(self, counting)
      if (started.tag !== 'ok') throw new Error('it starts')
      const monitor = self.monitor(started.pid)
      cast(self, started.pid, 'end', how)
      await self.receive(isDown(monitor))
    }
    assert.equal(told, [1, 2, 3])
  }))

test('F16 a failing terminate gives its own reason, to the callers too', () =>
  inProcess(async (self) => {
    for (const last of [fail(new RangeError('last')), async () => fail(new RangeError('last'))()]) {
      const ref = await machine(self, { act: () => stop('over'), terminate: last })
      const expected = ['error', 'RangeError', 'last']
      assert.equal(errorOf(await failureOf(call(self, ref, 'act', 1))), expected)
    }
  }))

/** Starts a linked machine, tells of it, and ends as it is told. */
const parent = process('parent', async (self, arg: { boss: Pid; trap: boolean }) => {
  const trapping = module({
    init: (own) => {
      own.trapExit(arg.trap)
      return to('a', [])
    },
    info: (now, message) => now.note(isExit()(message) ? `exit ${message.reason}` : 'info'),
  })
  const started = await startLink(self, trapping)
  self.send(arg.boss, { tag: 'child', started })
  const told = await self.receive(
    (message): message is { tag: 'end'; reason: Reason } => Object(message).tag === 'end',
  )
  return exit(told.reason)
})

async function family(self: Self, trap: boolean): Promise<{ over: Pid; child: Ref<Open> }> {
  const over = spawn(self, parent, { boss: self.pid, trap })
  const told = await self.receive(
    (message): message is { tag: 'child'; started: { tag: 'ok'; pid: Ref<Open> } } =>
      Object(message).tag === 'child',
  )
  return { over, child: told.started.pid }
}

test('F16 the exit of the parent ends a machine that traps, even normal', () =>
  inProcess(async (self) => {
    for (const reason of ['normal', 'shutdown', { tag: 'custom' }]) {
      const { over, child } = await family(self, true)
      assert.equal(await endOf(self, child, () => self.send(over, { tag: 'end', reason })), reason)
    }
  }))

test('F16 an EXIT from anyone else is an event; a machine that does not trap dies of it', () =>
  inProcess(async (self) => {
    const trapping = await family(self, true)
    self.exit(trapping.child, 'bye')
    assert.equal(await logOf(self, trapping.child), ['exit bye'])
    const mortal = await family(self, false)
    assert.is(await endOf(self, mortal.child, () => self.exit(mortal.child, 'bye')), 'bye')
  }))

test('F16 a machine that calls itself is told so', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: async (_now, _n, _from, own) =>
        stay({ reply: await failureOf(call(own, untyped<Ref<Open>>(own.pid), 'log')) }),
    })
    assert.is(await call(self, ref, 'act', 1), 'callingSelf')
  }))

test('F16 stopServer stops a machine and waits; of the dead it says noproc', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {})
    await stopServer(self, ref, { tag: 'shutdown', detail: 'asked' })
    assert.is(await failureOf(stopServer(self, ref)), 'noproc')
    assert.is(await failureOf(call(self, ref, 'log')), 'noproc')
  }))

test.run()

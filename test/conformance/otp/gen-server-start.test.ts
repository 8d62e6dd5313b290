/**
 * Starting a gen_server (rules G1 to G4): every outcome of `init`, as the starter hears it, as a
 * linked parent that traps sees it, and whether one that does not trap lives on.
 */
import {
  Exit,
  isAlive,
  isDown,
  isExit,
  process,
  type Reason,
  type Self,
  spawnMonitor,
  whereis,
} from '../../../runtime/index.ts'
import {
  call,
  genServer,
  ignore,
  local,
  next,
  reply,
  start,
  startLink,
  stop,
  stopReply,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: gen_server start')

type Empty = { calls: { ping: () => string } }

/** A server whose `init` does as told. */
function starting(how: () => unknown) {
  return genServer<Empty>('starting')({
    init: how,
    calls: { ping: (state) => reply('pong', state) },
  })
}

type Row = {
  readonly name: string
  readonly init: () => unknown
  /** The reason as `[reason]`, or as `errorOf` gives it; null: nothing went wrong. */
  readonly reason: readonly unknown[]
  readonly result: 'ok' | 'ignore' | 'error'
}

const fail = (thrown: unknown) => (): never => {
  throw thrown
}

const rows: readonly Row[] = [
  { name: 'ignore()', init: () => ignore(), reason: ['normal'], result: 'ignore' },
  { name: 'stop(reason)', init: () => stop('notNow'), reason: ['notNow'], result: 'error' },
  { name: "stop('normal')", init: () => stop('normal'), reason: ['normal'], result: 'error' },
  { name: 'stop(shutdown)', init: () => stop('shutdown'), reason: ['shutdown'], result: 'error' },
  { name: 'a thrown Exit', init: fail(new Exit('left')), reason: ['left'], result: 'error' },
  {
    name: 'a thrown error',
    init: fail(new TypeError('broken')),
    reason: ['error', 'TypeError', 'broken'],
    result: 'error',
  },
  { name: 'a thrown outcome', init: fail(stop('thrown')), reason: ['thrown'], result: 'error' },
  { name: 'a thrown ignore()', init: fail(ignore()), reason: ['normal'], result: 'ignore' },
  {
    name: 'an outcome of a call',
    init: () => stopReply('x', 1, null),
    reason: [{ tag: 'badReturnValue', got: 'StopReply' }],
    result: 'error',
  },
]

for (const { name, init, reason, result } of rows) {
  for (const late of [false, true]) {
    const how = late ? async () => init() : init
    const module = starting(how)
    const kind = late ? 'async' : 'sync'

    test(`G2 ${name} (${kind}), not linked: the starter hears, and nothing else comes`, () =>
      inProcess(async (self) => {
        const started = await start(self, module)
        assert.is(started.tag, result)
        if (started.tag === 'error') assert.equal(errorOf(started.reason), reason)
        await self.yield()
        assert.ok(noMail(self))
      }))

    test(`G2 ${name} (${kind}), linked: a parent that traps sees the reason`, () =>
      inProcess(async (self) => {
        self.trapExit(true)
        const started = await startLink(self, module)
        assert.is(started.tag, result)
        const exit = await self.receive(isExit())
        assert.equal(errorOf(exit.reason), reason)
        assert.ok(noMail(self))
      }))

    test(`G2 ${name} (${kind}), linked: the fate of a parent that does not trap`, () =>
      inProcess(async (self) => {
        const parent = process('parent', async (own) => {
          await startLink(own, module)
          await own.receive()
        })
        const { pid, ref } = spawnMonitor(self, parent)
        if (reason[0] !== 'normal') {
          assert.equal(errorOf((await self.receive(isDown(ref))).reason), reason)
          return
        }
        for (let round = 0; round < 5; round++) await self.yield()
        assert.ok(isAlive(self, pid), 'it lives on')
        self.demonitor(ref)
      }))
  }
}

test('G1 start resolves when init is over, not before', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const order: string[] = []
    const slow = genServer<Empty>('slow')({
      init: async (_arg, own) => {
        await own.receive(null, { timeoutMs: 1_000, otherwise: null })
        order.push('init')
        return null
      },
      calls: { ping: (state) => reply('pong', state) },
    })
    const started = await start(self, slow)
    order.push('started')
    assert.equal(order, ['init', 'started'])
    assert.is(started.tag, 'ok')
  })
})

test('G1 the name is there before init runs', () =>
  inProcess(async (self) => {
    const seen: unknown[] = []
    const module = genServer<Empty>('named')({
      init: (_arg, own) => {
        seen.push(whereis(own, 'named') === own.pid)
        return null
      },
      calls: { ping: (state) => reply('pong', state) },
    })
    await start(self, module, undefined, { name: 'named' })
    assert.equal(seen, [true])
    assert.is(await call(self, local(module, 'named'), 'ping'), 'pong')
  }))

test('G1 the argument of init is the argument of start', () =>
  inProcess(async (self) => {
    const module = genServer<{ calls: { get: () => number } }>('given')({
      init: (given: { n: number }) => given.n,
      calls: { get: (state) => reply(state, state) },
    })
    const started = await start(self, module, { n: 7 })
    assert.is(started.tag === 'ok' && (await call(self, started.pid, 'get')), 7)
  }))

test('G1 host code starts a server that no process owns', async () => {
  const node = oneNode()
  const started = await start(
    node,
    starting(() => null),
  )
  assert.is(started.tag === 'ok' && (await call(node, started.pid, 'ping')), 'pong')
})

test('G3 an init that takes too long is killed: timeout, and no EXIT', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ends: Reason[] = []
    const hangs = genServer<Empty>('hangs')({
      init: async (_arg, own) => {
        own.onExit((reason) => ends.push(reason))
        await own.receive()
        return null
      },
      calls: { ping: (state) => reply('pong', state) },
    })
    for (const trapping of [false, true]) {
      self.trapExit(trapping)
      const options = { timeoutMs: 100, name: 'hangs' }
      const started = await startLink(self, hangs, undefined, options)
      assert.equal(started, { tag: 'error', reason: 'timeout' })
      assert.is(whereis(self, 'hangs'), undefined)
      await self.yield()
      assert.ok(noMail(self))
    }
    assert.equal(ends, ['killed', 'killed'])
  })
})

test('G3 a bad time limit is refused', () =>
  inProcess(async (self) => {
    const attempt = async (): Promise<unknown> =>
      start(
        self,
        starting(() => null),
        undefined,
        { timeoutMs: -5 },
      )
    let caught = ''
    await attempt().catch((error: unknown) => {
      caught = String(error)
    })
    assert.match(caught, /BadArgument: timeoutMs: expected 0 to .* got -5/)
  }))

test('G4 after a failed start the name is free', () =>
  inProcess(async (self) => {
    for (const { init } of rows) {
      await start(self, starting(init), undefined, { name: 'again' })
      assert.is(whereis(self, 'again'), undefined)
    }
    const started = await start(
      self,
      starting(() => null),
      undefined,
      { name: 'again' },
    )
    assert.is(started.tag, 'ok')
  }))

test('G2 a server killed while it starts is an error with the reason', () =>
  inProcess(async (self) => {
    const hangs = starting(() => new Promise(() => undefined))
    const starting_ = start(self, hangs, undefined, { name: 'hangs' })
    const pid = whereis(self, 'hangs')
    if (pid === undefined) throw new Error('it has its name')
    self.exit(pid, 'kill')
    assert.equal(await starting_, { tag: 'error', reason: 'killed' })
    assert.ok(noMail(self))
  }))

test('G2 a parent killed while its child starts takes the child along', () =>
  inProcess(async (self) => {
    const hangs = starting(() => new Promise(() => undefined))
    const parent = process('parent', async (own) => {
      await startLink(own, hangs, undefined, { name: 'hangs' })
    })
    const { pid, ref } = spawnMonitor(self, parent)
    await self.yield()
    const childDown = self.monitor(whereis(self, 'hangs') ?? self.pid)
    self.exit(pid, 'kill')
    await self.receive(isDown(ref))
    assert.is((await self.receive(isDown(childDown))).reason, 'killed')
  }))

test('G6 start resolves before the continue that init asked for has run', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const module = genServer<Empty>('continues')({
      init: () => next('state', { continue: 'go' }),
      continue: async (state, _value, own: Self) => {
        await own.receive((message) => message === 'never', { timeoutMs: 60_000, otherwise: null })
        return next(state)
      },
      calls: { ping: (state) => reply('pong', state) },
    })
    const started = await start(self, module, undefined, { timeoutMs: 10 })
    assert.is(started.tag, 'ok')
  })
})

test('G6 however the continue that init asked for goes, the start has succeeded', () =>
  inProcess(async (self) => {
    self.trapExit(true)
    const ends = [
      () => stop('over', null),
      async () => stop('over', null),
      () => {
        throw stop('over', null)
      },
    ]
    for (const step of ends) {
      const module = genServer<{}>('ends')({
        init: () => next(null, { continue: 'go' }),
        continue: () => step(),
      })
      const started = await startLink(self, module)
      if (started.tag !== 'ok') throw new Error(`it starts: ${started.tag}`)
      assert.is((await self.receive(isExit(started.pid))).reason, 'over')
    }
  }))

test('G2 a linked parent that does not trap does not go on after a failed start', async () => {
  const reached: string[] = []
  const failing = oneNode().run(async (self) => {
    await startLink(
      self,
      starting(() => stop('notNow')),
    )
    reached.push('after')
  })
  assert.is(await failureOf(failing), 'notNow')
  assert.equal(reached, [])
})

test.run()

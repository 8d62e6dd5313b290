/**
 * What a gen_server's callbacks may return and what follows (rules G5 to G8, G10, G14): replies,
 * continues, timeouts, unknown messages, async handlers one at a time.
 */
import {
  isDown,
  type Reason,
  type Ref,
  type Self,
  type TraceEvent,
} from '../../../runtime/index.ts'
import {
  call,
  callWithin,
  cast,
  type From,
  genServer,
  isTimeout,
  next,
  reply,
  replyTo,
  start,
  stop,
  stopReply,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, oneNode, virtualNode } from './one-node.ts'

const test = suite('otp: gen_server')

/** Whatever a test wants to happen, by operation: the handlers are given per test. */
type Open = {
  calls: { act: (n: number) => unknown; log: () => string[] }
  casts: { note: (what: string) => void }
}

type State = { readonly log: readonly string[] }
type Handlers = {
  readonly init?: (self: Self) => unknown
  readonly act?: (state: State, n: number, self: Self, from: From<unknown>) => unknown
  readonly note?: (state: State, what: string, self: Self) => unknown
  readonly info?: (state: State, message: unknown, self: Self) => unknown
  readonly continue?: (state: State, value: unknown, self: Self) => unknown
  readonly terminate?: (reason: Reason, state: State) => void
}

const logged = (state: State, what: string): State => ({ log: [...state.log, what] })

/** Handlers are typed as what they must return; these tests return what they must not as well. */
const untyped = (value: unknown): never => value as never

async function serve(self: Self, handlers: Handlers): Promise<Ref<Open>> {
  const { act, note, info, terminate } = handlers
  const module = genServer<Open>('open')<State>({
    init: (_arg, own) => untyped(handlers.init?.(own) ?? { log: [] }),
    calls: {
      act: (state, n, own, from) => untyped(act ? act(state, n, own, from) : reply(n, state)),
      log: (state) => reply([...state.log], state),
    },
    casts: {
      note: (state, what, own) =>
        untyped(note ? note(state, what, own) : next(logged(state, what))),
    },
    ...(info && { info: (state, message, own) => untyped(info(state, message, own)) }),
    ...(handlers.continue && {
      continue: (state, value, own) => untyped(handlers.continue?.(state, value, own)),
    }),
    ...(terminate && { terminate }),
  })
  const started = await start(self, module)
  if (started.tag !== 'ok') throw new Error(`it starts: ${started.tag}`)
  return started.pid
}

async function endOf(self: Self, ref: Ref<Open>, act: () => unknown): Promise<Reason> {
  const monitor = self.monitor(ref)
  await act()
  return (await self.receive(isDown(monitor))).reason
}

test('G5 reply answers and keeps the new state', () =>
  inProcess(async (self) => {
    const ref = await serve(self, { act: (state, n) => reply(n + 1, logged(state, `act ${n}`)) })
    assert.is(await call(self, ref, 'act', 1), 2)
    assert.is(await call(self, ref, 'act', 2), 3)
    assert.equal(await call(self, ref, 'log'), ['act 1', 'act 2'])
  }))

test('G5 a bad return ends the server, and its caller hears why', () =>
  inProcess(async (self) => {
    const bad: [unknown, string][] = [
      ['a string', '"a string"'],
      [undefined, 'undefined'],
      [{ tag: 'reply', value: 1 }, 'object with keys tag, value'],
      [[1, 2], '[object Array]'],
    ]
    for (const [value, got] of bad) {
      const ref = await serve(self, { act: () => value })
      assert.equal(await failureOf(call(self, ref, 'act', 1)), { tag: 'badReturnValue', got })
      const other = await serve(self, { note: () => value })
      const reason = await endOf(self, other, () => cast(self, other, 'note', 'x'))
      assert.equal(reason, { tag: 'badReturnValue', got })
    }
  }))

test('G5 a reply from a cast or from info is a bad return', () =>
  inProcess(async (self) => {
    const expected = { tag: 'badReturnValue', got: 'Reply' }
    const first = await serve(self, { note: (state) => reply(1, state) })
    assert.equal(await endOf(self, first, () => cast(self, first, 'note', 'x')), expected)
    const second = await serve(self, { info: (state) => reply(1, state) })
    assert.equal(await endOf(self, second, () => self.send(second, 'x')), expected)
    const third = await serve(self, { info: (state) => stopReply('x', 1, state) })
    const reason = await endOf(self, third, () => self.send(third, 'x'))
    assert.equal(reason, { tag: 'badReturnValue', got: 'StopReply' })
  }))

test('G5 a thrown outcome counts as returned, sync and async', () =>
  inProcess(async (self) => {
    const thrown = (outcome: unknown) => (): never => {
      throw outcome
    }
    const acts = [(state: State) => thrown(reply('thrown', state))()]
    acts.push((state: State) => untyped(Promise.reject(reply('thrown', state))))
    for (const act of acts) {
      const ref = await serve(self, { act })
      assert.is(await call(self, ref, 'act', 1), 'thrown')
      assert.is(await call(self, ref, 'act', 2), 'thrown')
    }
    const ref = await serve(self, { note: (state) => thrown(stop('done', state))() })
    assert.is(await endOf(self, ref, () => cast(self, ref, 'note', 'x')), 'done')
  }))

test('G5 a crash in a handler is the reason of server and caller', () =>
  inProcess(async (self) => {
    for (const act of [() => crash(), async () => crash()]) {
      const ref = await serve(self, { act })
      const monitor = self.monitor(ref)
      const seen = await failureOf(call(self, ref, 'act', 1))
      assert.equal(errorOf(seen), ['error', 'Error', 'handler'])
      assert.equal(errorOf((await self.receive(isDown(monitor))).reason), errorOf(seen))
    }
  }))

function crash(): never {
  throw new Error('handler')
}

test('G5 a reply that cannot be sent is the mistake of the server', () =>
  inProcess(async (self) => {
    for (const late of [false, true]) {
      const outcome = (state: State): unknown => reply({ f: () => 1 }, state)
      const ref = await serve(self, { act: late ? async (state) => outcome(state) : outcome })
      const reason = await failureOf(call(self, ref, 'act', 1))
      assert.match(String(errorOf(reason)), /BadArgument,reply\.f: a function cannot be sent/)
    }
    const ref = await serve(self, { act: (state) => stopReply('done', Symbol('s'), state) })
    assert.match(String(errorOf(await failureOf(call(self, ref, 'act', 1)))), /symbol/)
  }))

test('G6 continue runs before any message that is waiting', () =>
  inProcess(async (self) => {
    const ref = await serve(self, {
      init: (own) => {
        const open: Ref<Open> = own.pid
        cast(own, open, 'note', 'sent by init')
        return next({ log: [] }, { continue: 'first' })
      },
      continue: (state, value) => next(logged(state, `continue ${String(value)}`)),
    })
    assert.equal(await call(self, ref, 'log'), ['continue first', 'sent by init'])
  }))

test('G6 continues chain, async ones too', () =>
  inProcess(async (self) => {
    const ref = await serve(self, {
      act: (state, n) => reply('asked', state, { continue: n }),
      continue: async (state, value) => {
        const left = Number(value)
        const after = logged(state, `left ${left}`)
        return left > 0 ? next(after, { continue: left - 1 }) : next(after)
      },
    })
    const asked = call(self, ref, 'act', 3)
    cast(self, ref, 'note', 'behind')
    assert.is(await asked, 'asked')
    const expected = ['left 3', 'left 2', 'left 1', 'left 0', 'behind']
    assert.equal(await call(self, ref, 'log'), expected)
  }))

test('G6 the reply of an outcome with continue is sent first', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await serve(self, {
      act: (state) => reply('at once', state, { continue: 'slow' }),
      continue: async (state, _value, own) => {
        await own.receive((message) => message === 'release')
        return next(logged(state, 'released'))
      },
    })
    assert.is(await call(self, ref, 'act', 1), 'at once')
    self.send(ref, 'release')
    assert.equal(await call(self, ref, 'log'), ['released'])
  })
})

test('G6 continue without a handler ends the server with undef', () =>
  inProcess(async (self) => {
    const ref = await serve(self, { act: (state) => next(state, { continue: 1 }) })
    assert.equal(await failureOf(call(self, ref, 'act', 1)), { tag: 'undef', op: 'continue' })
  }))

test('G6 a call held back by an async continue fails once when the server ends', () =>
  inProcess(async (self) => {
    const ref = await serve(self, {
      act: (state) => next(state, { continue: 1 }),
      continue: async () => crash(),
    })
    assert.equal(errorOf(await failureOf(call(self, ref, 'act', 1))), ['error', 'Error', 'handler'])
  }))

const quiet: Handlers = {
  act: (state, n) => reply(null, state, { timeoutMs: n }),
  info: (state, message) => next(logged(state, isTimeout(message) ? 'timeout' : 'info')),
}

test('G7 a timeout comes when no message does', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await serve(self, quiet)
    await call(self, ref, 'act', 320)
    const startMs = world.nowMs
    self.sendAfter(1_000, self.pid, 'wake')
    await self.receive()
    assert.equal(await call(self, ref, 'log'), ['timeout'])
    assert.is(world.nowMs - startMs, 1_000)
  })
})

test('G7 any message cancels it, and every outcome must set it anew', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await serve(self, quiet)
    await call(self, ref, 'act', 320)
    self.sendAfter(100, ref, 'plain')
    self.sendAfter(5_000, self.pid, 'wake')
    await self.receive()
    assert.equal(await call(self, ref, 'log'), ['info'])
  })
})

test('G7 a timeout of 0 fires at once when no mail is waiting', () =>
  inProcess(async (self) => {
    const ref = await serve(self, quiet)
    await call(self, ref, 'act', 0)
    assert.equal(await call(self, ref, 'log'), ['timeout'])
  }))

test('G7 a timeout of 0 does not fire when mail is waiting', () =>
  inProcess(async (self) => {
    const ref = await serve(self, quiet)
    const asked = call(self, ref, 'act', 0)
    cast(self, ref, 'note', 'waiting')
    await asked
    assert.equal(await call(self, ref, 'log'), ['waiting'])
  }))

test('G7 Infinity is no timeout, a bad one is the mistake of the server', () =>
  inProcess(async (self) => {
    const ref = await serve(self, quiet)
    await call(self, ref, 'act', Number.POSITIVE_INFINITY)
    assert.equal(await call(self, ref, 'log'), [])
    for (const timeoutMs of [-1, Number.NaN, 2 ** 32]) {
      const other = await serve(self, quiet)
      const reason = await failureOf(call(self, other, 'act', timeoutMs))
      assert.match(String(errorOf(reason)), /BadArgument,timeoutMs: expected/)
    }
  }))

test('G7 init may set a timeout', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await serve(self, { ...quiet, init: () => next({ log: [] }, { timeoutMs: 50 }) })
    self.sendAfter(500, self.pid, 'wake')
    await self.receive()
    assert.equal(await call(self, ref, 'log'), ['timeout'])
  })
})

test('G8 messages wait while an async handler works', () =>
  inProcess(async (self) => {
    let inside = 0
    let most = 0
    const ref = await serve(self, {
      act: async (state, n, own) => {
        most = Math.max(most, ++inside)
        await own.yield()
        inside--
        return reply(n, logged(state, `act ${n}`))
      },
    })
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert.equal(await Promise.all(numbers.map((n) => call(self, ref, 'act', n))), numbers)
    assert.is(most, 1)
    assert.equal(
      await call(self, ref, 'log'),
      numbers.map((n) => `act ${n}`),
    )
  }))

test('G8 a handler receives in the middle without losing other mail', () =>
  inProcess(async (self) => {
    const ref = await serve(self, {
      act: async (state, n, own) => {
        const key = await own.receive((message) => message === `key ${n}`)
        return reply(key, state)
      },
    })
    const asked = call(self, ref, 'act', 1)
    cast(self, ref, 'note', 'before')
    self.send(ref, 'key 1')
    cast(self, ref, 'note', 'after')
    assert.is(await asked, 'key 1')
    assert.equal(await call(self, ref, 'log'), ['before', 'after'])
  }))

test('G8 replyTo refuses what is no reference, and what cannot be sent', () =>
  inProcess(async (self) => {
    const answer = (from: unknown, value: unknown): unknown =>
      Reflect.apply(replyTo, null, [self, from, value])
    assert.throws(() => answer('no reference', 1), /replyTo: expected the `from` of a call/)
    const ref = await serve(self, {
      act: (state, _n, own, from) => {
        assert.throws(() => replyTo(own, from, () => 1), /function cannot be sent/)
        return reply('fine', state)
      },
    })
    assert.is(await call(self, ref, 'act', 1), 'fine')
  }))

test('G10 a message without info, and an unknown cast, are dropped with a warning', async () => {
  const node = oneNode()
  const events: TraceEvent[] = []
  node.observe((event) => events.push(event))
  await node.run(async (self) => {
    const ref = await serve(self, {})
    self.send(ref, { stray: 'message' })
    const other: Ref<{ casts: { noSuch: () => void } }> = untyped(ref)
    cast(self, other, 'noSuch')
    assert.equal(await call(self, ref, 'log'), [])
  })
  const warnings = events.flatMap((event) => (event.tag === 'log' ? [event] : []))
  assert.equal(
    warnings.map(({ level, message }) => [level, message]),
    [
      ['warning', 'message without a handler dropped'],
      ['warning', 'unknown cast dropped'],
    ],
  )
})

test('G14 a call takes 5 seconds at most unless told otherwise', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await serve(self, { act: (state) => next(state) })
    const startMs = world.nowMs
    assert.is(await failureOf(call(self, ref, 'act', 1)), 'timeout')
    const tookMs = world.nowMs - startMs
    assert.ok(tookMs >= 5_000 && tookMs <= 5_200, `${tookMs} ms`)
    assert.is(await failureOf(callWithin(self, 0, ref, 'act', 1)), 'timeout')
    assert.ok(noMail(self))
  })
})

test('G14 an argument that cannot be sent is refused at the caller', () =>
  inProcess(async (self) => {
    const ref = await serve(self, {})
    const refusalOf = async (act: () => Promise<unknown>): Promise<string> => {
      try {
        await act()
      } catch (error) {
        return String(error)
      }
      return 'it was sent'
    }
    const bad: number = untyped({ f: () => 1 })
    const sent = await refusalOf(() => call(self, ref, 'act', bad))
    assert.match(sent, /BadArgument: arg\.f: a function cannot be sent/)
    const timed = await refusalOf(() => callWithin(self, -1, ref, 'act', 1))
    assert.match(timed, /BadArgument: timeoutMs: expected 0 to/)
    assert.is(await call(self, ref, 'act', 1), 1)
  }))

test.run()

/**
 * What a gen_server and its clients are handed that they must not be (rules G5 to G8, G14 to G18):
 * outcomes and options that are none, servers that are none, calls to the dead and unknown, replies
 * twice, late and to the dead. Each has one outcome; a server ends by its own mistakes only.
 */
import {
  BadArgument,
  isDown,
  type Module,
  process,
  type Reason,
  type Ref,
  type Self,
  spawnMonitor,
} from '../../../runtime/index.ts'
import {
  at,
  call,
  callWithin,
  cast,
  type From,
  genServer,
  ignore,
  local,
  multiCall,
  next,
  receiveResponse,
  reply,
  replyTo,
  type ServerRef,
  sendRequest,
  start,
  stop,
  stopReply,
  stopServer,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail } from './one-node.ts'

const test = suite('otp: gen_server bad input')

type Server = { calls: { ask: (n: number) => string }; casts: { tell: (n: number) => void } }

/** Handlers are typed as what they must return; these tests return what they must not as well. */
const untyped = <T = never>(value: unknown): T => value as T

type Way = 'call' | 'cast' | 'info' | 'continue' | 'timeout'

/** A server of which every callback returns what `outcome` makes of its state. */
function serverOf(outcome: (state: string) => unknown) {
  return genServer<Server>('server')<string>({
    init: () => 'state',
    calls: {
      ask: (state, n) => (n > 0 ? untyped(outcome(state)) : reply(state, state)),
    },
    casts: {
      tell: (state, n) => {
        if (n === 2) return next(state, { continue: null })
        return n === 3 ? next(state, { timeoutMs: 0 }) : untyped(outcome(state))
      },
    },
    info: (state) => untyped(outcome(state)),
    continue: (state) => untyped(outcome(state)),
  })
}

const ways: Readonly<Record<Way, (self: Self, server: Ref<Server>) => void>> = {
  call: (self, server) => {
    call(self, server, 'ask', 1).catch(() => undefined)
  },
  cast: (self, server) => cast(self, server, 'tell', 1),
  info: (self, server) => {
    self.send(server, 'message')
  },
  continue: (self, server) => cast(self, server, 'tell', 2),
  timeout: (self, server) => cast(self, server, 'tell', 3),
}

/** What a server ends with when the callback that `way` leads to returns `outcome`. */
async function endBy(self: Self, way: Way, outcome: (state: string) => unknown): Promise<Reason> {
  const started = await start(self, serverOf(outcome))
  if (started.tag !== 'ok') throw new Error('it starts')
  const ref = self.monitor(started.pid)
  ways[way](self, started.pid)
  return (await self.receive(isDown(ref))).reason
}

async function begin(self: Self, name?: string): Promise<Ref<Server>> {
  const options = name === undefined ? {} : { name }
  const started = await start(
    self,
    serverOf((state) => next(state)),
    undefined,
    options,
  )
  if (started.tag !== 'ok') throw new Error('it starts')
  return started.pid
}

const allWays: readonly Way[] = ['call', 'cast', 'info', 'continue', 'timeout']

for (const way of allWays) {
  test(`G5 ${way}: what is no outcome of it is a bad return value, sync and async`, () =>
    inProcess(async (self) => {
      const rows: [(state: string) => unknown, string][] = [
        [() => 7, '7'],
        [() => undefined, 'undefined'],
        [() => ignore(), 'Ignore'],
      ]
      if (way !== 'call') {
        rows.push([(state) => reply(1, state), 'Reply'])
        rows.push([(state) => stopReply('x', 1, state), 'StopReply'])
      }
      for (const [make, got] of rows) {
        for (const outcome of [make, async (state: string) => make(state)]) {
          assert.equal(await endBy(self, way, outcome), { tag: 'badReturnValue', got })
        }
      }
    }))

  test(`G5 ${way}: stop ends the server with its reason, returned and thrown`, () =>
    inProcess(async (self) => {
      const thrown = (state: string): never => {
        throw stop('over', state)
      }
      for (const outcome of [(state: string) => stop('over', state), thrown]) {
        assert.is(await endBy(self, way, outcome), 'over')
      }
    }))

  test(`G5 ${way}: options and reasons that are none are the mistake of the server`, () =>
    inProcess(async (self) => {
      const rows: [(state: string) => unknown, RegExp][] = [
        [(state) => next(state, untyped({ timeout: 5 })), /there is no option 'timeout'/],
        [(state) => next(state, untyped(5)), /options: expected an object, got 5/],
        [(state) => next(state, untyped(null)), /options: expected an object, got null/],
        [(state) => next(state, { timeoutMs: -1 }), /timeoutMs: expected 0 to/],
        [
          (state) => next(state, { timeoutMs: 1, continue: 1 }),
          /timeoutMs and continue exclude each other/,
        ],
        [(state) => stop(untyped(5), state), /reason: expected a string or a tagged object, got 5/],
        [(state) => stop(untyped({ why: 1 }), state), /reason: expected a string or a tagged obj/],
        [(state) => stopReply(untyped(null), 1, state), /reason: .* got null/],
      ]
      for (const [outcome, message] of rows) {
        const [tag, name, text] = errorOf(await endBy(self, way, outcome))
        assert.equal([tag, name], ['error', 'BadArgument'])
        assert.match(String(text), message)
      }
    }))
}

test('G14 G15 G16 G18 what is no pid and no name is refused, naming it', () =>
  inProcess(async (self) => {
    const refused = async (act: () => unknown): Promise<void> => {
      const error = await (async () => act())().catch((thrown: unknown) => thrown)
      assert.instance(error, BadArgument)
      assert.match(String(error), /expected a pid or a name, got/)
    }
    for (const junk of [
      null,
      undefined,
      5,
      'name',
      {},
      { tag: 'local' },
      { tag: 'at', node: 'x' },
    ]) {
      const server = untyped<Ref<Server>>(junk)
      await refused(() => call(self, server, 'ask', 1))
      await refused(() => callWithin(self, 10, server, 'ask', 1))
      await refused(() => cast(self, server, 'tell', 1))
      await refused(() => sendRequest(self, server, 'ask', 1))
      await refused(() => stopServer(self, server))
    }
    assert.ok(noMail(self))
  }))

test('G14 G15 G16 G18 nobody has the name: noproc for who waits, silence for a cast', () =>
  inProcess(async (self) => {
    const nobody = local(
      serverOf((state) => next(state)),
      'nobody',
    )
    assert.is(await failureOf(call(self, nobody, 'ask', 1)), 'noproc')
    assert.is(await failureOf(stopServer(self, nobody)), 'noproc')
    const response = await receiveResponse(self, sendRequest(self, nobody, 'ask', 1))
    assert.equal(response, { tag: 'error', reason: 'noproc', server: nobody })
    assert.is(cast(self, nobody, 'tell', 1), undefined)
    assert.ok(noMail(self))
  }))

test('G14 G15 G17 G18 to oneself: refused for who would wait for ever, a cast comes later', () =>
  inProcess(async (self) => {
    type Own = { calls: { ask: (by: number) => Reason; told: () => number } } & Pick<
      Server,
      'casts'
    >
    const names = (own: Self): ServerRef<Own>[] => [
      untyped(own.pid),
      local(selfish, 'selfish'),
      at(own.node, selfish, 'selfish'),
    ]
    const selfish: Module<Own, void> = genServer<Own>('selfish')({
      init: () => 0,
      calls: {
        ask: async (told, by, own) => {
          const to = names(own)[by] ?? own.pid
          const reasons = [
            await failureOf(call(own, to, 'told')),
            await failureOf(stopServer(own, to)),
          ]
          const all = await multiCall(own, 50, [at(own.node, selfish, 'selfish')], 'told')
          reasons.push(...all.badNodes.map(({ reason }) => reason))
          cast(own, to, 'tell', 1)
          return reply({ tag: 'reasons', reasons }, told)
        },
        told: (told) => reply(told, told),
      },
      casts: { tell: (told) => next(told + 1) },
    })
    const started = await start(self, selfish, undefined, { name: 'selfish' })
    if (started.tag !== 'ok') throw new Error('it starts')
    for (const by of [0, 1, 2]) {
      const reasons = ['callingSelf', 'callingSelf', 'callingSelf']
      assert.equal(await call(self, started.pid, 'ask', by), { tag: 'reasons', reasons })
    }
    assert.is(await call(self, started.pid, 'told'), 3)
  }))

test('G14 an operation that is no text is an unknown one', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    for (const op of [5, null, undefined, {}]) {
      const asked = call(self, server, untyped<'ask'>(op), 1)
      assert.is(Object(await failureOf(asked)).tag, 'undef')
      cast(self, server, untyped<'tell'>(op), 1)
    }
    assert.is(await call(self, server, 'ask', 0), 'state')
  }))

test('G8 G15 replies: the first counts; twice, late, and to the dead they do nothing', () =>
  inProcess(async (self) => {
    const froms: From<string>[] = []
    const keeping = genServer<Server>('keeping')({
      init: () => null,
      calls: {
        ask: (state, _n, _self, from) => {
          froms.push(from)
          return next(state)
        },
      },
      casts: { tell: (state) => next(state) },
    })
    const started = await start(self, keeping)
    if (started.tag !== 'ok') throw new Error('it starts')
    const { pid } = started
    const first = call(self, pid, 'ask', 1)
    const late = callWithin(self, 0, pid, 'ask', 2)
    assert.is(await failureOf(late), 'timeout')
    const client = process('client', async (own) => {
      await call(own, pid, 'ask', 3)
    })
    const { pid: dying, ref } = spawnMonitor(self, client)
    while (froms.length < 3) await self.yield()
    self.exit(dying, 'kill')
    await self.receive(isDown(ref))
    for (const answer of ['one', 'two']) for (const from of froms) replyTo(self, from, answer)
    assert.is(await first, 'one')
    self.exit(pid, 'kill')
    for (const from of froms) replyTo(self, from, 'after the end of the server')
    await self.yield()
    assert.ok(noMail(self))
  }))

test('G18 a reason that is no data is refused, and the server goes on', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const code: Reason = { tag: 'x', f: () => 1 }
    const refused = await stopServer(self, server, code).catch((error: unknown) => error)
    assert.match(String(refused), /reason\.f: a function cannot be sent/)
    assert.is(await call(self, server, 'ask', 0), 'state')
  }))

test('G18 one that ends for another reason meanwhile: that reason', () =>
  inProcess(async (self) => {
    const server = await begin(self)
    const stopping = failureOf(stopServer(self, server, 'shutdown'))
    self.exit(server, 'kill')
    assert.is(await stopping, 'killed')
  }))

test('G1 start options that are none are refused by name, and start nothing', () =>
  inProcess(async (self) => {
    const rows: [unknown, RegExp][] = [
      [{ name: 5 }, /name: expected a local or a via name, got 5/],
      [{ name: '' }, /name: expected a string of 1 to/],
      [{ timeoutMs: 'soon' }, /timeoutMs: expected .* got "soon"/],
      [{ mailbox: { max: 0, overflow: 'fail' } }, /mailbox\.max: expected a whole number/],
    ]
    let begun = 0
    const counts = genServer<{}>('counts')({ init: () => ++begun })
    for (const [options, message] of rows) {
      const attempt = async () => start(self, counts, undefined, untyped(options))
      const error = await attempt().catch((thrown: unknown) => thrown)
      assert.instance(error, BadArgument)
      assert.match(String(error), message)
    }
    for (const module of [null, 5, {}, () => 1]) {
      const attempt = async () => start(self, untyped<typeof counts>(module))
      const error = await attempt().catch((thrown: unknown) => thrown)
      assert.match(String(error), /expected a module or behaviour/)
    }
    assert.is(begun, 0)
  }))

test.run()

/**
 * Calls, casts and replies between two places (rules G8, G14, G15, D8, A5, A6): every way a call
 * can end, and what an answer does when nobody waits for it any more.
 */
import * as assert from 'uvu/assert'
import {
  isDown,
  type LocalName,
  type Pid,
  process,
  type Reason,
  type Ref,
  type Self,
  spawn,
} from '../../../runtime/index.ts'
import {
  at,
  call,
  callWithin,
  cast,
  type From,
  genServer,
  next,
  reply,
  replyTo,
  stop,
  stopReply,
  stopServer,
} from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Server = {
  calls: {
    add: (n: number) => number
    /** Answers when `release` comes. */
    hold: (n: number) => number
    /** Answers twice, by hand and by outcome. */
    twice: () => string
    /** Another process answers. */
    delegate: (n: number) => number
    callYourself: (by: 'pid' | 'name') => Reason
    stopWith: (reason: Reason) => string
    stopAndAnswer: (reason: Reason) => string
    crash: (message: string) => string
    /** Deaf until killed. */
    hang: () => string
    heldCount: () => number
  }
  casts: { bump: (n: number) => void; release: () => void }
}

const ownName = 'calls.own'

type Held = { readonly from: From<number>; readonly n: number }
type State = { readonly total: number; readonly held: readonly Held[] }

const deputy = process('topic.deputy', async (self, arg: { from: From<number>; n: number }) => {
  replyTo(self, arg.from, arg.n * 2)
})

const server = genServer<Server>('topic.server')({
  init: (): State => ({ total: 0, held: [] }),
  calls: {
    add: (state, n) => reply(state.total + n, { ...state, total: state.total + n }),
    hold: (state, n, _self, from) => next({ ...state, held: [...state.held, { from, n }] }),
    twice: (state, _arg, self, from) => {
      replyTo(self, from, 'first')
      replyTo(self, from, 'second')
      return reply('third', state)
    },
    delegate: (state, n, self, from) => {
      spawn(self, deputy, { from, n })
      return next(state)
    },
    callYourself: async (state, by, self) => {
      const named: LocalName<Server> = { tag: 'local', name: ownName }
      const own: Ref<Server> = self.pid
      const to = by === 'pid' ? own : named
      return reply(await reasonOf(call(self, to, 'add', 1)), state)
    },
    stopWith: (state, reason) => stop(reason, state),
    stopAndAnswer: (state, reason) => stopReply(reason, 'last words', state),
    crash: (_state, message) => {
      throw new Error(message)
    },
    hang: async (_state, _arg, self) => {
      await self.receive((message) => message === 'never sent')
      return reply('awake', { total: 0, held: [] })
    },
    heldCount: (state) => reply(state.held.length, state),
  },
  casts: {
    bump: (state, n) => next({ ...state, total: state.total + n }),
    release: (state, _arg, self) => {
      for (const { from, n } of state.held) replyTo(self, from, n)
      return next({ ...state, held: [] })
    },
  },
})

/** Calls from a process of its own and tells how it went. */
const caller = process(
  'topic.caller',
  async (self, arg: { boss: Pid; server: Ref<Server>; n: number }) => {
    const value = await call(self, arg.server, 'hold', arg.n)
    self.send(arg.boss, { tag: 'answered', value })
  },
)

function fresh(self: Self, place: Place, name?: string): Promise<Ref<Server>> {
  return place.spawnThere(self, server, undefined, name === undefined ? {} : { name })
}

/** The caller's mailbox is empty: no answer or DOWN strayed into it. */
function nothingStrayed(self: Self): void {
  assert.is(self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
}

const answers = caseOf('G14', 'a call is answered', async (self, place) => {
  const ref = await fresh(self, place)
  assert.is(await call(self, ref, 'add', 3), 3)
  assert.is(await call(self, ref, 'add', 4), 7)
})

const hostAnswers: Topic['cases'][number] = {
  rule: 'G14',
  name: 'host code calls without a process',
  run: async (place) => {
    const ref = await place.here.run((self) => fresh(self, place))
    assert.is(await call(place.here, ref, 'add', 5), 5)
    cast(place.here, ref, 'bump', 10)
    assert.is(await call(place.here, ref, 'add', 0), 15)
  },
}

const deadPid = caseOf('G14', 'a call to the dead fails with noproc', async (self, place) => {
  const ref = await fresh(self, place)
  const down = self.monitor(ref)
  self.exit(ref, 'kill')
  await self.receive(isDown(down))
  assert.is(await reasonOf(call(self, ref, 'add', 1)), 'noproc')
})

const unknownName = caseOf(
  'G14',
  'a call to an unknown name fails with noproc',
  async (self, place) => {
    const name = at(place.there.name, server, 'calls.nobody')
    assert.is(await reasonOf(call(self, name, 'add', 1)), 'noproc')
    nothingStrayed(self)
  },
)

const byName = caseOf('G14', 'a call by name finds the present holder', async (self, place) => {
  const name = at(place.there.name, server, 'calls.named')
  for (const start of [1, 2]) {
    const ref = await fresh(self, place, 'calls.named')
    assert.is(await call(self, name, 'add', start), start)
    const down = self.monitor(ref)
    self.exit(ref, 'kill')
    await self.receive(isDown(down))
  }
})

const timeout = caseOf(
  'G14',
  'a call that is not answered in time fails with timeout',
  async (self, place) => {
    const ref = await fresh(self, place)
    assert.is(await reasonOf(callWithin(self, 20, ref, 'hold', 1)), 'timeout')
    assert.is(await call(self, ref, 'heldCount'), 1, 'the server goes on')
  },
)

const late = caseOf('A5', 'a late reply is dropped', async (self, place) => {
  const ref = await fresh(self, place)
  assert.is(await reasonOf(callWithin(self, 20, ref, 'hold', 41)), 'timeout')
  cast(self, ref, 'release')
  // The answer to this call comes after the late one, from the same server.
  assert.is(await call(self, ref, 'heldCount'), 0)
  nothingStrayed(self)
})

const calling = caseOf('G14', 'a call to oneself fails with callingSelf', async (self, place) => {
  const ref = await fresh(self, place, ownName)
  assert.is(await call(self, ref, 'callYourself', 'pid'), 'callingSelf')
  assert.is(await call(self, ref, 'callYourself', 'name'), 'callingSelf')
  assert.is(await call(self, ref, 'add', 1), 1)
})

const dying = caseOf('G14', "the server's end is the caller's failure", async (self, place) => {
  for (const reason of ['normal', 'shutdown', { tag: 'custom', why: [1, 2] }]) {
    const ref = await fresh(self, place)
    assert.equal(await reasonOf(call(self, ref, 'stopWith', reason)), reason)
  }
  const ref = await fresh(self, place)
  const reason = await reasonOf(call(self, ref, 'crash', 'broken'))
  assert.is(typeof reason === 'object' && reason.message, 'broken')
})

const killedWhile = caseOf(
  'G14',
  'a server killed while it works fails its callers',
  async (self, place) => {
    const ref = await fresh(self, place)
    const waiting = [
      reasonOf(callWithin(self, Number.POSITIVE_INFINITY, ref, 'hold', 1)),
      reasonOf(callWithin(self, Number.POSITIVE_INFINITY, ref, 'hang')),
      reasonOf(callWithin(self, Number.POSITIVE_INFINITY, ref, 'add', 1)),
    ]
    self.exit(ref, 'kill')
    assert.equal(await Promise.all(waiting), ['killed', 'killed', 'killed'])
  },
)

const lastWords = caseOf(
  'G9',
  'a server that stops with a reply answers first',
  async (self, place) => {
    const ref = await fresh(self, place)
    const down = self.monitor(ref)
    assert.is(await call(self, ref, 'stopAndAnswer', 'shutdown'), 'last words')
    assert.is((await self.receive(isDown(down))).reason, 'shutdown')
  },
)

const unknownOp = caseOf(
  'G5',
  'an unknown operation fails the caller only',
  async (self, place) => {
    const ref = await fresh(self, place)
    const untyped: Pid = ref
    const other: Ref<{ calls: { toString: () => null; noSuch: () => null } }> = untyped
    assert.equal(await reasonOf(call(self, other, 'noSuch')), { tag: 'undef', op: 'noSuch' })
    assert.equal(await reasonOf(call(self, other, 'toString')), { tag: 'undef', op: 'toString' })
    assert.is(await call(self, ref, 'add', 1), 1)
  },
)

const later = caseOf('G8', 'a held call is answered later', async (self, place) => {
  const ref = await fresh(self, place)
  const held = [1, 2, 3].map((n) => call(self, ref, 'hold', n))
  assert.is(await call(self, ref, 'heldCount'), 3)
  cast(self, ref, 'release')
  assert.equal(await Promise.all(held), [1, 2, 3])
})

const delegated = caseOf('G8', 'another process answers', async (self, place) => {
  const ref = await fresh(self, place)
  assert.is(await call(self, ref, 'delegate', 21), 42)
  nothingStrayed(self)
})

const doubled = caseOf(
  'A6',
  'the first of several replies counts, none strays',
  async (self, place) => {
    const ref = await fresh(self, place)
    assert.is(await call(self, ref, 'twice'), 'first')
    assert.is(await call(self, ref, 'add', 1), 1)
    nothingStrayed(self)
  },
)

const deadClient = caseOf('G8', 'a reply to a dead client does nothing', async (self, place) => {
  const ref = await fresh(self, place)
  const client = spawn(self, caller, { boss: self.pid, server: ref, n: 1 })
  const down = self.monitor(client)
  while ((await call(self, ref, 'heldCount')) === 0) await self.yield()
  self.exit(client, 'kill')
  await self.receive(isDown(down))
  cast(self, ref, 'release')
  assert.is(await call(self, ref, 'heldCount'), 0)
  nothingStrayed(self)
})

const fromThere = caseOf('G14', 'a server here answers a caller there', async (self, place) => {
  const ref: Ref<Server> = spawn(self, server)
  await place.spawnThere(self, caller, { boss: self.pid, server: ref, n: 9 })
  while ((await call(self, ref, 'heldCount')) === 0) await self.yield()
  cast(self, ref, 'release')
  assert.equal(await self.receive(), { tag: 'answered', value: 9 })
})

const castsNever = caseOf(
  'G15',
  'a cast never fails and keeps its order with calls',
  async (self, place) => {
    const ref = await fresh(self, place)
    for (let n = 1; n <= 100; n++) cast(self, ref, 'bump', n)
    assert.is(await call(self, ref, 'add', 0), 5050)
    const down = self.monitor(ref)
    self.exit(ref, 'kill')
    await self.receive(isDown(down))
    cast(self, ref, 'bump', 1)
    cast(self, at(place.there.name, server, 'calls.nobody'), 'bump', 1)
    cast(self, at('absent@127.0.0.1', server, 'calls.nobody'), 'bump', 1)
    nothingStrayed(self)
  },
)

const nodeDown = caseOf(
  'D8',
  'a call to a node that cannot be reached fails with nodedown',
  async (self) => {
    const name = at('absent@127.0.0.1', server, 'calls.any')
    const expected = { tag: 'nodedown', node: 'absent@127.0.0.1' }
    assert.equal(await reasonOf(call(self, name, 'add', 1)), expected)
    nothingStrayed(self)
  },
)

const stopping = caseOf(
  'G18',
  'stopServer stops a server there, and tells how it went',
  async (self, place) => {
    const ref = await fresh(self, place, 'calls.stopping')
    const reason = { tag: 'shutdown', detail: { list: [1, null], big: 5n } }
    await stopServer(self, ref, reason)
    assert.is(await reasonOf(stopServer(self, ref)), 'noproc')
    const name = at(place.there.name, server, 'calls.stopping')
    assert.is(await reasonOf(stopServer(self, name)), 'noproc')
    const absent = at('absent@127.0.0.1', server, 'calls.any')
    const nodedown = { tag: 'nodedown', node: 'absent@127.0.0.1' }
    assert.equal(await reasonOf(stopServer(self, absent)), nodedown)
    nothingStrayed(self)
  },
)

const mailbox = caseOf(
  'G14',
  'an answer does not pass through the mailbox',
  async (self, place) => {
    const ref = await fresh(self, place)
    for (let n = 0; n < 20; n++) self.send(self.pid, { n })
    assert.is(await call(self, ref, 'add', 1), 1)
    for (let n = 0; n < 20; n++) assert.equal(await self.receive(), { n })
  },
)

export const genServerCalls: Topic = {
  subject: 'gen_server calls',
  modules: [server, deputy, caller],
  cases: [
    answers,
    hostAnswers,
    deadPid,
    unknownName,
    byName,
    timeout,
    late,
    calling,
    dying,
    killedWhile,
    lastWords,
    unknownOp,
    later,
    delegated,
    doubled,
    deadClient,
    fromThere,
    castsNever,
    nodeDown,
    mailbox,
    stopping,
  ],
}

/**
 * How a gen_server ends (rules G9, G11 to G13, G18): when `terminate` is called and when not, the
 * order of reply and end, the parent's exit, and stopping from outside.
 */
import {
  type ExitMessage,
  exit,
  isDown,
  isExit,
  type Pid,
  process,
  type Reason,
  type Ref,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import {
  call,
  cast,
  genServer,
  local,
  next,
  reply,
  start,
  startLink,
  stop,
  stopReply,
  stopServer,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess, noMail, virtualNode } from './one-node.ts'

const test = suite('otp: gen_server stop')

type Ending = {
  calls: {
    stopWith: (reason: Reason) => string
    stopAndAnswer: (reason: Reason) => string
    crash: () => string
    bad: () => string
    seen: () => readonly unknown[]
  }
  casts: { stopWith: (reason: Reason) => void }
}

type Arg = {
  readonly boss: Pid
  readonly trap: boolean
  /** How `terminate` behaves. */
  readonly last?: 'slow' | 'throws' | 'slow and throws'
}

type State = Arg & { readonly seen: readonly unknown[] }

/** Tells its boss when `terminate` is called, and collects what `info` gets. */
const ending = genServer<Ending>('ending')({
  init: (arg: Arg, self): State => {
    self.trapExit(arg.trap)
    return { ...arg, seen: [] }
  },
  calls: {
    stopWith: (state, reason) => stop(reason, state),
    stopAndAnswer: (state, reason) => stopReply(reason, 'last words', state),
    crash: () => {
      throw new Error('crash')
    },
    bad: () => JSON.parse('"not an outcome"'),
    seen: (state) => reply(state.seen, state),
  },
  casts: { stopWith: (state, reason) => stop(reason, state) },
  info: (state, message) => next({ ...state, seen: [...state.seen, message] }),
  terminate: async (reason, state, self) => {
    self.send(state.boss, { tag: 'terminating', reason })
    if (state.last?.startsWith('slow')) await self.receive((message) => message === 'go on')
    if (state.last?.endsWith('throws')) throw new RangeError('terminate')
  },
})

async function begin(self: Self, options: Partial<Arg> = {}): Promise<Ref<Ending>> {
  const started = await start(self, ending, { boss: self.pid, trap: false, ...options })
  if (started.tag !== 'ok') throw new Error('it starts')
  return started.pid
}

type Terminating = { readonly tag: 'terminating'; readonly reason: Reason }

const isTerminating = (message: unknown): message is Terminating =>
  typeof message === 'object' &&
  message !== null &&
  'tag' in message &&
  message.tag === 'terminating'

/** What `terminate` was told before the server's DOWN came; null when it was not called. */
async function words(self: Self, ref: Ref<Ending>, act: () => unknown) {
  const monitor = self.monitor(ref)
  await act()
  const { reason } = await self.receive(isDown(monitor))
  const last = await self.receive(isTerminating, { timeoutMs: 0, otherwise: null })
  return { reason, told: last === null ? null : last.reason }
}

test('G9 stopReply: terminate runs first, then the reply, then the end', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    const order: string[] = []
    const monitor = self.monitor(ref)
    const asked = call(self, ref, 'stopAndAnswer', 'over').then((answer) => {
      order.push(answer)
    })
    assert.is((await self.receive(isTerminating)).reason, 'over')
    order.push('terminating')
    self.send(ref, 'go on')
    await asked
    order.push(String((await self.receive(isDown(monitor))).reason))
    assert.equal(order, ['terminating', 'last words', 'over'])
  }))

test('G9 terminate gets the state of the outcome that stops', () =>
  inProcess(async (self) => {
    type Last = { calls: { end: (how: 'stop' | 'bare' | 'reply') => null } }
    const told: unknown[] = []
    const last = genServer<Last>('last')({
      init: () => 'first',
      calls: {
        end: (_state, how) => {
          if (how === 'bare') return stop('normal')
          return how === 'stop' ? stop('normal', 'stopped') : stopReply('normal', null, 'replied')
        },
      },
      terminate: (_reason, state) => {
        told.push(state)
      },
    })
    for (const how of ['bare', 'stop', 'reply'] as const) {
      const started = await start(self, last)
      if (started.tag !== 'ok') throw new Error('it starts')
      const monitor = self.monitor(started.pid)
      call(self, started.pid, 'end', how).catch(() => undefined)
      await self.receive(isDown(monitor))
    }
    assert.equal(told, ['first', 'stopped', 'replied'])
  }))

test('G9 stop from a call: the caller exits with the reason', () =>
  inProcess(async (self) => {
    for (const last of [undefined, 'slow'] as const) {
      const ref = await begin(self, last ? { last } : {})
      const failing = failureOf(call(self, ref, 'stopWith', { tag: 'why', n: 1 }))
      await self.receive(isTerminating)
      self.send(ref, 'go on')
      assert.equal(await failing, { tag: 'why', n: 1 })
    }
  }))

test('G11 terminate is called for a stop, a crash, a bad return and a stop request', () =>
  inProcess(async (self) => {
    const stopped = await begin(self)
    const byCast = await words(self, stopped, () => cast(self, stopped, 'stopWith', 'over'))
    assert.equal(byCast, { reason: 'over', told: 'over' })
    const crashing = await begin(self)
    const byCrash = await words(self, crashing, () => failureOf(call(self, crashing, 'crash')))
    assert.equal(errorOf(byCrash.told ?? 'none'), ['error', 'Error', 'crash'])
    assert.equal(byCrash.reason, byCrash.told)
    const wrong = await begin(self)
    const byReturn = await words(self, wrong, () => failureOf(call(self, wrong, 'bad')))
    const expected = { tag: 'badReturnValue', got: '"not an outcome"' }
    assert.equal(byReturn, { reason: expected, told: expected })
    const asked = await begin(self)
    const byRequest = await words(self, asked, () => stopServer(self, asked, 'shutdown'))
    assert.equal(byRequest, { reason: 'shutdown', told: 'shutdown' })
  }))

test('G11 terminate is not called for kill, nor for any exit signal when not trapping', () =>
  inProcess(async (self) => {
    const killed = await begin(self, { trap: true })
    const byKill = await words(self, killed, () => self.exit(killed, 'kill'))
    assert.equal(byKill, { reason: 'killed', told: null })
    for (const reason of ['shutdown', 'other']) {
      const calm = await begin(self)
      const bySignal = await words(self, calm, () => self.exit(calm, reason))
      assert.equal(bySignal, { reason, told: null })
    }
  }))

/** Starts a linked server, tells of it, and ends as it is told. */
const parent = process('parent', async (self, arg: { boss: Pid; trap: boolean }) => {
  const started = await startLink(self, ending, { boss: arg.boss, trap: arg.trap })
  self.send(arg.boss, { tag: 'child', started })
  const told = await self.receive(
    (message): message is { tag: 'end'; reason: Reason } =>
      typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'end',
  )
  return exit(told.reason)
})

async function family(self: Self, trap: boolean): Promise<{ over: Pid; child: Ref<Ending> }> {
  const over = spawn(self, parent, { boss: self.pid, trap })
  const told = await self.receive(
    (message): message is { tag: 'child'; started: { tag: 'ok'; pid: Ref<Ending> } } =>
      typeof message === 'object' &&
      message !== null &&
      'tag' in message &&
      message.tag === 'child',
  )
  return { over, child: told.started.pid }
}

test('G12 the exit of the parent ends a server that traps, even normal', () =>
  inProcess(async (self) => {
    for (const reason of ['normal', 'shutdown', { tag: 'custom' }]) {
      const { over, child } = await family(self, true)
      const end = await words(self, child, () => self.send(over, { tag: 'end', reason }))
      assert.equal(end, { reason, told: reason })
    }
  }))

test('G12 what was queued before the exit of the parent is handled first', () =>
  inProcess(async (self) => {
    const { over, child } = await family(self, true)
    const seen = call(self, child, 'seen')
    self.send(over, { tag: 'end', reason: 'shutdown' })
    assert.equal(await seen, [])
    assert.is((await self.receive(isTerminating)).reason, 'shutdown')
  }))

test('G12 a server that does not trap survives a parent that ends normal', () =>
  inProcess(async (self) => {
    const { over, child } = await family(self, false)
    const down = self.monitor(over)
    self.send(over, { tag: 'end', reason: 'normal' })
    await self.receive(isDown(down))
    assert.equal(await call(self, child, 'seen'), [])
  }))

test('G12 a server that does not trap dies with its parent, without terminate', () =>
  inProcess(async (self) => {
    const { over, child } = await family(self, false)
    const end = await words(self, child, () => self.send(over, { tag: 'end', reason: 'shutdown' }))
    assert.equal(end, { reason: 'shutdown', told: null })
  }))

test('G12 an EXIT from anyone else is a message', () =>
  inProcess(async (self) => {
    const { child } = await family(self, true)
    self.exit(child, 'shutdown')
    const stranger = process('stranger', async (own, arg: { to: Pid }) => {
      own.link(arg.to)
      return exit('bye')
    })
    const { ref } = spawnMonitor(self, stranger, { to: child })
    await self.receive(isDown(ref))
    const seen = await call(self, child, 'seen')
    assert.equal(
      seen.filter(isExit()).map((message: ExitMessage) => message.reason),
      ['shutdown', 'bye'],
    )
  }))

test('G12 who starts a server without a link is not its parent', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { trap: true })
    self.exit(ref, 'shutdown')
    const [seen] = await call(self, ref, 'seen')
    assert.ok(isExit(self.pid)(seen))
  }))

test('G13 a failing terminate gives its own reason, to the caller too', () =>
  inProcess(async (self) => {
    for (const last of ['throws', 'slow and throws'] as const) {
      for (const op of ['stopWith', 'stopAndAnswer'] as const) {
        const ref = await begin(self, { last })
        const monitor = self.monitor(ref)
        const failing = failureOf(call(self, ref, op, 'over'))
        self.send(ref, 'go on')
        const expected = ['error', 'RangeError', 'terminate']
        assert.equal(errorOf(await failing), expected)
        assert.equal(errorOf((await self.receive(isDown(monitor))).reason), expected)
        await self.receive(isTerminating)
      }
    }
    assert.ok(noMail(self))
  }))

test('G13 a server killed during terminate ends killed, and its caller hears it', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    const failing = failureOf(call(self, ref, 'stopAndAnswer', 'over'))
    await self.receive(isTerminating)
    self.exit(ref, 'kill')
    assert.is(await failing, 'killed')
  }))

test('G13 calls that wait while a server ends fail with its reason', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    cast(self, ref, 'stopWith', { tag: 'shutdown', detail: 'closing' })
    const waiting = [1, 2, 3].map(() => failureOf(call(self, ref, 'seen')))
    await self.receive(isTerminating)
    self.send(ref, 'go on')
    const reason = { tag: 'shutdown', detail: 'closing' }
    assert.equal(await Promise.all(waiting), [reason, reason, reason])
  }))

test('G18 stopServer waits for the end', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    const order: string[] = []
    const helper = process('helper', async (own) => {
      own.onExit(() => order.push('helper'))
      own.send(ref, 'go on')
    })
    spawn(self, helper)
    await stopServer(self, ref, { tag: 'shutdown', detail: 'asked' })
    order.push('stopped')
    assert.equal(order, ['helper', 'stopped'])
  }))

test('G18 stopServer waits for as long as it takes, unless told', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    self.sendAfter(86_400_000, ref, 'go on')
    await stopServer(self, ref)
    assert.ok(world.nowMs >= 86_400_000)
  })
})

test('G18 stopServer of the dead or unknown fails with noproc', () =>
  inProcess(async (self) => {
    const ref = await begin(self)
    await stopServer(self, ref)
    assert.is(await failureOf(stopServer(self, ref)), 'noproc')
    assert.is(await failureOf(stopServer(self, local(ending, 'nobody'))), 'noproc')
  }))

test('G18 stopServer by name stops its holder', () =>
  inProcess(async (self) => {
    const arg = { boss: self.pid, trap: false }
    await start(self, ending, arg, { name: 'ending' })
    await stopServer(self, local(ending, 'ending'), 'over')
    assert.is((await self.receive(isTerminating)).reason, 'over')
  }))

test('G18 another reason than asked fails with that reason', () =>
  inProcess(async (self) => {
    const ref = await begin(self, { last: 'throws' })
    const reason = await failureOf(stopServer(self, ref))
    assert.equal(errorOf(reason), ['error', 'RangeError', 'terminate'])
  }))

test('G18 stopServer gives up after its time, the server still stops', async () => {
  const { run } = virtualNode()
  await run(async (self) => {
    const ref = await begin(self, { last: 'slow' })
    assert.is(await failureOf(stopServer(self, ref, 'over', 100)), 'timeout')
    await self.receive(isTerminating)
    const monitor = self.monitor(ref)
    self.send(ref, 'go on')
    assert.is((await self.receive(isDown(monitor))).reason, 'over')
    assert.ok(noMail(self))
  })
})

test('G18 stopping oneself is refused at once', async () => {
  const reason = await inProcess((self) => failureOf(stopServer(self, self.pid)))
  assert.is(reason, 'callingSelf')
})

test('G14 an argument that cannot be sent rejects the call and names its path', () =>
  inProcess(async (self) => {
    const server = await start(self, ending, { boss: self.pid, trap: false })
    if (server.tag !== 'ok') throw new Error(server.tag)
    const error: unknown = await call(self, server.pid, 'stopWith', {
      tag: 'odd',
      why: () => 'code',
    }).catch((thrown: unknown) => thrown)
    assert.match(String(error), /arg\.why: a function cannot be sent/)
  }))

test.run()

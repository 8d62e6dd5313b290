/** Bounded mailboxes: the three policies, the lane of signals, who is held and who is refused. */
import {
  isDown,
  isExit,
  type MailboxOptions,
  type Pid,
  process,
  processInfo,
  type Self,
  send,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import { call, cast, genServer, next, reply, start, stopServer } from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { turn } from '../../support/until.ts'
import { realNode } from './node-fixture.ts'

const test = suite('bounded mailbox')

const overflows = ['suspend', 'dropNewest', 'fail'] as const

type Slow = {
  calls: { get: () => number }
  casts: { add: (n: number) => void }
}

/** Adds what it is told once `gate` has opened. */
function slowServer(gate: Promise<void>) {
  return genServer<Slow>('bounded.slow')({
    init: () => next(0),
    calls: { get: async (sum) => gate.then(() => reply(sum, sum)) },
    casts: { add: (sum, n) => next(sum + n) },
  })
}

function openable(): { gate: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  return { gate, open }
}

/** Reads nothing, ever. */
const hoarder = process('bounded.hoarder', (self) => self.wait(new Promise(() => undefined)))

function isReasoned(reason: unknown): (error: unknown) => void {
  return (error) => assert.equal((error as { reason?: unknown }).reason, reason)
}

async function fails(promise: Promise<unknown>, reason: unknown): Promise<void> {
  const outcome = await promise.then(() => 'resolved', isReasoned(reason))
  assert.is(outcome, undefined, 'it should have failed')
}

test('dropNewest: drops and counts above the bound, and tells at 1, 2, 4', async () => {
  const { node } = realNode()
  const events: TraceEvent[] = []
  node.observe((event) => {
    if (event.tag === 'mailboxFull') events.push(event)
  })
  await node.run(async (self) => {
    const mailbox: MailboxOptions = { max: 3, overflow: 'dropNewest' }
    const pid = spawn(self, hoarder, undefined, { mailbox })
    await self.yield()
    for (let i = 0; i < 9; i++) self.send(pid, i)
    const { messageQueueLength, messagesDropped } = processInfo(self, pid)!
    assert.equal([messageQueueLength, messagesDropped], [3, 6])
    const told = events.map((event) => event.tag === 'mailboxFull' && event.dropped)
    assert.equal(told, [1, 2, 4])
  })
})

test('fail: calls are refused at the bound, messages at four times it', async () => {
  const { node } = realNode({ checked: false })
  const { gate, open } = openable()
  await node.run(async (self) => {
    const mailbox: MailboxOptions = { max: 2, overflow: 'fail' }
    const started = await start(self, slowServer(gate), undefined, { mailbox })
    if (started.tag !== 'ok') throw new Error(started.tag)
    const { pid } = started
    const first = call(self, pid, 'get')
    await self.yield()
    const second = call(self, pid, 'get')
    cast(self, pid, 'add', 1)
    await fails(call(self, pid, 'get'), 'overloaded')
    for (let i = 0; i < 20; i++) cast(self, pid, 'add', 1)
    assert.is(processInfo(self, pid)?.messageQueueLength, 8)
    assert.is(processInfo(self, pid)?.messagesDropped, 14)
    open()
    assert.equal([await first, await second], [0, 0])
    while (processInfo(self, pid)?.messageQueueLength !== 0) await self.yield()
    assert.is(await call(self, pid, 'get'), 7)
  })
})

for (const overflow of overflows) {
  test(`${overflow}: never more than four times the bound, from host code too`, async () => {
    const { node } = realNode()
    await node.run(async (self) => {
      const pid = spawn(self, hoarder, undefined, { mailbox: { max: 5, overflow } })
      await self.yield()
      for (let i = 0; i < 100; i++) send(pid, i)
      const { messageQueueLength, messagesDropped } = processInfo(self, pid)!
      assert.is(messageQueueLength + messagesDropped, 100)
      assert.ok(messageQueueLength <= 20)
    })
  })

  test(`${overflow}: a call that is not taken fails with overloaded`, async () => {
    const { node } = realNode()
    const { gate, open } = openable()
    await node.run(async (self) => {
      const started = await start(self, slowServer(gate), undefined, {
        mailbox: { max: 1, overflow },
      })
      if (started.tag !== 'ok') throw new Error(started.tag)
      const calls = Array.from({ length: 6 }, () =>
        call(self, started.pid, 'get').catch((error) => error.reason),
      )
      await turn()
      open()
      const outcomes = await Promise.all(calls)
      const taken = overflow === 'suspend' ? 4 : 1
      assert.is(outcomes.filter((outcome) => outcome === 'overloaded').length, 6 - taken)
      assert.is(outcomes.filter((outcome) => outcome === 0).length, taken)
    })
  })

  test(`${overflow}: exits and DOWNs come however full it is, in their place`, async () => {
    const { node } = realNode()
    await node.run(async (self) => {
      const { gate, open } = openable()
      const got: unknown[] = []
      const full = process('bounded.full', async (own) => {
        own.trapExit(true)
        const child = spawn(
          own,
          process('bounded.child', (it) => it.receive()),
        )
        own.link(child)
        own.monitor(child)
        self.send(self.pid, child)
        await own.wait(gate)
        for (;;) {
          const message = await own.receive(null, { timeoutMs: 0, otherwise: null })
          if (message === null) return
          got.push(isExit()(message) ? 'EXIT' : isDown()(message) ? 'DOWN' : message)
        }
      })
      const pid = spawn(self, full, undefined, { mailbox: { max: 1, overflow } })
      const over = self.monitor(pid)
      const child = (await self.receive()) as Pid
      send(pid, 'one')
      for (let i = 0; i < 10; i++) send(pid, 'more')
      const gone = self.monitor(child)
      self.send(child, 'end')
      await self.receive(isDown(gone))
      open()
      await self.receive(isDown(over))
      assert.is(got[0], 'one')
      assert.equal(got.slice(-2).sort(), ['DOWN', 'EXIT'])
    })
  })

  test(`${overflow}: a full server still hears that it is to stop`, async () => {
    const { node } = realNode()
    const { gate, open } = openable()
    await node.run(async (self) => {
      const started = await start(self, slowServer(gate), undefined, {
        mailbox: { max: 2, overflow },
      })
      if (started.tag !== 'ok') throw new Error(started.tag)
      const { pid } = started
      const busy = call(self, pid, 'get')
      await self.yield()
      for (let i = 0; i < 3; i++) cast(node, pid, 'add', 1)
      const stopped = stopServer(self, pid)
      open()
      assert.is(await busy, 0)
      await stopped
    })
  })
}

/** Sends `n` messages and says when it has gone on. */
function flooder(how: 'receive' | 'yield' | 'call' | 'take') {
  const echo = genServer<Slow>('bounded.echo')({
    init: () => next(0),
    calls: { get: (sum) => reply(sum, sum) },
    casts: { add: (sum) => next(sum) },
  })
  type Arg = { readonly to: Pid; readonly boss: Pid; readonly n: number }
  const flood = (self: Self, { to, n }: Arg): void => {
    for (let i = 0; i < n; i++) self.send(to, i)
  }
  if (how === 'take') {
    return process('bounded.flooder', function* (self: Self, arg: Arg) {
      flood(self, arg)
      yield* self.take(null, { timeoutMs: 0, otherwise: null })
      self.send(arg.boss, 'on')
    })
  }
  return process('bounded.flooder', async (self, arg: Arg) => {
    const started = await start(self, echo)
    flood(self, arg)
    if (how === 'receive') await self.receive(null, { timeoutMs: 0, otherwise: null })
    else if (how === 'yield') await self.yield()
    else if (started.tag === 'ok') await call(self, started.pid, 'get')
    self.send(arg.boss, 'on')
  })
}

for (const how of ['receive', 'yield', 'call', 'take'] as const) {
  test(`suspend: the sender waits at its next ${how} until half is free`, async () => {
    const { node } = realNode()
    await node.run(async (self) => {
      let step: (n: number) => void = () => undefined
      const gate = (): Promise<number> =>
        new Promise((resolve) => {
          step = resolve
        })
      const to = spawn(
        self,
        process('bounded.run', (own) => takerBody(own, gate)),
        undefined,
        {
          mailbox: { max: 4, overflow: 'suspend' },
        },
      )
      await self.yield()
      const sender = spawn(self, flooder(how), { to, boss: self.pid, n: 6 })
      while (processInfo(self, sender)?.status !== 'suspended') await self.yield()
      assert.is(processInfo(self, to)?.messageQueueLength, 6)
      step(3)
      while (processInfo(self, to)?.messageQueueLength !== 3) await self.yield()
      assert.is(processInfo(self, sender)?.status, 'suspended')
      step(1)
      assert.is(await self.receive(), 'on')
      assert.is(processInfo(self, to)?.messageQueueLength, 2)
    })
  })
}

/** Takes as many messages as the gate says, each time it opens. */
async function takerBody(self: Self, gate: () => Promise<number>): Promise<void> {
  for (;;) {
    const n = await self.wait(gate())
    for (let i = 0; i < n; i++) await self.receive()
  }
}

test('suspend: a server that floods handles no message until there is room', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const to = spawn(self, hoarder, undefined, { mailbox: { max: 2, overflow: 'suspend' } })
    await self.yield()
    const relay = genServer<Slow>('bounded.relay')({
      init: () => next(0),
      calls: { get: (sum) => reply(sum, sum) },
      casts: {
        add: (sum, n, own) => {
          for (let i = 0; i < n; i++) own.send(to, i)
          return next(sum + n)
        },
      },
    })
    const started = await start(self, relay)
    if (started.tag !== 'ok') throw new Error(started.tag)
    cast(self, started.pid, 'add', 3)
    const answer = call(self, started.pid, 'get')
    while (processInfo(self, started.pid)?.status !== 'suspended') await self.yield()
    await self.yield()
    assert.is(processInfo(self, started.pid)?.messageQueueLength, 1)
    // The end of who held it lets it go.
    self.exit(to, 'kill')
    assert.is(await answer, 3)
  })
})

test('suspend: a held sender that is killed is forgotten', async () => {
  const { node, system } = realNode()
  await node.run(async (self) => {
    const to = spawn(self, hoarder, undefined, { mailbox: { max: 1, overflow: 'suspend' } })
    await self.yield()
    const sender = spawn(self, flooder('receive'), { to, boss: self.pid, n: 3 })
    while (processInfo(self, sender)?.status !== 'suspended') await self.yield()
    assert.is(system.holds.size, 1)
    const ref = self.monitor(sender)
    self.exit(sender, 'kill')
    await self.receive(isDown(ref))
    assert.is(system.holds.size, 0)
    self.exit(to, 'kill')
    assert.is(await self.receive(null, { timeoutMs: 0, otherwise: 'nothing' }), 'nothing')
  })
})

test('bad bounds are refused by field and value', async () => {
  const { node } = realNode()
  await node.run(async (self) => {
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ max: 0, overflow: 'fail' }, /mailbox\.max: .* got 0/],
      [{ max: 1.5, overflow: 'fail' }, /mailbox\.max: .* got 1\.5/],
      [{ max: Number.POSITIVE_INFINITY, overflow: 'fail' }, /mailbox\.max: .* got Infinity/],
      [{ max: 1, overflow: 'drop' }, /mailbox\.overflow: .* got "drop"/],
      [{ max: 1 }, /mailbox\.overflow: .* got undefined/],
      [null, /mailbox\.max: .* got undefined/],
    ]
    for (const [mailbox, message] of bad) {
      const options = { mailbox } as { mailbox: MailboxOptions }
      assert.throws(() => spawn(self, hoarder, undefined, options), message)
    }
  })
})

test.run()

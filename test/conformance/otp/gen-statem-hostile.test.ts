/**
 * What nobody may do to a state machine, and what it survives: operations it does not know, events
 * without a handler, floods, inserted events without end; and what it reports (rule Z2).
 */
import {
  isDown,
  type LocalNode,
  type Reason,
  type Ref,
  type TraceEvent,
} from '../../../runtime/index.ts'
import { runtimeLimits } from '../../../runtime/kernel.ts'
import { call, cast, genStatem, postpone, start, stay, stop, to } from '../../../stdlib/index.ts'
import { step, unborn } from '../../../stdlib/statem/engine.ts'
import { StatemEvent } from '../../../stdlib/statem/event.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess, oneNode } from './one-node.ts'
import { endOf, logOf, machine, stepOf, untyped } from './statem.ts'

const test = suite('otp: gen_statem hostile')

test('P1 a machine that inserts events without end leaves others their turn', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      step: () => stay({ next: [stepOf('for ever')] }),
      act: () => stay({ next: [stepOf('for ever')] }),
    })
    cast(self, ref, 'act', 1)
    for (let turns = 0; turns < 10; turns++) await self.yield()
    const monitor = self.monitor(ref)
    self.exit(ref, 'kill')
    const reason: Reason = (await self.receive(isDown(monitor))).reason
    assert.is(reason, 'killed')
  }))

test('G10 an unknown operation fails its caller alone, and does not touch the machine', () =>
  inProcess(async (self) => {
    const ref = await machine(self, { act: (now) => now.note('act', { eventTimeoutMs: 60_000 }) })
    const other: Ref<{ calls: { hack: () => void }; casts: { hack: () => void } }> = untyped(ref)
    assert.equal(await failureOf(call(self, other, 'hack')), { tag: 'undef', op: 'hack' })
    for (const op of ['toString', '__proto__', 'constructor', '', 'info']) {
      const named: Ref<{ calls: { [op: string]: () => void } }> = untyped(ref)
      assert.equal(await failureOf(call(self, named, op)), { tag: 'undef', op })
    }
    cast(self, other, 'hack')
    cast(self, untyped<Ref<{ casts: { step: (x: string) => void } }>>(ref), 'step', 'internal')
    assert.equal(await logOf(self, ref), [])
  }))

test('G10 an event of its own that a machine does not handle ends it with undef', () =>
  inProcess(async (self) => {
    const missing: [object, string][] = [
      [{ next: [{ tag: 'internal', op: 'noSuch' }] }, 'noSuch'],
      [{ timeouts: { noSuch: 0 } }, 'noSuch'],
      [{ stateTimeoutMs: 0 }, 'stateTimeout'],
    ]
    const bare = genStatem<{ casts: { act: (options: object) => void } }, { a: null }>('bare')({
      init: () => to('a', null),
      states: { a: { casts: { act: (_data, options) => stay(untyped(options)) } } },
    })
    for (const [options, op] of missing) {
      const started = await start(self, bare)
      if (started.tag !== 'ok') throw new Error('it starts')
      const monitor = self.monitor(started.pid)
      cast(self, started.pid, 'act', options)
      const { reason } = await self.receive(isDown(monitor))
      assert.equal(reason, { tag: 'undef', op, state: 'a' })
    }
  }))

type Logged = Extract<TraceEvent, { readonly tag: 'log' }>

function observe(node: LocalNode): Logged[] {
  const logged: Logged[] = []
  node.observe((event) => {
    if (event.tag === 'log') logged.push(event)
  })
  return logged
}

test('Z2 a crash or an abnormal stop is reported once, an orderly stop is not', async () => {
  const node = oneNode()
  const logged = observe(node)
  const counts: number[] = []
  await node.run(async (self) => {
    for (const reason of ['normal', 'shutdown', 'abnormal', null]) {
      const ref = await machine(self, { act: () => (reason === null ? untyped(1) : stop(reason)) })
      await endOf(self, ref, () => cast(self, ref, 'act', 1))
      counts.push(logged.filter(({ level }) => level === 'error').length)
    }
  })
  assert.equal(counts, [0, 0, 1, 2])
})

test('G10 casts and messages without a handler are dropped with a warning', async () => {
  const node = oneNode()
  const logged = observe(node)
  const quiet = genStatem<{ calls: { ping: () => string } }, { only: null }>('quiet')({
    init: () => to('only', null),
    states: { only: { calls: { ping: () => stay({ reply: 'pong' }) } } },
  })
  await node.run(async (self) => {
    const started = await start(self, quiet)
    if (started.tag !== 'ok') throw new Error('it starts')
    self.send(started.pid, 'plain')
    cast(self, untyped<Ref<{ casts: { hack: () => void } }>>(started.pid), 'hack')
    assert.is(await call(self, started.pid, 'ping'), 'pong')
  })
  assert.equal(
    logged.map(({ level, message }) => [level, message]),
    [
      ['warning', 'message without a handler dropped'],
      ['warning', 'unknown cast dropped'],
    ],
  )
})

test('F8 what is postponed has a bound: above it calls fail, the rest is reported', async () => {
  const node = oneNode()
  const logged = observe(node)
  await node.run(async (self) => {
    const ref = await machine(self, {
      act: (now) => (now.state === 'a' ? postpone() : stay()),
      note: (now) => now.go('b', 'open'),
    })
    for (let n = 0; n < runtimeLimits.postponedMax; n++) cast(self, ref, 'act', n)
    const refused = failureOf(call(self, ref, 'act', 1))
    cast(self, ref, 'act', 1)
    assert.is(await refused, 'overloaded')
    cast(self, ref, 'note', 'open')
    assert.equal(await logOf(self, ref), ['open'])
  })
  const dropped = logged.filter(({ message }) => message.startsWith('event dropped'))
  assert.is(dropped.length, 1)
})

test('F7 an answer that no callback is out for, and an expiry of before, change nothing', () => {
  const env = { has: () => true, enters: () => false, postponedMax: 10 }
  const [begun] = step(unborn, { tag: 'begin', outcome: to('a', 1) }, env)
  for (const input of [
    { tag: 'returned', outcome: to('b', 2) },
    { tag: 'expired', key: 'stateTimeout', id: 1 },
    { tag: 'next' },
  ] as const) {
    const [after, actions] = step(begun, input, env)
    assert.is(after, begun)
    assert.equal(actions, [])
  }
  const event = new StatemEvent('cast', 'x', 1, null)
  const [busy] = step(begun, { tag: 'event', event }, env)
  assert.equal(step(busy, { tag: 'next' }, env), [busy, []])
})

test.run()

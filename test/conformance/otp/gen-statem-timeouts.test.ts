/**
 * The timeouts of a state machine (rules F9 to F13), in virtual time: what cancels each kind,
 * setting, updating and cancelling, absolute times, and timeouts of 0.
 */
import type { Ref, Self } from '../../../runtime/index.ts'
import {
  call,
  callWithin,
  cast,
  monotonicMs,
  postpone,
  repeat,
  stay,
  to,
} from '../../../stdlib/index.ts'
import type { AnyOptions, TimeoutSetting } from '../../../stdlib/statem/options.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, virtualNode } from './one-node.ts'
import { type Handlers, logOf, machine, type Open } from './statem.ts'
import { pass } from './tree.ts'

const test = suite('otp: gen_statem timeouts')

/** A machine whose `act(n)` keeps the state with the nth of some options, and notes nothing. */
function setting(self: Self, options: readonly AnyOptions[], more: Handlers = {}) {
  return machine(self, { act: (_now, n) => stay(options[n]), ...more })
}

/** Runs `body` on a virtual node. */
function inTime(body: (self: Self) => Promise<void>): Promise<void> {
  return virtualNode().run(body)
}

async function timesOf(self: Self, ref: Ref<Open>, ms: number): Promise<readonly string[]> {
  await pass(self, ms)
  return logOf(self, ref)
}

test('F9 an event timeout fires when no event has come', () =>
  inTime(async (self) => {
    const ref = await setting(self, [{ eventTimeoutMs: { ms: 50, arg: 'quiet' } }])
    cast(self, ref, 'act', 0)
    assert.equal(await timesOf(self, ref, 49), [])
    cast(self, ref, 'act', 0)
    assert.equal(await timesOf(self, ref, 51), ['eventTimeout quiet'])
  }))

test('F9 any event cancels it: mail, info, inserted events, retries, other timeouts', () =>
  inTime(async (self) => {
    const disturb: [AnyOptions, (self: Self, ref: Ref<Open>) => void][] = [
      [{}, (own, ref) => cast(own, ref, 'note', 'disturbed')],
      [{}, (own, ref) => own.send(ref, 'disturbed')],
      [{ next: [{ tag: 'internal', op: 'step', arg: 'disturbed' }] }, () => undefined],
      [{ timeouts: { a: { ms: 10, arg: 'disturbed' } } }, () => undefined],
      [{ stateTimeoutMs: { ms: 10, arg: 'disturbed' } }, () => undefined],
    ]
    for (const [options, act] of disturb) {
      const ref = await setting(self, [{ eventTimeoutMs: 50, ...options }])
      cast(self, ref, 'act', 0)
      act(self, ref)
      const log = await timesOf(self, ref, 200)
      assert.is(log.length, 1, log.join())
      assert.match(log[0] ?? '', /disturbed/)
    }
    const ref = await machine(self, {
      note: (now, what) => (now.state === 'a' ? postpone() : now.note(what)),
      act: () => to('b', [], { eventTimeoutMs: 50 }),
    })
    cast(self, ref, 'note', 'retried')
    cast(self, ref, 'act', 1)
    assert.equal(await timesOf(self, ref, 200), ['retried'])
  }))

test('F9 what the machine does not know is no event and cancels nothing', () =>
  inTime(async (self) => {
    const ref = await setting(self, [{ eventTimeoutMs: { ms: 50, arg: 1 } }])
    cast(self, ref, 'act', 0)
    await pass(self, 40)
    const stranger: Ref<{ casts: { hack: () => void } }> = ref as never
    cast(self, stranger, 'hack')
    assert.equal(await timesOf(self, ref, 11), ['eventTimeout 1'])
  }))

test('F10 a change of state cancels the state timeout, nothing else does', () =>
  inTime(async (self) => {
    const handlers: Handlers = {
      act: (now, n) => {
        if (n === 0) return stay({ stateTimeoutMs: { ms: 50, arg: now.state } })
        if (n === 3) return repeat(now.data)
        return n === 1 ? to('a', now.data) : to('b', now.data)
      },
    }
    const stays = await machine(self, handlers)
    cast(self, stays, 'act', 0)
    cast(self, stays, 'note', 'event')
    cast(self, stays, 'act', 1)
    cast(self, stays, 'act', 3)
    assert.equal(await timesOf(self, stays, 51), ['note event', 'stateTimeout a'])
    const leaves = await machine(self, handlers)
    cast(self, leaves, 'act', 0)
    cast(self, leaves, 'act', 2)
    assert.equal(await timesOf(self, leaves, 200), [])
  }))

test('F10 one set in the changing transition, or in its enter call, belongs to the new state', () =>
  inTime(async (self) => {
    for (const entering of [false, true]) {
      const set = { stateTimeoutMs: { ms: 50, arg: 'new' } }
      const ref = await machine(self, {
        act: () => to('b', [], entering ? {} : set),
        enter: (now) => stay(entering && now.state === 'b' ? set : {}),
      })
      cast(self, ref, 'act', 1)
      assert.equal(await timesOf(self, ref, 51), ['stateTimeout new'])
    }
  }))

test('F10 one that has fired but not been handled is dropped when the state changes first', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: async (now, n, _from, own) => {
        if (n === 0) return stay({ stateTimeoutMs: { ms: 50, arg: 'late' } })
        // The timer fires while this handler is at work.
        await own.receive((message) => message === 'go on')
        return now.go('b', 'changed')
      },
    })
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    await pass(self, 100)
    self.send(ref, 'go on')
    assert.equal(await timesOf(self, ref, 100), ['changed'])
  }))

test('F10 one that has fired but not been handled stays when the state does', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: async (now, n, _from, own) => {
        if (n === 0) return stay({ stateTimeoutMs: { ms: 50, arg: 'kept' } })
        if (n === 2) return stay({ stateTimeoutMs: { update: 'updated' } })
        await own.receive((message) => message === 'go on')
        return now.note('worked')
      },
    })
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    cast(self, ref, 'act', 2)
    await pass(self, 100)
    self.send(ref, 'go on')
    assert.equal(await timesOf(self, ref, 1), ['worked', 'stateTimeout updated'])
  }))

test('F12 one that has fired but not been handled is dropped when it is set anew', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: async (_now, n, _from, own) => {
        if (n === 0) return stay({ timeouts: { a: { ms: 50, arg: 'old' } } })
        await own.receive((message) => message === 'go on')
        return stay({ timeouts: { a: { ms: 50, arg: 'new' } } })
      },
    })
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    await pass(self, 100)
    self.send(ref, 'go on')
    assert.equal(await timesOf(self, ref, 49), [])
    assert.equal(await timesOf(self, ref, 2), ['a new'])
  }))

test('F11 generic timeouts are independent of states and events; a name has one', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: (now, n) => {
        if (n === 0) return stay({ timeouts: { a: { ms: 50, arg: 1 }, b: { ms: 60, arg: 1 } } })
        return n === 1 ? now.go('b', 'changed') : stay({ timeouts: { a: { ms: 50, arg: 2 } } })
      },
    })
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    await pass(self, 40)
    cast(self, ref, 'act', 2)
    assert.equal(await timesOf(self, ref, 51), ['changed', 'b 1', 'a 2'])
  }))

test('F12 setting replaces, Infinity and cancel stop, for every kind', () =>
  inTime(async (self) => {
    const kinds: ((set: TimeoutSetting<unknown>) => AnyOptions)[] = [
      (set) => ({ stateTimeoutMs: set }),
      (set) => ({ timeouts: { a: set } }),
    ]
    for (const kind of kinds) {
      const forever = Number.POSITIVE_INFINITY
      const options = [kind(10), kind({ ms: 30, arg: 2 }), kind(forever), kind('cancel')]
      for (const end of [2, 3]) {
        const ref = await setting(self, options)
        cast(self, ref, 'act', 0)
        cast(self, ref, 'act', 1)
        await pass(self, 20)
        assert.equal(await logOf(self, ref), [])
        cast(self, ref, 'act', end)
        assert.equal(await timesOf(self, ref, 100), [])
      }
    }
    const ref = await setting(self, [{ eventTimeoutMs: 10 }, { eventTimeoutMs: 'cancel' }])
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    assert.equal(await timesOf(self, ref, 100), [])
  }))

test('F12 an update changes the argument and keeps the time', () =>
  inTime(async (self) => {
    const ref = await setting(self, [
      { timeouts: { a: { ms: 50, arg: 'old' } }, stateTimeoutMs: { ms: 60, arg: 'old' } },
      { timeouts: { a: { update: 'new' } }, stateTimeoutMs: { update: 'new' } },
    ])
    cast(self, ref, 'act', 0)
    await pass(self, 40)
    cast(self, ref, 'act', 1)
    assert.equal(await timesOf(self, ref, 11), ['a new'])
    assert.equal(await timesOf(self, ref, 10), ['a new', 'stateTimeout new'])
  }))

test('F12 an update when none runs fires at once', () =>
  inTime(async (self) => {
    const ref = await setting(self, [
      { timeouts: { a: { update: 1 } }, stateTimeoutMs: { update: 2 } },
      { eventTimeoutMs: { update: 3 } },
    ])
    cast(self, ref, 'act', 0)
    assert.equal(await logOf(self, ref), ['a 1', 'stateTimeout 2'])
    cast(self, ref, 'act', 1)
    assert.equal(await logOf(self, ref), ['a 1', 'stateTimeout 2', 'eventTimeout 3'])
  }))

test('F12 an absolute time is of the monotonic clock; one that is past fires soon', () =>
  inTime(async (self) => {
    const nowMs = monotonicMs(self)
    const ref = await setting(self, [
      { timeouts: { a: { atMs: nowMs + 70, arg: 'a' }, b: { atMs: nowMs - 5, arg: 'past' } } },
    ])
    await pass(self, 30)
    cast(self, ref, 'act', 0)
    assert.equal(await timesOf(self, ref, 39), ['b past'])
    assert.equal(await timesOf(self, ref, 2), ['b past', 'a a'])
  }))

test('F12 of two settings of one timeout in a transition the last counts, that of enter', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: () => to('b', [], { timeouts: { a: { ms: 10, arg: 'of the event' } } }),
      enter: (now) =>
        stay(now.state === 'b' ? { timeouts: { a: { ms: 50, arg: 'of enter' } } } : {}),
    })
    cast(self, ref, 'act', 1)
    assert.equal(await timesOf(self, ref, 49), [])
    assert.equal(await timesOf(self, ref, 2), ['a of enter'])
  }))

test('F13 a timeout of 0 comes before mail that is waiting', () =>
  inTime(async (self) => {
    const ref = await setting(self, [{ stateTimeoutMs: { ms: 0, arg: 'now' } }])
    cast(self, ref, 'act', 0)
    cast(self, ref, 'note', 'mail')
    assert.equal(await logOf(self, ref), ['stateTimeout now', 'note mail'])
  }))

test('F13 several timeouts of 0 come in the order written', () =>
  inTime(async (self) => {
    const ref = await setting(self, [
      { timeouts: { b: { ms: 0, arg: 1 } }, stateTimeoutMs: { ms: 0, arg: 2 } },
      { stateTimeoutMs: { ms: 0, arg: 3 }, timeouts: { a: { ms: 0, arg: 4 } } },
    ])
    cast(self, ref, 'act', 0)
    cast(self, ref, 'act', 1)
    assert.equal(await logOf(self, ref), ['b 1', 'stateTimeout 2', 'stateTimeout 3', 'a 4'])
  }))

test('F13 an event timeout of 0 is cancelled by an event that comes first', () =>
  inTime(async (self) => {
    const ref = await setting(self, [
      { eventTimeoutMs: { ms: 0, arg: 1 } },
      { eventTimeoutMs: 0, next: [{ tag: 'internal', op: 'step', arg: 'first' }] },
      { timeouts: { a: { ms: 0, arg: 2 } }, eventTimeoutMs: 0 },
      { eventTimeoutMs: { ms: 0, arg: 3 }, timeouts: { a: { ms: 0, arg: 4 } } },
    ])
    for (const n of [0, 1, 2, 3]) cast(self, ref, 'act', n)
    const expected = ['eventTimeout 1', 'step first', 'a 2', 'eventTimeout 3', 'a 4']
    assert.equal(await logOf(self, ref), expected)
  }))

test('F13 a timeout of 0 that is replaced by a longer one waits for that', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      act: () =>
        stay({
          stateTimeoutMs: { ms: 0, arg: 'at once' },
          next: [{ tag: 'internal', op: 'step', arg: 'x' }],
        }),
      step: () => stay({ stateTimeoutMs: { ms: 50, arg: 'later' } }),
    })
    cast(self, ref, 'act', 1)
    assert.equal(await timesOf(self, ref, 49), [])
    assert.equal(await timesOf(self, ref, 2), ['stateTimeout later'])
  }))

test('F3 init may set timeouts, of 0 too', () =>
  inTime(async (self) => {
    const ref = await machine(self, {
      init: () => to('a', [], { stateTimeoutMs: { ms: 0, arg: 'first' }, timeouts: { a: 50 } }),
    })
    assert.equal(await logOf(self, ref), ['stateTimeout first'])
    assert.equal(await timesOf(self, ref, 51), ['stateTimeout first', 'a undefined'])
  }))

test('T6 a machine that ends leaves no timer behind', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await setting(self, [{ stateTimeoutMs: 3_600_000, timeouts: { a: 3_600_000 } }])
    await call(self, ref, 'log')
    cast(self, ref, 'act', 0)
    await call(self, ref, 'log')
    self.exit(ref, 'kill')
    await pass(self, 10)
  })
  while (world.advance()) assert.ok(world.nowMs < 3_600_000, 'a timer of the dead fired')
})

test('F2 a call takes 5 s unless told; callWithin waits as long as it is told', async () => {
  const { world, run } = virtualNode()
  await run(async (self) => {
    const ref = await machine(self, { act: () => stay() })
    const startMs = world.nowMs
    assert.is(await failureOf(call(self, ref, 'act', 1)), 'timeout')
    assert.ok(world.nowMs - startMs < 5_200)
    const answers = await machine(self, {
      act: (now) => (now.state === 'a' ? postpone() : stay({ reply: 'an hour later' })),
      init: () => to('a', [], { stateTimeoutMs: 3_600_000 }),
      stateTimeout: () => to('b', []),
    })
    const forever = Number.POSITIVE_INFINITY
    assert.is(await callWithin(self, forever, answers, 'act', 1), 'an hour later')
  })
})

test.run()

/**
 * What a state machine does with its events (rules F1, F4 to F8, F14): both callback modes, state
 * changes, the order of what follows a callback, postponed and inserted events, enter calls.
 */
import { isDown, type Reason, type Ref } from '../../../runtime/index.ts'
import {
  answer,
  call,
  cast,
  type From,
  genStatem,
  keep,
  postpone,
  repeat,
  replyTo,
  start,
  stay,
  stop,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess } from './one-node.ts'
import { endOf, logOf, machine, untyped } from './statem.ts'

const test = suite('otp: gen_statem')

test('F1 handlers by state: each state has its own, and what all have in common', () =>
  inProcess(async (self) => {
    type Light = { calls: { flip: () => string; name: () => string } }
    type Lights = { off: { readonly flips: number }; on: { readonly flips: number } }
    const Light = genStatem<Light, Lights>('light')({
      init: () => to('off', { flips: 0 }),
      states: {
        off: { calls: { flip: ({ flips }) => to('on', { flips: flips + 1 }, { reply: 'on' }) } },
        on: {
          calls: {
            flip: ({ flips }) => to('off', { flips }, { reply: `off ${flips}` }),
            name: () => stay({ reply: 'my own' }),
          },
        },
      },
      common: { calls: { name: (now) => stay({ reply: `in ${now.state}` }) } },
    })
    const started = await start(self, Light)
    if (started.tag !== 'ok') throw new Error('it starts')
    const light = started.pid
    assert.is(await call(self, light, 'name'), 'in off')
    assert.is(await call(self, light, 'flip'), 'on')
    assert.is(await call(self, light, 'name'), 'my own')
    assert.is(await call(self, light, 'flip'), 'off 1')
  }))

test('F1 one function for every event in every state', () =>
  inProcess(async (self) => {
    type Seen = {
      calls: { seen: () => readonly string[] }
      casts: { go: (n: number) => void }
      internal: { more: () => void }
      timeouts: { tick: (n: number) => void }
    }
    const Seen = genStatem<Seen, { one: readonly string[]; two: readonly string[] }>('seen')({
      init: () => to('one', []),
      operations: {
        calls: { seen: true },
        casts: { go: true },
        internal: { more: true },
        timeouts: { tick: true },
      },
      enter: (now, previous) => keep([...now.data, `enter ${now.state} from ${previous}`]),
      handleEvent: (now, event) => {
        const data = [...now.data, `${event.tag} ${String(event.arg)} in ${now.state}`]
        switch (event.tag) {
          case 'call':
            return stay({ replies: [answer(event.from, now.data)] })
          case 'cast':
            return to('two', data, { next: [{ tag: 'internal', op: 'more' }] })
          case 'internal':
            return keep(data, { timeouts: { tick: { ms: 0, arg: 7 } } })
          default:
            return keep(data)
        }
      },
    })
    const started = await start(self, Seen)
    if (started.tag !== 'ok') throw new Error('it starts')
    cast(self, started.pid, 'go', 3)
    self.send(started.pid, 'plain')
    assert.equal(await call(self, started.pid, 'seen'), [
      'enter one from one',
      'cast 3 in one',
      'enter two from one',
      'internal undefined in two',
      'timeout 7 in two',
      'info plain in two',
    ])
  }))

test('F1 a state that does not exist ends the machine with undef, in the state it was in', () =>
  inProcess(async (self) => {
    const told: unknown[] = []
    const module = genStatem<{ calls: { go: (to: string) => void } }, { a: number }>('states')({
      init: () => to('a', 1),
      states: { a: { calls: { go: (_data, goal) => to(untyped(goal), 2) } } },
      terminate: (reason, now) => {
        told.push(reason, now)
      },
    })
    for (const state of ['nowhere', 'toString', '__proto__']) {
      const started = await start(self, module)
      if (started.tag !== 'ok') throw new Error('it starts')
      const reason = { tag: 'undef', state }
      assert.equal(await failureOf(call(self, started.pid, 'go', state)), reason)
      assert.equal(told.splice(0), [reason, { state: 'a', data: 1 }])
    }
  }))

test('F4 inserted events may be of any kind', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: (now, n, from) =>
        n === 1
          ? now.note('act', {
              next: [
                { tag: 'internal', op: 'step', arg: 'i' },
                { tag: 'cast', op: 'note', arg: 'c' },
                { tag: 'info', arg: 'm' },
                { tag: 'stateTimeout', arg: 's' },
                { tag: 'eventTimeout', arg: 'e' },
                { tag: 'timeout', op: 'a', arg: 't' },
                { tag: 'call', op: 'act', arg: 2, from: from ?? untyped(null) },
              ],
            })
          : now.note('asked', { reply: 'answered' }),
    })
    assert.is(await call(self, ref, 'act', 1), 'answered')
    assert.equal(await logOf(self, ref), [
      'act',
      'step i',
      'note c',
      'info m',
      'stateTimeout s',
      'eventTimeout e',
      'a t',
      'asked',
    ])
  }))

test('F5 a bad return ends the machine, and its caller hears why', () =>
  inProcess(async (self) => {
    const bad: [unknown, string][] = [
      ['a string', '"a string"'],
      [undefined, 'undefined'],
      [{ tag: 'to', state: 'b' }, 'object with keys tag, state'],
    ]
    for (const [value, got] of bad) {
      for (const act of [() => value, async () => value]) {
        const ref = await machine(self, { act: () => untyped(act()) })
        assert.equal(await failureOf(call(self, ref, 'act', 1)), { tag: 'badReturnValue', got })
      }
    }
  }))

test('F5 outcomes of a server are bad returns of a machine', () =>
  inProcess(async (self) => {
    const { next, reply, stopReply } = await import('../../../stdlib/index.ts')
    const outcomes: [unknown, string][] = [
      [reply(1, null), 'Reply'],
      [next(null), 'Next'],
      [stopReply('x', 1, null), 'StopReply'],
    ]
    for (const [outcome, got] of outcomes) {
      const ref = await machine(self, { act: () => untyped(outcome) })
      assert.equal(await failureOf(call(self, ref, 'act', 1)), { tag: 'badReturnValue', got })
    }
  }))

test('F5 a thrown outcome counts as returned, sync and async', () =>
  inProcess(async (self) => {
    const thrown = (): never => {
      throw stay({ reply: 'thrown' })
    }
    for (const act of [thrown, async () => thrown()]) {
      const ref = await machine(self, { act: () => untyped(act()) })
      assert.is(await call(self, ref, 'act', 1), 'thrown')
      assert.is(await call(self, ref, 'act', 2), 'thrown')
    }
  }))

test('F5 a crash in a handler is the reason of machine and caller', () =>
  inProcess(async (self) => {
    const crash = (): never => {
      throw new Error('handler')
    }
    for (const act of [crash, async () => crash()]) {
      const ref = await machine(self, { act: () => untyped(act()) })
      const monitor = self.monitor(ref)
      const seen = await failureOf(call(self, ref, 'act', 1))
      assert.equal(errorOf(seen), ['error', 'Error', 'handler'])
      assert.equal(errorOf((await self.receive(isDown(monitor))).reason), errorOf(seen))
    }
  }))

test('F5 a bad option names its field, and is the mistake of the machine', () =>
  inProcess(async (self) => {
    const bad: [object, RegExp][] = [
      [{ replies: 1 }, /replies: expected an array, got 1/],
      [{ replies: [1] }, /replies\[0\]: expected what answer\(from, value\) returns, got 1/],
      [{ next: 'x' }, /next: expected an array, got "x"/],
      [{ next: [null] }, /next\[0\]: expected an event, got null/],
      [{ next: [{ tag: 'enter' }] }, /next\[0\]\.tag: expected one of .*, got "enter"/],
      [{ next: [{ tag: 'cast' }] }, /next\[0\]\.op: expected a name, got ""/],
      [{ next: [{ tag: 'call', op: 'act' }] }, /next\[0\]\.from: expected the from of a call/],
      [{ postpone: 1 }, /postpone: expected a boolean, got 1/],
      [{ stateTimeoutMs: -1 }, /stateTimeoutMs: expected 0 to .*, got -1/],
      [{ eventTimeoutMs: 'soon' }, /eventTimeoutMs: expected milliseconds.*, got "soon"/],
      [{ timeouts: { a: { ms: Number.NaN } } }, /timeouts\.a: expected 0 to .*, got NaN/],
      [{ timeouts: { a: { atMs: 'noon' } } }, /timeouts\.a\.atMs: expected .*, got "noon"/],
      [{ timeouts: 5 }, /timeouts: expected an object, got 5/],
      [{ repy: 5 }, /there is no option 'repy'/],
    ]
    for (const [options, message] of bad) {
      const ref = await machine(self, { act: () => stay(untyped(options)) })
      const reason = await failureOf(call(self, ref, 'act', 1))
      assert.match(String(errorOf(reason)), message)
    }
  }))

test('F5 a reply that cannot be sent is the mistake of the machine', () =>
  inProcess(async (self) => {
    const ref = await machine(self, { act: () => stay({ reply: untyped(() => 1) }) })
    const reason = await failureOf(call(self, ref, 'act', 1))
    assert.match(String(errorOf(reason)), /reply: function cannot be sent/)
  }))

test('F5 a reply where nobody waits ends the machine', () =>
  inProcess(async (self) => {
    const ref = await machine(self, { note: () => stay(untyped({ reply: 1 })) })
    const reason = await endOf(self, ref, () => cast(self, ref, 'note', 'x'))
    assert.equal(reason, { tag: 'badAction', action: 'reply', state: 'a' })
  }))

test('F6 going to the present state changes nothing: no enter call, no retry', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      enter: (now) => now.note(`enter ${now.state}`),
      act: (now, n) => now.go(n === 1 ? 'a' : 'b', `act ${n}`),
      note: (now, what) => (now.state === 'a' ? postpone() : now.note(what)),
    })
    cast(self, ref, 'note', 'waited')
    cast(self, ref, 'act', 1)
    cast(self, ref, 'act', 2)
    assert.equal(await logOf(self, ref), ['enter a', 'act 1', 'act 2', 'enter b', 'waited'])
  }))

test('F7 replies, enter call, inserted, retried, timeouts of 0, then the mailbox', () =>
  inProcess(async (self) => {
    const order: string[] = []
    const ref = await machine(self, {
      enter: (now) => {
        if (now.state === 'a') return stay()
        order.push('enter')
        return stay({ timeouts: { b: 0 } })
      },
      note: (now, what) => {
        if (now.state === 'a' && what.startsWith('later')) return postpone()
        order.push(what)
        return stay()
      },
      act: (_now, n, from) => {
        if (n === 1 || from === null) return stay({ reply: order })
        return to('b', [], {
          reply: 'first',
          replies: [answer(from, 'second')],
          next: [
            { tag: 'cast', op: 'note', arg: 'inserted 1' },
            { tag: 'cast', op: 'note', arg: 'inserted 2' },
          ],
          timeouts: { a: 0 },
        })
      },
      a: () => {
        order.push('a')
        return stay()
      },
      b: () => {
        order.push('b')
        return stay()
      },
    })
    cast(self, ref, 'note', 'later 1')
    cast(self, ref, 'note', 'later 2')
    const asked = call(self, ref, 'act', 2)
    cast(self, ref, 'note', 'mail')
    assert.is(await asked, 'first', 'of two replies the first counts')
    assert.equal(await call(self, ref, 'act', 1), [
      'enter',
      'inserted 1',
      'inserted 2',
      'later 1',
      'later 2',
      'a',
      'b',
      'mail',
    ])
  }))

test('F7 events inserted by an inserted event come before those inserted with it', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      step: (now, arg) =>
        now.note(arg, {
          next: arg.length < 3 ? [step(`${arg}1`), step(`${arg}2`)] : [],
        }),
      act: () => stay({ next: [step('a'), step('b')] }),
    })
    cast(self, ref, 'act', 1)
    const tree = (name: string): string[] => [
      name,
      `${name}1`,
      `${name}11`,
      `${name}12`,
      `${name}2`,
      `${name}21`,
      `${name}22`,
    ]
    assert.equal(await logOf(self, ref), [...tree('a'), ...tree('b')])
  }))

function step(arg: string): { tag: 'internal'; op: 'step'; arg: string } {
  return { tag: 'internal', op: 'step', arg }
}

test('F7 the replies of an outcome are sent before an async enter call has ended', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      enter: async (now, own) => {
        if (now.state === 'b') await own.receive((message) => message === 'release')
        return stay()
      },
      act: () => to('b', [], { reply: 'at once' }),
    })
    assert.is(await call(self, ref, 'act', 1), 'at once')
    self.send(ref, 'release')
    assert.equal(await logOf(self, ref), [])
  }))

test('F8 a postponed event waits for a change of state, and keeps its place', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      note: (now, what) => (now.state === 'a' ? postpone() : now.note(what)),
      act: (now, n) => {
        if (n === 0) return keep([...now.data, 'kept'])
        return n === 1 ? repeat([...now.data, 'repeated']) : now.go('b', 'changed')
      },
    })
    for (const what of ['1', '2', '3']) cast(self, ref, 'note', what)
    for (const n of [0, 1, 2]) cast(self, ref, 'act', n)
    cast(self, ref, 'note', '4')
    assert.equal(await logOf(self, ref), ['kept', 'repeated', 'changed', '1', '2', '3', '4'])
  }))

test('F8 an event may be postponed and change the state: it is retried there', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      note: (now, what) =>
        now.state === 'a' ? to('b', [...now.data, 'first'], { postpone: true }) : now.note(what),
    })
    cast(self, ref, 'note', 'again')
    assert.equal(await logOf(self, ref), ['first', 'again'])
  }))

test('F8 an event postponed again keeps its place among the others', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      note: (now, what) => {
        if (now.state === 'a' || (now.state === 'b' && what !== 'odd')) return postpone()
        return now.note(what)
      },
      act: (now, n) => now.go(n === 1 ? 'b' : 'c', `to ${n}`),
    })
    for (const what of ['1', 'odd', '2']) cast(self, ref, 'note', what)
    cast(self, ref, 'act', 1)
    cast(self, ref, 'act', 2)
    assert.equal(await logOf(self, ref), ['to 1', 'odd', 'to 2', '1', '2'])
  }))

test('F8 a postponed call is answered when its time has come', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: (now) => (now.state === 'a' ? postpone() : stay({ reply: now.state })),
      note: (now) => now.go('b', 'open'),
    })
    const asked = call(self, ref, 'act', 1)
    cast(self, ref, 'note', 'open')
    assert.is(await asked, 'b')
  }))

test('F14 enter calls: at the start, on every change, on every repeat', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      enter: (now, _self, previous) => now.note(`enter ${now.state} from ${previous}`),
      act: (now, n) => {
        if (n === 0) return now.note('keep')
        return n === 1 ? now.go('b', 'go') : repeat([...now.data, 'repeat'])
      },
    })
    for (const n of [0, 1, 2]) cast(self, ref, 'act', n)
    assert.equal(await logOf(self, ref), [
      'enter a from a',
      'keep',
      'go',
      'enter b from a',
      'repeat',
      'enter b from b',
    ])
  }))

test('F14 repeat within an enter call calls it again, and it still comes from the same state', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      enter: (now, _self, previous) => {
        const data = [...now.data, `enter ${now.state} from ${previous}`]
        return now.state === 'b' && data.length < 4 ? repeat(data) : keep(data)
      },
      act: (now) => to('b', now.data),
    })
    cast(self, ref, 'act', 1)
    assert.equal(await logOf(self, ref), [
      'enter a from a',
      'enter b from a',
      'enter b from a',
      'enter b from a',
    ])
  }))

test('F14 an enter call may reply to a call of before', () =>
  inProcess(async (self) => {
    const waiting: From<unknown>[] = []
    const ref = await machine(self, {
      enter: (now) =>
        stay({ replies: now.state === 'b' ? waiting.map((to) => answer(to, 1)) : [] }),
      act: (_now, _n, from) => {
        if (from !== null) waiting.push(from)
        return stay()
      },
      note: (now) => now.go('b', 'go'),
    })
    const asked = call(self, ref, 'act', 1)
    cast(self, ref, 'note', 'go')
    assert.is(await asked, 1)
  }))

test('F14 an enter call may not change the state, postpone, insert or answer', () =>
  inProcess(async (self) => {
    const bad: [unknown, string][] = [
      [to('a', []), 'to'],
      [postpone(), 'postpone'],
      [stay({ postpone: true }), 'postpone'],
      [stay({ next: [{ tag: 'cast', op: 'note', arg: 'x' }] }), 'next'],
      [stay({ reply: 1 }), 'reply'],
    ]
    for (const [outcome, action] of bad) {
      const ref = await machine(self, {
        enter: (now) => (now.state === 'b' ? untyped(outcome) : stay()),
        act: () => to('b', []),
      })
      const reason = await failureOf(call(self, ref, 'act', 1))
      assert.equal(reason, { tag: 'badAction', action, state: 'b' })
    }
  }))

test('F14 an enter call may stay where it is by name, keep, and stop', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      enter: (now) => (now.state === 'b' ? to('b', ['entered']) : stay()),
      act: (now, n) => (n === 1 ? to('b', now.data) : stay()),
    })
    cast(self, ref, 'act', 1)
    assert.equal(await logOf(self, ref), ['entered'])
    const stops = await machine(self, {
      enter: (now) => (now.state === 'b' ? stop('refused') : stay()),
      act: () => to('b', []),
    })
    assert.is(await endOf(self, stops, () => cast(self, stops, 'act', 1)), 'refused')
  }))

test('G8 one event at a time, also when a handler is async: inserted events do not overtake', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: async (now, n, _from, own) => {
        await own.yield()
        return now.note(`act ${n}`, { next: [step(`of ${n}`)] })
      },
      step: async (now, arg, own) => {
        await own.yield()
        return now.note(arg)
      },
    })
    for (const n of [1, 2]) cast(self, ref, 'act', n)
    assert.equal(await logOf(self, ref), ['act 1', 'of 1', 'act 2', 'of 2'])
  }))

test('G8 a call is answered later, from anywhere', () =>
  inProcess(async (self) => {
    const waiting: From<unknown>[] = []
    const ref = await machine(self, {
      act: (_now, _n, from) => {
        if (from !== null) waiting.push(from)
        return stay()
      },
    })
    const asked = call(self, ref, 'act', 1)
    assert.equal(await logOf(self, ref), [])
    for (const from of waiting) replyTo(self, from, 'late')
    assert.is(await asked, 'late')
  }))

test('P1 a machine that inserts events without end leaves others their turn', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      step: () => stay({ next: [step('for ever')] }),
      act: () => stay({ next: [step('for ever')] }),
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

test.run()

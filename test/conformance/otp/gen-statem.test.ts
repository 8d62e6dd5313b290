/**
 * What the callbacks of a state machine are and may return (rules F1, F4, F5): both callback modes,
 * events of every kind, bad returns and options, async handlers one at a time.
 */
import { isDown } from '../../../runtime/index.ts'
import {
  answer,
  call,
  cast,
  type From,
  genStatem,
  keep,
  replyTo,
  start,
  stay,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { errorOf, failureOf, inProcess } from './one-node.ts'
import { endOf, logOf, machine, stepOf, untyped } from './statem.ts'

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

test('G8 one event at a time, also when a handler is async: inserted events do not overtake', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      act: async (now, n, _from, own) => {
        await own.yield()
        return now.note(`act ${n}`, { next: [stepOf(`of ${n}`)] })
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

test.run()

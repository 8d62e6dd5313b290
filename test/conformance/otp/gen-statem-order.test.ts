/**
 * What follows a callback, and in which order (rules F6 to F8, F14): state changes, replies, enter
 * calls, inserted and postponed events.
 */
import {
  answer,
  call,
  cast,
  type From,
  keep,
  postpone,
  repeat,
  stay,
  stop,
  to,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { failureOf, inProcess } from './one-node.ts'
import { endOf, logOf, machine, stepOf, untyped } from './statem.ts'

const test = suite('otp: gen_statem order')

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
          next: arg.length < 3 ? [stepOf(`${arg}1`), stepOf(`${arg}2`)] : [],
        }),
      act: () => stay({ next: [stepOf('a'), stepOf('b')] }),
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

test('F8 what its event postponed stays so, whatever the enter call asks for', () =>
  inProcess(async (self) => {
    const ref = await machine(self, {
      note: (now, what) =>
        now.state === 'a' ? to('b', [...now.data, 'first'], { postpone: true }) : now.note(what),
      enter: (now) => stay(now.state === 'b' ? { timeouts: { a: { ms: 0, arg: 'late' } } } : {}),
    })
    cast(self, ref, 'note', 'again')
    assert.equal(await logOf(self, ref), ['first', 'again', 'a late'])
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

test.run()

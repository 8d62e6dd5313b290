/**
 * The mailbox against a plain list, under any sequence of operations. The list also knows how far
 * a waiting receive has looked, so that `onlyNew` is checked by which messages its predicate sees.
 */
import fc from 'fast-check'
import { empty, Mailbox } from '../../runtime/mailbox.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('mailbox model')

/** What the mailbox must be: messages in order, and how many of them a failed look has seen. */
class Model {
  messages: number[] = []
  seen = 0

  shift(): unknown {
    if (this.messages.length > 0) this.seen = 0
    return this.messages.shift() ?? empty
  }

  take(matches: (message: number) => boolean, onlyNew: boolean): unknown {
    const from = onlyNew ? this.seen : 0
    const at = this.messages.findIndex((message, index) => index >= from && matches(message))
    this.seen = at < 0 ? this.messages.length : 0
    return at < 0 ? empty : this.messages.splice(at, 1)[0]
  }
}

type Real = { readonly mailbox: Mailbox; next: number }
type Step = (model: Model, real: Real) => void

function same(model: Model, { mailbox }: Real): void {
  assert.is(mailbox.messageCount, model.messages.length)
  assert.is(mailbox.hasMail, model.messages.length > 0)
  assert.is(mailbox.allSeen, model.seen === model.messages.length)
}

function pushes(count: number): Step {
  return (model, real) => {
    for (let i = 0; i < count; i++) {
      model.messages.push(real.next)
      real.mailbox.push(real.next)
      real.next++
      same(model, real)
    }
  }
}

function shifts(count: number): Step {
  return (model, real) => {
    for (let i = 0; i < count; i++) {
      assert.is(real.mailbox.shift(), model.shift())
      same(model, real)
    }
  }
}

function takes(modulus: number, rest: number, onlyNew: boolean, count: number): Step {
  return (model, real) => {
    for (let i = 0; i < count; i++) {
      const looked: unknown[] = []
      const expected: number[] = []
      const wanted = (message: number): boolean => message % modulus === rest % modulus
      const answer = model.take((message) => {
        expected.push(message)
        return wanted(message)
      }, onlyNew)
      const taken = real.mailbox.take((message) => {
        looked.push(message)
        return typeof message === 'number' && wanted(message)
      }, onlyNew)
      assert.is(taken, answer)
      assert.equal(looked, expected, 'the predicate saw other messages')
      same(model, real)
    }
  }
}

/** As `deliver` does with a message that a waiting receive was offered and did not want. */
const pushSeen: Step = (model, real) => {
  if (!real.mailbox.allSeen) return
  model.messages.push(real.next)
  model.seen = model.messages.length
  real.mailbox.pushSeen(real.next)
  real.next++
  same(model, real)
}

const rewind: Step = (model, real) => {
  model.seen = 0
  real.mailbox.rewind()
}

const drain: Step = (model, real) => {
  assert.equal(real.mailbox.drain(), model.messages)
  model.messages = []
  model.seen = 0
  same(model, real)
}

function named(step: Step, name: string): Step {
  return Object.assign(step, { toString: () => name })
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.integer({ min: 1, max: 5 }).map((n) => named(pushes(n), `push ${n}`)),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 33, max: 300 }).map((n) => named(pushes(n), `push ${n}`)),
    },
    {
      weight: 4,
      arbitrary: fc.integer({ min: 1, max: 6 }).map((n) => named(shifts(n), `shift ${n}`)),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 30, max: 200 }).map((n) => named(shifts(n), `shift ${n}`)),
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(
          fc.constantFrom(1, 2, 3, 7, 50, 1_000_003),
          fc.nat(60),
          fc.boolean(),
          fc.constantFrom(1, 1, 2, 40),
        )
        .map(([m, r, onlyNew, n]) =>
          named(takes(m, r, onlyNew, n), `take ${m},${r},${onlyNew} x${n}`),
        ),
    },
    { weight: 3, arbitrary: fc.constant(named(pushSeen, 'push seen')) },
    { weight: 1, arbitrary: fc.constant(named(rewind, 'rewind')) },
    { weight: 1, arbitrary: fc.constant(named(drain, 'drain')) },
  ),
  { maxLength: 40 },
)

test('every sequence of operations does what a list does', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const model = new Model()
      const real: Real = { mailbox: new Mailbox(), next: 0 }
      for (const step of sequence) step(model, real)
      assert.equal(real.mailbox.drain(), model.messages)
    }),
    { numRuns: 600 },
  )
})

test('a waiting receive sees each message of a long backlog once', () => {
  const mailbox = new Mailbox()
  const looks = new Map<unknown, number>()
  const never = (message: unknown): boolean => {
    looks.set(message, (looks.get(message) ?? 0) + 1)
    return false
  }
  for (let i = 0; i < 5_000; i++) {
    mailbox.push(i)
    assert.is(mailbox.take(never, true), empty)
  }
  assert.is(looks.size, 5_000)
  assert.equal([...new Set(looks.values())], [1])
})

test('taking every message from the middle, last first, keeps the others in order', () => {
  const mailbox = new Mailbox()
  const count = 3_000
  for (let i = 0; i < count; i++) mailbox.push(i)
  for (let i = count - 1; i > 0; i -= 2) {
    assert.is(
      mailbox.take((message) => message === i, false),
      i,
    )
  }
  const left = mailbox.drain()
  assert.equal(
    left,
    Array.from({ length: count / 2 }, (_, i) => 2 * i),
  )
})

test('looking through a long backlog for each of its messages stays linear in holes', () => {
  const mailbox = new Mailbox()
  const count = 4_000
  let looks = 0
  for (let i = 0; i < count; i++) mailbox.push(i)
  // Head first: were the holes in front kept, each look would pass over all of them.
  for (let i = 0; i < count; i++) {
    const taken = mailbox.take((message) => {
      looks++
      return message === i
    }, false)
    assert.is(taken, i)
  }
  assert.is(looks, count)
})

test('a message may be undefined, null or false', () => {
  const mailbox = new Mailbox()
  for (const message of [undefined, null, false, 0, '']) mailbox.push(message)
  assert.is(mailbox.messageCount, 5)
  assert.equal(mailbox.drain(), [undefined, null, false, 0, ''])
  assert.is(mailbox.shift(), empty)
})

test('a predicate that throws takes nothing', () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < 3; i++) mailbox.push(i)
  const failing = (message: unknown): boolean => {
    if (message === 2) throw new Error('bad predicate')
    return false
  }
  assert.throws(() => mailbox.take(failing, false), 'bad predicate')
  assert.equal(mailbox.drain(), [0, 1, 2])
})

test.run()

/** Reasons made of anything that can be thrown, and their text: neither may ever throw. */
import {
  BadArgument,
  Exit,
  exit,
  formatReason,
  isOrderly,
  isReason,
  type Reason,
  reasonOfThrown,
  withoutStack,
} from '../../../runtime/exit.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('exit reasons')

function fails(): never {
  throw new Error('hostile')
}

class HostileError extends Error {
  override get message(): string {
    return fails()
  }
}

class OddError extends Error {
  override readonly name = Object.create(null)
  override readonly message = Object.create(null)
  override readonly stack = Object.create(null)
}

const trapped = new Proxy(
  {},
  {
    get: fails,
    has: fails,
    getPrototypeOf: fails,
    ownKeys: fails,
    getOwnPropertyDescriptor: fails,
  },
)
const revocable = Proxy.revocable({}, {})
revocable.revoke()

const hostile: Readonly<Record<string, unknown>> = {
  'toString throws': { toString: fails },
  'toJSON throws': { toJSON: fails },
  'Symbol.toPrimitive throws': { [Symbol.toPrimitive]: fails },
  'null prototype': Object.create(null),
  'a proxy that throws at everything': trapped,
  'a revoked proxy': revocable.proxy,
  'an Error whose message throws': new HostileError(),
  'an Error of odd fields': new OddError(),
  'a symbol': Symbol('odd'),
  'a function': fails,
  undefined: undefined,
  'a bigint': 12n,
  NaN: Number.NaN,
}

for (const [what, thrown] of Object.entries(hostile)) {
  test(`thrown: ${what}`, () => {
    const reason = reasonOfThrown(thrown)
    assert.ok(isReason(reason))
    assert.type(formatReason(reason), 'string')
    // Plain data all the way down: it is going to be sent.
    assert.equal(structuredClone(reason), reason)
  })
}

test('an Error becomes data with its stack', () => {
  const error = new RangeError('too far')
  assert.equal(reasonOfThrown(error), {
    tag: 'error',
    name: 'RangeError',
    message: 'too far',
    stack: error.stack,
  })
})

test('an Exit gives its reason verbatim', () => {
  const reason: Reason = { tag: 'shutdown', detail: [1] }
  assert.is(reasonOfThrown(new Exit(reason)), reason)
  assert.is(reasonOfThrown(new Exit('kill')), 'kill')
})

test('other values are wrapped as nocatch', () => {
  for (const value of ['text', 4, true, null]) {
    assert.equal(reasonOfThrown(value), { tag: 'nocatch', value })
  }
  assert.equal(reasonOfThrown({ tag: 'data' }), { tag: 'nocatch', value: '[object Object]' })
})

test('an outcome holds its reason', () => {
  assert.is(exit('done').reason, 'done')
})

test('orderly ends are normal, shutdown and shutdown with detail, nothing else', () => {
  const orderly: Reason[] = ['normal', 'shutdown', { tag: 'shutdown', detail: 1 }]
  const others: Reason[] = ['kill', 'killed', 'noproc', { tag: 'normal' }, { tag: 'error' }]
  assert.equal([...orderly, ...others].filter(isOrderly), orderly)
})

test('every reason has a text', () => {
  const cyclic: { tag: string; self?: unknown } = { tag: 'cyclic' }
  cyclic.self = cyclic
  const reasons: [Reason, RegExp][] = [
    ['noproc', /^noproc$/],
    [{ tag: 'error', name: 'Error', message: 'bad' }, /^Error: bad$/],
    [{ tag: 'error', name: { toString: fails }, message: Object.create(null) }, /error/],
    [{ tag: 'taken', name: 'x' }, /taken.*x/],
    [{ tag: 'big', n: 1n }, /big/],
    [cyclic, /cyclic/],
    [{ tag: 'mute', toJSON: () => undefined }, /mute/],
    [{ tag: 'odd', toJSON: fails }, /odd/],
  ]
  for (const [reason, text] of reasons) {
    assert.type(formatReason(reason), 'string')
    assert.match(formatReason(reason), text)
  }
})

test('withoutStack drops stacks and keeps the rest', () => {
  const reason: Reason = { tag: 'error', name: 'Error', message: 'bad', stack: 'at secret.ts:1' }
  assert.equal(withoutStack(reason), { tag: 'error', name: 'Error', message: 'bad' })
  assert.is(withoutStack('normal'), 'normal')
  const plain: Reason = { tag: 'taken', name: 'x' }
  assert.equal(withoutStack(plain), plain)
  assert.ok('stack' in reason, 'the reason of this node keeps its stack')
})

test('withoutStack reaches reasons within reasons', () => {
  const inner: Reason = { tag: 'error', name: 'Error', message: 'bad', stack: 'at secret.ts:1' }
  const outer: Reason = {
    tag: 'shutdown',
    detail: { tag: 'failedToStart', child: 'c', reason: inner },
  }
  assert.not.match(JSON.stringify(withoutStack(outer)), 'secret')
  assert.match(JSON.stringify(withoutStack(outer)), 'bad')
})

test('isReason accepts strings and tagged objects only', () => {
  for (const value of ['x', { tag: 'x' }]) assert.ok(isReason(value))
  for (const value of [null, undefined, 1, {}, { tag: 1 }, [], Symbol('x')]) {
    assert.not(isReason(value))
  }
})

test('an Exit says what failed and why', () => {
  assert.is(new Exit('noproc', "call 'get' failed").message, "call 'get' failed: noproc")
  assert.is(new Exit('noproc').message, 'noproc')
  assert.instance(new BadArgument('x'), Error)
})

test.run()

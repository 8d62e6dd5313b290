/**
 * What checked mode does to a message: plain data frozen in place, mutable containers copied at
 * any depth, everything that could not cross a node refused by its path.
 */
import { BadArgument } from '../../../runtime/exit.ts'
import { RemoteReference } from '../../../runtime/identifier.ts'
import { limits } from '../../../runtime/limits.ts'
import { prepare } from '../../../runtime/term.ts'
import { assert, suite } from '../../support/harness.ts'

const test = suite('prepare')

function refusal(value: unknown): string {
  try {
    prepare(value, 'message')
  } catch (error) {
    if (error instanceof BadArgument) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

test('scalars pass as they are', () => {
  for (const value of [null, undefined, true, 0, -0, Number.NaN, 1n, 'text']) {
    assert.ok(Object.is(prepare(value, 'message'), value))
  }
})

test('plain objects and arrays are frozen in place, all the way down', () => {
  const message = { list: [1, { deep: [Number.NaN] }], empty: {}, none: [] }
  assert.is(prepare(message, 'message'), message)
  for (const part of [message, message.list, message.list[1], message.empty, message.none]) {
    assert.ok(Object.isFrozen(part))
  }
  const { deep } = message.list[1] as { deep: number[] }
  assert.ok(Object.isFrozen(deep))
})

test('an array that holds NaN is frozen in place too', () => {
  const list = [Number.NaN]
  assert.is(prepare(list, 'message'), list)
})

test('Map, Set and bytes are copied at any depth, with their surroundings', () => {
  const map = new Map([['k', [1]]])
  const set = new Set([{ a: 1 }])
  const bytes = Uint8Array.of(1, 2)
  const untouched = { a: 1 }
  const message = { deep: [{ map }, { set }], bytes, untouched }
  const sent = prepare(message, 'message') as typeof message
  assert.is.not(sent, message)
  assert.equal(sent, message)
  assert.ok(Object.isFrozen(sent) && Object.isFrozen(sent.deep) && Object.isFrozen(sent.deep[0]))
  assert.is(sent.untouched, untouched)
  map.set('k', [9])
  map.set('more', [])
  set.clear()
  bytes[0] = 9
  assert.equal([...(sent.deep[0] as { map: typeof map }).map], [['k', [1]]])
  assert.equal([...(sent.deep[1] as { set: typeof set }).set], [{ a: 1 }])
  assert.equal(sent.bytes, Uint8Array.of(1, 2))
})

test('Map in Map, Set in Map, and Map as a key are copied', () => {
  const inner = new Map([['x', 1]])
  const key = new Map([['key', true]])
  const set = new Set(['s'])
  const outer = new Map<unknown, unknown>([
    ['inner', inner],
    [key, set],
  ])
  const sent = prepare(outer, 'message') as Map<unknown, unknown>
  inner.clear()
  key.clear()
  set.clear()
  const [first, second] = [...sent]
  assert.equal(first, ['inner', new Map([['x', 1]])])
  assert.equal(second, [new Map([['key', true]]), new Set(['s'])])
})

test('frozen data that holds a Map is still copied', () => {
  const map = new Map([['k', 1]])
  const message = Object.freeze({ list: Object.freeze([map]) })
  const sent = prepare(message, 'message') as typeof message
  map.clear()
  assert.equal([...sent.list[0]!], [['k', 1]])
  assert.ok(Object.isFrozen(sent) && Object.isFrozen(sent.list))
})

test('a Buffer is copied, not shared, and arrives as a Uint8Array', () => {
  const buffer = Buffer.from([1, 2, 3])
  const sent = prepare({ buffer }, 'message') as { buffer: Uint8Array }
  buffer[0] = 9
  assert.equal([...sent.buffer], [1, 2, 3])
  assert.is(Object.getPrototypeOf(sent.buffer), Uint8Array.prototype)
})

test('a view of a larger buffer does not carry it along', () => {
  const large = new Uint8Array(1_000_000)
  const sent = prepare(large.subarray(5, 10), 'message') as Uint8Array
  assert.is(sent.buffer.byteLength, 5)
})

test('shared references that are no cycle are fine', () => {
  const shared = { x: 1 }
  const message = { a: shared, b: [shared, shared], c: new Map([['d', shared]]) }
  assert.equal(prepare(message, 'message'), message)
})

test('sparse arrays keep their length and holes', () => {
  const list: unknown[] = [1]
  list[3] = new Set([2])
  const sent = prepare(list, 'message') as unknown[]
  assert.is(sent.length, 4)
  assert.not(1 in sent)
  assert.equal(sent[3], new Set([2]))
})

test('objects without a prototype are plain data', () => {
  const bare = Object.assign(Object.create(null), { a: new Set([1]) })
  const sent = prepare(bare, 'message') as { a: Set<number> }
  assert.equal([...sent.a], [1])
})

test('an own __proto__ key stays an own key', () => {
  const message = JSON.parse('{"__proto__": {"polluted": 1}, "other": 0}')
  message.other = new Set([1])
  Object.defineProperty(message, '__proto__', {
    value: { polluted: new Set([1]) },
    enumerable: true,
    writable: true,
    configurable: true,
  })
  const sent = prepare(message, 'message') as object
  assert.ok(Object.hasOwn(sent, '__proto__'))
  assert.is(Object.getPrototypeOf(sent), Object.prototype)
  assert.not('polluted' in sent)
})

test('references pass by identity', () => {
  const ref = new RemoteReference({ node: 'b@host', creation: 1, id: 2 })
  assert.is((prepare([ref], 'message') as unknown[])[0], ref)
  assert.not(Object.isFrozen(ref))
})

class Money {
  readonly amount = 1
}

test('what cannot be sent is refused with its path', () => {
  const cases: [unknown, RegExp][] = [
    [() => 1, /^message: (a )?function cannot be sent$/],
    [Symbol('s'), /^message: (a )?symbol cannot be sent$/],
    [{ a: [0, { b: () => 1 }] }, /^message\.a\[1\]\.b: a function cannot be sent$/],
    [{ a: Symbol('s') }, /^message\.a: a symbol cannot be sent$/],
    [{ a: new Money() }, /^message\.a: an instance of Money cannot be sent$/],
    [{ when: new Date(0) }, /^message\.when: an instance of Date cannot be sent$/],
    [[Promise.resolve()], /^message\[0\]: an instance of Promise cannot be sent$/],
    [{ e: new Error('x') }, /^message\.e: an instance of Error cannot be sent$/],
    [[/x/], /^message\[0\]: an instance of RegExp cannot be sent$/],
    [[new WeakMap()], /^message\[0\]: an instance of WeakMap cannot be sent$/],
    [[new Float64Array(1)], /^message\[0\]: an instance of Float64Array cannot be sent$/],
    [[new (class Stack extends Array {})()], /^message\[0\]: an instance of Stack cannot be sent$/],
    [[new ArrayBuffer(1)], /^message\[0\]: an instance of ArrayBuffer cannot be sent$/],
    [new Map([['k', () => 1]]), /^message\.get\(k\): a function cannot be sent$/],
    [new Map([[() => 1, 'v']]), /^message\.keys\(\): a function cannot be sent$/],
    [new Set([Symbol('s')]), /^message\.values\(\): a symbol cannot be sent$/],
    [{ a: { b: [[new Map([[1, { c: () => 1 }]])]] } }, /^message\.a\.b\[0\]\[0\]\.get\(1\)\.c: /],
  ]
  for (const [value, expected] of cases) assert.match(refusal(value), expected)
})

test('hostile constructors do not hide the path', () => {
  const odd = Object.create({
    get constructor(): unknown {
      throw new Error('hostile')
    },
  })
  assert.match(refusal({ odd }), /^message\.odd: /)
  assert.match(
    refusal({ odd: Object.create({ constructor: { name: Symbol('x') } }) }),
    /^message\.odd: /,
  )
})

test('keys that have no text do not hide the path', () => {
  const bare = Object.create(null)
  assert.match(
    refusal(new Map([[bare, () => 1]])),
    /^message\.get\(.*\): a function cannot be sent$/,
  )
  assert.match(
    refusal(new Map([[[bare], () => 1]])),
    /^message\.get\(.*\): a function cannot be sent$/,
  )
  assert.equal(prepare(new Map([[bare, 1]]), 'message'), new Map([[bare, 1]]))
})

test('cycles are refused where they close', () => {
  const object: { self?: unknown } = {}
  object.self = object
  assert.match(refusal(object), /^message\.self: cyclic data cannot be sent$/)
  const list: unknown[] = []
  list.push([list])
  assert.match(refusal(list), /^message\[0\]\[0\]: cyclic data cannot be sent$/)
  const map = new Map<string, unknown>()
  map.set('m', [map])
  assert.match(refusal(map), /^message\.get\(m\)\[0\]: cyclic data cannot be sent$/)
  const set = new Set<unknown>()
  set.add({ set })
  assert.match(refusal(set), /^message\.values\(\)\.set: cyclic data cannot be sent$/)
})

test('depth is bounded, exactly', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 0
    for (let i = 0; i < depth; i++) value = [value]
    return value
  }
  prepare(nested(limits.termDepthMax), 'message')
  assert.match(refusal(nested(limits.termDepthMax + 1)), `data deeper than ${limits.termDepthMax}`)
  assert.match(refusal(nested(100_000)), 'data deeper than')
})

test('accessors do not reach the receiver', () => {
  let reads = 0
  const message = {
    fixed: 1,
    get counter(): number {
      return ++reads
    },
  }
  const sent = prepare(message, 'message') as typeof message
  const [first, second] = [sent.counter, sent.counter]
  assert.is(first, second, 'the message changes as it is read')
  assert.ok(Object.isFrozen(sent))
})

test('what a refused message holds is not sent in part, and a getter may not return code', () => {
  const message = {
    get code(): unknown {
      return () => 1
    },
  }
  assert.match(refusal(message), /^message\.code: a function cannot be sent$/)
})

test('what a message shares within itself is walked once', () => {
  let value: object = { leaf: new Map([[1, 2]]) }
  for (let doubling = 0; doubling < 40; doubling++) value = { left: value, right: value }
  const sent = prepare(value, 'message') as { left: object; right: object }
  assert.is(sent.left, sent.right)
})

test.run()

/** What cannot leave a node, refused with the exact path; and what encoding leaves behind. */
import { limits } from '../../../../src/limits.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { alice, channel, interned } from '../../../support/vectors/term-space.ts'

const test = suite('encode')
const table = interned()
const codec = createCodec(channel(table).alice)

class Account {
  balance = 1
}

function refused(term: unknown, reason: string, path: string, got: string): void {
  assert.equal(codec.encode(term), { tag: 'error', reason, path, got })
  assert.is(codec.encode({ still: 'works' }).tag, 'ok')
}

test('a kind of value that cannot travel', () => {
  refused(() => 1, 'type', 'message', 'function')
  refused({ items: [1, 2, 3, { callback() {} }] }, 'type', 'message.items[3].callback', 'function')
  refused([Symbol('s')], 'type', 'message[0]', 'symbol')
  refused({ at: new Date(0) }, 'type', 'message.at', 'class Date')
  refused({ a: { b: new Account() } }, 'type', 'message.a.b', 'class Account')
  refused([Promise.resolve()], 'type', 'message[0]', 'class Promise')
  refused([new Error('x')], 'type', 'message[0]', 'class Error')
  refused([/x/], 'type', 'message[0]', 'class RegExp')
  refused([new Float64Array(1)], 'type', 'message[0]', 'class Float64Array')
  refused([new ArrayBuffer(1)], 'type', 'message[0]', 'class ArrayBuffer')
  refused([new WeakMap()], 'type', 'message[0]', 'class WeakMap')
  refused([new (class Odd extends Map {})()], 'type', 'message[0]', 'class Odd')
  refused([new (class Rare extends Set {})()], 'type', 'message[0]', 'class Rare')
  refused([new (class List extends Array {})()], 'type', 'message[0]', 'class List')
  refused([Object.create({ inherited: 1 })], 'type', 'message[0]', 'class Object')
})

test('paths through every container', () => {
  const f = () => 0
  refused({ 'odd key': { '': f } }, 'type', 'message["odd key"][""]', 'function')
  refused(new Map([['user', { f }]]), 'type', 'message.get("user").f', 'function')
  refused(new Map([[7, f]]), 'type', 'message.get(7)', 'function')
  const keyed = new Map<unknown, unknown>([
    ['a', 1],
    [{ b: 2 }, f],
  ])
  refused(keyed, 'type', 'message.values()[1]', 'function')
  refused(new Map([[[f], 1]]), 'type', 'message.keys()[0][0]', 'function')
  refused([new Set([1, f])], 'type', 'message[0].values()[1]', 'function')
  assert.equal(codec.encode([f], 'arg'), {
    tag: 'error',
    reason: 'type',
    path: 'arg[0]',
    got: 'function',
  })
})

test('a path from a user is bounded', () => {
  const key = 'k'.repeat(100_000)
  let term: unknown = () => 0
  for (let level = 0; level < 60; level += 1) term = { [key]: term }
  const result = codec.encode(term)
  assert.ok(result.tag === 'error' && result.path.length < 1100)
})

test('keys that cannot travel', () => {
  refused({ [Symbol('hidden')]: 1 }, 'key', 'message[Symbol(hidden)]', 'a symbol key')
  refused([JSON.parse('{"__proto__":1}')], 'key', 'message[0].__proto__', 'key __proto__')
  refused({ '\ud800': 1 }, 'string', 'message["\\ud800"]', 'a string with a lone surrogate')
})

test('strings without a UTF-8 form', () => {
  const got = 'a string with a lone surrogate'
  refused('\udc00', 'string', 'message', got)
  refused({ text: `${'long '.repeat(50)}\ud83d` }, 'string', 'message.text', got)
  refused(['fine', 'a\ud800b'], 'string', 'message[1]', got)
})

test('holes', () => {
  refused({ list: Array(1) }, 'hole', 'message.list[0]', 'a hole')
  const sparse: unknown[] = [1]
  sparse[2] = 3
  refused(sparse, 'hole', 'message[1]', 'a hole')
  const endless: unknown[] = []
  endless.length = 2 ** 32 - 1
  refused(endless, 'size', 'message', 'more than 4194304 elements')
})

test('cycles, named where they close', () => {
  const own: Record<string, unknown> = {}
  own.self = own
  refused(own, 'cycle', 'message.self', 'an object that holds it')
  const parent: Record<string, unknown> = {}
  parent.children = [{ parent }]
  refused(
    [{ tree: parent }],
    'cycle',
    'message[0].tree.children[0].parent',
    'an object that holds it',
  )
  const map = new Map<string, unknown>()
  map.set('again', [map])
  refused(map, 'cycle', 'message.get("again")[0]', 'an object that holds it')
})

test('nesting at the limit passes, beyond it does not', () => {
  const nested = (levels: number): unknown => {
    let term: unknown = 'core'
    for (let level = 0; level < levels; level += 1) term = level % 2 === 0 ? [term] : { n: term }
    return term
  }
  assert.is(codec.encode(nested(64)).tag, 'ok')
  const deeper = codec.encode(nested(65))
  assert.ok(deeper.tag === 'error' && deeper.reason === 'depth')
  const deepest = codec.encode(nested(100_000))
  assert.ok(deepest.tag === 'error' && deepest.reason === 'depth')
})

test('an object reached twice is written twice, up to the limit of elements', () => {
  const shared = { a: 1 }
  const result = codec.encode([shared, shared])
  assert.is(result.tag === 'ok' && Buffer.from(result.bytes).toString('hex'), '9281a1610181a16101')
  let doubled: unknown = [0]
  for (let level = 0; level < 60; level += 1) doubled = [doubled, doubled]
  const exploded = codec.encode(doubled)
  assert.ok(exploded.tag === 'error' && exploded.reason === 'size')
})

test('a message has a largest size', () => {
  const bytes = new Uint8Array(limits.distMaxMessageBytes)
  refused({ file: { bytes } }, 'size', 'message.file.bytes', 'more than 268435456 bytes')
})

test('bigints have a largest size', () => {
  const largest = 2n ** (8192n * 8n) - 1n
  assert.is(codec.encode([largest, -largest]).tag, 'ok')
  refused([largest + 1n], 'size', 'message[0]', 'bigint')
  refused([-largest - 1n], 'size', 'message[0]', 'bigint')
})

test('getters are read once; one that throws is refused', () => {
  let reads = 0
  const term = {
    get lazy() {
      reads += 1
      return reads
    },
  }
  assert.is(codec.encode(term).tag, 'ok')
  assert.is(reads, 1)
  const broken = {
    list: [
      {
        get bad(): never {
          throw new RangeError('no')
        },
      },
    ],
  }
  refused(broken, 'type', 'message.list[0].bad', 'a getter that threw class RangeError')
})

test('a proxy that throws is refused', () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new TypeError('no')
      },
    },
  )
  const result = codec.encode({ hostile })
  assert.ok(result.tag === 'error' && result.path === 'message.hostile' && result.reason === 'type')
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const revoked = codec.encode([proxy])
  assert.ok(revoked.tag === 'error' && revoked.path === 'message[0]')
})

test('encoding from inside a getter does not disturb the term around it', () => {
  const inner: string[] = []
  const term = {
    before: 1,
    get nested() {
      const result = codec.encode(['inside'])
      if (result.tag === 'ok') inner.push(Buffer.from(result.bytes).toString('hex'))
      return 2
    },
    after: 3,
  }
  const outer = codec.encode(term)
  assert.equal(inner, ['91a6696e73696465'])
  const expected = '83a66265666f726501a66e657374656402a5616674657203'
  assert.is(outer.tag === 'ok' && Buffer.from(outer.bytes).toString('hex'), expected)
})

test('a Map or Set that changes while it is encoded is refused', () => {
  const map = new Map<string, unknown>()
  map.set('grow', {
    get now() {
      map.set(`more ${map.size}`, 1)
      return 1
    },
  })
  refused({ map }, 'type', 'message.map', 'a Map that changed meanwhile')
  const set = new Set<unknown>()
  set.add({
    get now() {
      set.add(set.size)
      return 1
    },
  })
  refused([set], 'type', 'message[0]', 'a Set that changed meanwhile')
})

test('without a channel identifiers are refused', () => {
  const atRest = createCodec()
  const pid = table.pid({ node: alice.name, creation: alice.creation, index: 1, serial: 1 })
  const ref = table.reference({ node: alice.name, creation: alice.creation, id: 1 })
  assert.equal(atRest.encode({ owner: pid }, 'value'), {
    tag: 'error',
    reason: 'identifier',
    path: 'value.owner',
    got: 'pid',
  })
  const result = atRest.encode([ref])
  assert.ok(result.tag === 'error' && result.reason === 'identifier' && result.got === 'reference')
  assert.is(atRest.encode({ plain: [1, 'a', new Map()] }).tag, 'ok')
})

test('an object that only looks like a pid is refused', () => {
  const pid = table.pid({ node: alice.name, creation: alice.creation, index: 1, serial: 1 })
  const forged = codec.encode([Object.create(Object.getPrototypeOf(pid))])
  assert.ok(forged.tag === 'error' && forged.reason === 'type' && forged.path === 'message[0]')
})

test('a null prototype travels as a plain object', () => {
  const term = Object.assign(Object.create(null), { a: 1 })
  const result = codec.encode(term)
  assert.is(result.tag === 'ok' && Buffer.from(result.bytes).toString('hex'), '81a16101')
})

test('inherited keys do not travel, whatever the host does to Object.prototype', () => {
  Object.defineProperty(Object.prototype, 'planted', {
    value: 1,
    enumerable: true,
    configurable: true,
  })
  try {
    const result = codec.encode({ a: 1 })
    assert.is(result.tag === 'ok' && Buffer.from(result.bytes).toString('hex'), '81a16101')
  } finally {
    Reflect.deleteProperty(Object.prototype, 'planted')
  }
})

test.run()

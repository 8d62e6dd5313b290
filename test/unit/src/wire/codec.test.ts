/** Golden bytes in both directions, and identifiers across a channel. */
import { addExtension, Unpackr } from 'msgpackr'
import { pidKey } from '../../../../runtime/identifier.ts'
import { limits } from '../../../../src/limits.ts'
import { canonicalBytes, createCodec } from '../../../../src/wire/index.ts'
import { assert, suite } from '../../../support/harness.ts'
import { canonicalVectors } from '../../../support/vectors/canonical.ts'
import { codecVectors } from '../../../support/vectors/codec.ts'
import { alice, bob, channel, interned } from '../../../support/vectors/term-space.ts'
import { equalTerms } from '../../../support/vectors/terms.ts'

const test = suite('codec')
const table = interned()
const ends = channel(table)

test('golden vectors, written and read', () => {
  const sender = createCodec(ends.alice)
  const receiver = createCodec(ends.bob)
  for (const { name, term, hex } of codecVectors(table)) {
    const encoded = sender.encode(term)
    assert.is(encoded.tag === 'ok' && Buffer.from(encoded.bytes).toString('hex'), hex, name)
    const decoded = receiver.decode(Buffer.from(hex, 'hex'))
    assert.ok(decoded.tag === 'ok' && equalTerms(decoded.term, term), name)
  }
})

test('golden vectors of canonical keys', () => {
  for (const { name, terms, hex } of canonicalVectors(table)) {
    for (const term of terms) {
      const canonical = canonicalBytes(term)
      assert.is(canonical.tag === 'ok' && Buffer.from(canonical.bytes).toString('hex'), hex, name)
    }
  }
})

test('a pid keeps its meaning in both directions', () => {
  const a = createCodec(ends.alice)
  const b = createCodec(ends.bob)
  for (const home of [alice, bob, { name: 'c@h', creation: 1 }, { ...alice, creation: 1 }]) {
    const pid = table.pid({ node: home.name, creation: home.creation, index: 5, serial: 6 })
    const there = a.encode(pid)
    assert.is(there.tag, 'ok')
    if (there.tag === 'error') continue
    const received = b.decode(there.bytes)
    assert.ok(received.tag === 'ok' && received.term === pid, pidKey(pid))
    const back = b.encode(pid)
    assert.ok(back.tag === 'ok')
    const returned = back.tag === 'ok' ? a.decode(back.bytes) : back
    assert.ok(returned.tag === 'ok' && returned.term === pid, pidKey(pid))
  }
})

test('an identifier that the channel refuses fails the message, not the codec', () => {
  const pid = table.pid({ node: bob.name, creation: bob.creation, index: 1, serial: 1 })
  const sent = createCodec(ends.alice).encode({ list: [1, pid, pid, 'rest'] })
  assert.is(sent.tag, 'ok')
  if (sent.tag === 'error') return
  const capped = createCodec(channel(table, 1).bob)
  assert.equal(capped.decode(sent.bytes), { tag: 'error', reason: 'identifier', at: 14 })
  assert.is(capped.decode(Buffer.from('a161', 'hex')).tag, 'ok')
})

test('without a channel received identifiers are refused', () => {
  const ref = table.reference({ node: 'c@h', creation: 1, id: 9 })
  const sent = createCodec(ends.alice).encode([ref])
  const result = sent.tag === 'ok' ? createCodec().decode(sent.bytes) : sent
  assert.ok(result.tag === 'error' && result.reason === 'identifier')
})

test('two codecs of one process know nothing of each other', () => {
  const other = { name: 'other@h', creation: 3 }
  const first = createCodec(ends.bob)
  const second = createCodec({ ...ends.bob, peer: other })
  const bytes = Buffer.from('c70312000102', 'hex')
  const [one, two] = [first.decode(bytes), second.decode(bytes)]
  assert.is(one.tag, 'ok')
  assert.is(two.tag, 'ok')
  if (one.tag === 'error' || two.tag === 'error') return
  assert.is(
    one.term,
    table.pid({ node: alice.name, creation: alice.creation, index: 1, serial: 2 }),
  )
  assert.is(two.term, table.pid({ node: other.name, creation: 3, index: 1, serial: 2 }))
})

test('a host that uses msgpackr itself and we leave each other alone', () => {
  const sender = createCodec(ends.alice)
  const receiver = createCodec(ends.bob)
  const before = createCodec(ends.bob).decode(Buffer.from('c7001000', 'hex'))
  assert.is(before.tag, 'error')
  for (const type of [0x10, 0x11, 0x12, 0x13, 0x14, 0x15]) {
    addExtension({ type, unpack: () => `host ${type}` })
  }
  addExtension({ Class: Map, type: 0x21, pack: () => Buffer.from('mine'), unpack: () => 'mine' })
  const term = [undefined, 5n, new Map([[1, new Set([2])]]), { plain: [1, 'a'] }]
  const sent = sender.encode(term)
  const received = sent.tag === 'ok' ? receiver.decode(sent.bytes) : sent
  assert.ok(received.tag === 'ok' && equalTerms(received.term, term))
  assert.is(new Unpackr().unpack(Buffer.from('c7011205', 'hex')), 'host 18')
})

test('a body with large byte arrays apart is the same bytes, and does not copy them', () => {
  const codec = createCodec(ends.alice)
  const large = new Uint8Array(limits.wireApartBytes).fill(1)
  const small = new Uint8Array(limits.wireApartBytes - 1).fill(2)
  const cases: readonly (readonly [term: unknown, isApart: boolean])[] = [
    [large, true],
    [[large, small, large], true],
    [{ a: 1, b: large }, true],
    [[small, 'x'], false],
  ]
  for (const [term, isApart] of cases) {
    const whole = codec.encode(term)
    const expected = whole.tag === 'ok' ? whole.bytes.slice() : undefined
    const result = codec.encodeBody(term)
    if (result.tag === 'error' || expected === undefined) throw new Error('not encoded')
    const pieces = result.body.keep().pieces()
    assert.is(result.body.length, expected.length)
    assert.ok(Buffer.concat(pieces).equals(expected))
    assert.is(
      pieces.some(({ buffer }) => buffer === large.buffer),
      isApart,
    )
  }
})

test('encoding a term from inside another one keeps their byte arrays apart', () => {
  const codec = createCodec(ends.alice)
  const large = (mark: number): Uint8Array => new Uint8Array(limits.wireApartBytes).fill(mark)
  let inner: Uint8Array | undefined
  const term = {
    a: large(1),
    get b() {
      const result = codec.encodeBody(large(2))
      if (result.tag === 'ok') inner = Buffer.concat(result.body.pieces())
      return 3
    },
    c: large(4),
  }
  const result = codec.encodeBody(term)
  const bytes = result.tag === 'ok' ? Buffer.concat(result.body.pieces()) : undefined
  const decoded = bytes && createCodec(ends.bob).decode(bytes)
  assert.ok(decoded?.tag === 'ok')
  assert.ok(equalTerms(decoded.term, { a: large(1), b: 3, c: large(4) }))
  assert.is(inner?.length, limits.wireApartBytes + 3)
})

test('bytes that may be kept are viewed by byte arrays that are much of them, else copied', () => {
  const codec = createCodec(ends.bob)
  const encoded = createCodec(ends.alice).encode([new Uint8Array(20_000).fill(7), 1n])
  if (encoded.tag === 'error') throw new Error('not encoded')
  const given = encoded.bytes.slice()
  const arrayIn = (bytes: Uint8Array, isOwned: boolean): Uint8Array => {
    const decoded = codec.decode(bytes, isOwned ? bytes.length : 0)
    if (decoded.tag === 'error' || !Array.isArray(decoded.term)) throw new Error('not decoded')
    return decoded.term[0]
  }
  assert.is(arrayIn(given, true).buffer, given.buffer)
  assert.is.not(arrayIn(given, false).buffer, given.buffer)
  assert.is(
    arrayIn(given, true).every((byte) => byte === 7),
    true,
  )
  const many = createCodec(ends.alice).encode(
    Array.from({ length: 12 }, () => new Uint8Array(9000)),
  )
  const bytes = many.tag === 'ok' ? many.bytes.slice() : new Uint8Array(0)
  assert.is.not(arrayIn(bytes, true).buffer, bytes.buffer, 'less than an eighth')
})

test('encoded bytes are borrowed, and a large buffer is let go', () => {
  const codec = createCodec()
  const large = codec.encode(new Uint8Array(3_000_000))
  assert.is(large.tag === 'ok' && large.bytes.length, 3_000_005)
  const small = codec.encode('a')
  assert.is(small.tag === 'ok' && Buffer.from(small.bytes).toString('hex'), 'a161')
  assert.ok(small.tag === 'ok' && small.bytes.buffer.byteLength < 300_000)
})

test.run()

/** Hostile bytes: all that MessagePack or msgpackr would accept and we do not, and all bombs. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Unpackr } from 'msgpackr'
import { limits } from '../../../../src/limits.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { Scanner } from '../../../../src/wire/scan.ts'
import { assert, suite } from '../../../support/harness.ts'
import { channel, interned } from '../../../support/vectors/term-space.ts'

const test = suite('decode')
const codec = createCodec(channel(interned()).bob)

type Hex = string

function refused(hex: Hex | Uint8Array, reason: string, at: number): void {
  const bytes = typeof hex === 'string' ? Buffer.from(hex, 'hex') : hex
  assert.equal(codec.decode(bytes), { tag: 'error', reason, at })
}

/** `cafe` as an array of `hex` and `special`, so that both readers would meet it. */
function refusedAnywhere(hex: Hex, reason: string): void {
  refused(hex, reason, 0)
  refused(`93c0${hex}c70010`, reason, 2)
  refused(`82a161c0a162${hex}`, reason, 6)
}

const utf8 = (text: string): Hex => Buffer.from(text).toString('hex')

test('what msgpackr revives on its own is refused', () => {
  const trusting = new Unpackr({ useRecords: false, mapsAsObjects: true })
  const revived = {
    undefined: 'd40000',
    'record definition': 'd4724091a16101',
    'wide record definition': 'd572400091a16101',
    bigint: 'c7014201',
    error: 'd4650092a5457272' + '6f72a161',
    identity: 'd6690000000193c0c0c0',
    Set: 'd473009101',
    'typed array': 'c702740105',
    RegExp: 'd4780092a161a0',
    timestamp: 'd6ff00000001',
    'long timestamp': 'c70cff000000000000000000000000',
  }
  for (const [name, hex] of Object.entries(revived)) {
    const value: unknown = trusting.unpack(Buffer.from(hex, 'hex'))
    assert.ok(typeof value === 'object' || typeof value !== 'string', name)
    refusedAnywhere(hex, hex.startsWith('c7') ? 'extension' : 'tag')
  }
  refusedAnywhere('c1', 'tag')
  refusedAnywhere('c70470' + '00000001', 'extension')
  refusedAnywhere('c704620000000' + '0', 'extension')
})

test('bytes that mean a record to a reader of records are small integers to us', () => {
  for (let byte = 0x40; byte < 0x80; byte += 1) {
    assert.equal(codec.decode(Uint8Array.of(byte)), { tag: 'ok', term: byte })
    const both = codec.decode(Uint8Array.of(0x92, byte, 0xc7, 0, 0x10))
    assert.equal(both, { tag: 'ok', term: [byte, undefined] })
  }
})

test('every tag outside the grammar is refused', () => {
  const outside = [0xc1, 0xca, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]
  for (const tag of outside) refused(Uint8Array.of(tag, ...new Array(20).fill(0)), 'tag', 0)
})

test('every extension code but ours is refused', () => {
  for (let code = 0; code < 256; code += 1) {
    if (code >= 0x10 && code <= 0x15) continue
    for (const length of [0, 1, 4, 8, 12]) {
      refused(Uint8Array.of(0xc7, length, code, ...new Array(length).fill(0)), 'extension', 0)
    }
  }
})

test('malformed payloads of our extensions are refused', () => {
  const payloads = {
    'undefined with a payload': 'c7011000',
    'bigint without a sign': 'c70011',
    'bigint with a third sign': 'c702110201',
    'bigint with a leading zero': 'c703110000ff',
    'negative zero': 'c7011101',
    'pid without a node': 'c70012',
    'pid without numbers': 'c7011200',
    'pid without a serial': 'c702120001',
    'pid with a third number': 'c70412000101' + '01',
    'pid of an unknown node form': 'c70312030102',
    'pid with a number longer than needed': 'c7041200810002',
    'pid whose longer number hides a missing one': 'c70312008100',
    'pid with an endless number': `c70b1200${'ff'.repeat(9)}01`,
    'pid beyond 2^53 - 1': 'c70a1200ffffffffffffff1f01',
    'pid with a name past its end': 'c7051202ff6140' + '68',
    'pid without a creation': 'c7051202036140' + '68',
    'reference with two numbers': 'c70313000102',
    'Map marker with a payload': 'c7011400',
    'Set marker with a payload': 'c7011500',
  }
  for (const hex of Object.values(payloads)) refusedAnywhere(hex, 'extension')
})

test('node names are checked where they arrive', () => {
  const pid = (name: string): Hex => {
    const payload = `02${Buffer.of(name.length).toString('hex')}${utf8(name)}000000010101`
    return `c7${Buffer.of(payload.length / 2).toString('hex')}12${payload}`
  }
  assert.is(codec.decode(Buffer.from(pid('a-1.b_C@10.0.0.1'), 'hex')).tag, 'ok')
  const bad = ['', '@', 'a', 'a@', '@h', 'a@b@c', '.a@h', '-a@h', 'a@.h', 'a@-h', 'a/b@h', '../a@h']
  for (const name of [...bad, 'a b@h', 'a\u0000@h', 'a@h\n'])
    refusedAnywhere(pid(name), 'extension')
})

test('markers stand at the beginning of an array and nowhere else', () => {
  for (const marker of ['c70014', 'c70015']) {
    refused(marker, 'extension', 0)
    refused(`92c0${marker}`, 'extension', 2)
    refused(`9290${marker}`, 'extension', 2)
    refused(`81a161${marker}`, 'extension', 3)
    refused(`93${marker}${marker}c0`, 'extension', 4)
    refused(`9391c0${marker}c0`, 'extension', 3)
  }
  refused('92c7001401', 'extension', 1)
  refused('94c70014010203', 'extension', 1)
})

test('a Map or Set that repeats a key keeps one', () => {
  const map = codec.decode(Buffer.from('95c7001401020103', 'hex'))
  assert.equal(map, { tag: 'ok', term: new Map([[1, 3]]) })
  const set = codec.decode(Buffer.from('93c700150101', 'hex'))
  assert.equal(set, { tag: 'ok', term: new Set([1]) })
  const record = codec.decode(Buffer.from('82a16101a16102', 'hex'))
  assert.equal(record, { tag: 'ok', term: { a: 2 } })
})

test('map keys are strings and never __proto__', () => {
  for (const key of ['c0', '01', 'cb3ff8000000000000', '90', '80', 'c40161', 'c70010'])
    refused(`81${key}01`, 'key', 1)
  for (const header of ['a9', 'd909', 'da0009', 'db00000009']) {
    refused(`81${header}${utf8('__proto__')}80`, 'key', 1)
    refused(`9281${header}${utf8('__proto__')}80c70010`, 'key', 2)
  }
  const harmless = codec.decode(
    Buffer.from(
      `82ab${utf8('constructor')}81a9${utf8('prototype')}01aa${utf8('__proto___')}02`,
      'hex',
    ),
  )
  assert.is(harmless.tag, 'ok')
  assert.ok(!('prototype' in {}))
})

test('strings are UTF-8', () => {
  const broken = [
    '80',
    'ff',
    'c3',
    'c080',
    'c1bf',
    'e08080',
    'eda080',
    'edbfbf',
    'f08080af',
    'f4908080',
    'e282',
  ]
  for (const hex of broken) {
    const size = hex.length / 2
    refusedAnywhere(`${(0xa0 | size).toString(16)}${hex}`, 'utf8')
    const long = `${utf8('x'.repeat(100))}${hex}`
    refusedAnywhere(`d9${Buffer.of(100 + size).toString('hex')}${long}`, 'utf8')
    refused(`81${(0xa0 | size).toString(16)}${hex}01`, 'utf8', 1)
  }
})

test('a byte order mark is part of its string, which msgpackr without native code forgets', () => {
  for (const size of [1, 20, 100, 20_000]) {
    const text = `\ufeff${'a'.repeat(size)}`
    for (const term of [text, { [text]: text }, [text, undefined]]) {
      const encoded = codec.encode(term)
      assert.is(encoded.tag, 'ok')
      if (encoded.tag === 'ok') assert.equal(codec.decode(encoded.bytes), { tag: 'ok', term })
    }
  }
})

test('only terms that every reader returns exactly are called plain', () => {
  const scanner = new Scanner()
  const special = (hex: Hex) => {
    const result = scanner.scan(Buffer.from(hex, 'hex'))
    return result.tag === 'ok' ? result.special : result
  }
  for (const hex of ['c0', '82a161c402ffffa16290', 'cf0000000100000000', 'a3efbbbe', 'a461efbbbf'])
    assert.is(special(hex), false, hex)
  const bom = `d946efbbbf${utf8('a'.repeat(67))}`
  for (const hex of ['a3efbbbf', bom, `81${bom}c0`, '91c70010', '82a161c0a162c7021101ff'])
    assert.is(special(hex), true, hex)
})

test('integers beyond 2^53 - 1 are refused', () => {
  assert.equal(codec.decode(Buffer.from('cf001fffffffffffff', 'hex')), {
    tag: 'ok',
    term: 2 ** 53 - 1,
  })
  refusedAnywhere('cf0020000000000000', 'integer')
  refusedAnywhere('cfffffffffffffffff', 'integer')
  assert.equal(codec.decode(Buffer.from('d3ffe0000000000001', 'hex')), {
    tag: 'ok',
    term: -(2 ** 53 - 1),
  })
  refusedAnywhere('d3ffe0000000000000', 'integer')
  refusedAnywhere('d38000000000000000', 'integer')
  refusedAnywhere('d30020000000000000', 'integer')
  for (const special of ['', 'c70010']) {
    const array = special === '' ? '91' : '92'
    const result = codec.decode(Buffer.from(`${array}d3ffffffffffffffff${special}`, 'hex'))
    assert.is(result.tag === 'ok' && Array.isArray(result.term) && result.term[0], -1)
  }
})

test('declared sizes beyond the bytes present cost nothing', () => {
  for (const hex of ['dcffff', 'ddffffffff', 'deffff', 'dfffffffff', '9f', '8f', 'dd7fffffff00'])
    refused(hex, 'count', 0)
  for (const hex of [
    'c4ff00',
    'c5ffff00',
    'c6ffffffff00',
    'd9ff61',
    'daffff61',
    'dbffffffff61',
    'bf61',
  ])
    refused(hex, 'truncated', 0)
  for (const hex of ['c7ff1000', 'c8ffff1000', 'c9ffffffff1000']) refused(hex, 'truncated', 0)
  refused('', 'truncated', 0)
  refused('9261', 'count', 0)
})

test('depth', () => {
  for (const [open, close] of [
    ['91', 'c0'],
    ['81a0', 'c0'],
    ['92c70014', 'c0'],
    ['92c70015', 'c0'],
  ] as const) {
    const step = open === '92c70014' ? '93c70014c0' : open
    const nested = (levels: number) => Buffer.from(step.repeat(levels) + close, 'hex')
    assert.is(codec.decode(nested(limits.termDepthMax)).tag, 'ok')
    const size = step.length / 2
    refused(nested(limits.termDepthMax + 1), 'depth', limits.termDepthMax * size)
    refused(nested(100_000), 'depth', limits.termDepthMax * size)
  }
})

test('the number of elements has a limit, so that a body cannot fill the heap', () => {
  const fits = Buffer.alloc(limits.termElementsMax + 5, 0xc0)
  fits[0] = 0xdd
  fits.writeUInt32BE(limits.termElementsMax, 1)
  assert.is(codec.decode(fits).tag, 'ok')
  const over = Buffer.alloc(limits.termElementsMax + 6, 0x80)
  over[0] = 0xdd
  over.writeUInt32BE(limits.termElementsMax + 1, 1)
  refused(over, 'count', 0)
  const half = Math.ceil(limits.termElementsMax / 2)
  const spread = Buffer.concat([
    Buffer.of(0x92),
    ...[0, 1].map(() => {
      const part = Buffer.alloc(half + 5, 0x80)
      part[0] = 0xdd
      part.writeUInt32BE(half, 1)
      return part
    }),
  ])
  refused(spread, 'count', 1 + half + 5)
})

/** The engine's own collection, without a flag on the command line. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

test('100,000 hostile bodies leave nothing behind', () => {
  const seeds = [
    '81a95f5f70726f746f5f5f80',
    '9fc1',
    'c70312000102',
    '92c0ddffffffff',
    'd9ff616263',
    '82a16101a162c1',
  ]
  const bodies = seeds.map((hex) => Buffer.from(hex, 'hex'))
  let state = 1
  const attack = (rounds: number) => {
    let refusals = 0
    for (let round = 0; round < rounds; round += 1) {
      const body = Buffer.from(bodies[round % bodies.length]!)
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      body[state % body.length] = state >>> 24
      if (codec.decode(body).tag === 'error') refusals += 1
    }
    return refusals
  }
  attack(20_000)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const refusals = attack(100_000)
  collectGarbage()
  assert.ok(refusals > 50_000, `${refusals} refusals`)
  const grown = process.memoryUsage().heapUsed - before
  assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`)
})

test.run()

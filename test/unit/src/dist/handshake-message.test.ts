import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { cookieDigest, sameDigest } from '../../../../src/dist/cookie.ts'
import { HandshakeCodec, type HandshakeMessage } from '../../../../src/dist/handshake-message.ts'
import { createCodec } from '../../../../src/wire/index.ts'
import { assert, suite, useSeed } from '../../../support/harness.ts'

const test = suite('dist handshake messages')

const nonce = new Uint8Array(16).fill(1)
const digest = new Uint8Array(32).fill(2)

const messages: readonly HandshakeMessage[] = [
  { tag: 'name', version: 1, node: 'n@h', creation: 2 ** 32 - 1, flags: ['f'], mandatory: ['m'] },
  ...(
    ['ok', 'okSimultaneous', 'nok', 'alive', 'unsupportedVersion', 'unsupportedFlags'] as const
  ).map((status) => ({ tag: 'status', status }) as const),
  { tag: 'challenge', nonce, node: 'n@h', creation: 0, flags: [], mandatory: ['m'] },
  { tag: 'reply', nonce, digest },
  { tag: 'ack', digest },
  {
    tag: 'name',
    version: 1,
    node: 'n@h',
    creation: 0,
    flags: [],
    mandatory: [],
    proof: { nonce, digest },
  },
  { tag: 'welcome', digest, node: 'n@h', creation: 7, flags: ['f'], mandatory: ['m'] },
]

function encoded(term: unknown): Uint8Array {
  const result = createCodec().encode(term)
  if (result.tag === 'error') throw new Error(result.path)
  return result.bytes.slice()
}

test('every message survives the wire', () => {
  const codec = new HandshakeCodec()
  for (const message of messages) {
    assert.equal(codec.decode(codec.encode(message).slice()), message)
  }
})

test('fields of a later version are ignored', () => {
  const codec = new HandshakeCodec()
  for (const message of messages) {
    assert.equal(codec.decode(encoded({ ...message, later: [1, { x: 2 }], extra: null })), message)
  }
})

test('what a refusal says is kept, if it is a short text', () => {
  const codec = new HandshakeCodec()
  const refusal = { tag: 'status', status: 'unsupportedFlags' } as const
  const said = { ...refusal, detail: 'not known: m' }
  assert.equal(codec.decode(encoded(said)), said)
  for (const detail of [1, null, ['x'], 'x'.repeat(257)]) {
    assert.equal(codec.decode(encoded({ ...refusal, detail })), refusal)
  }
})

test('an older acceptor names no mandatory flags, and has none', () => {
  const codec = new HandshakeCodec()
  const challenge = { tag: 'challenge', nonce, node: 'n@h', creation: 0, flags: [] }
  assert.equal(codec.decode(encoded(challenge)), { ...challenge, mandatory: [] })
})

test('a missing field, or one of another kind, is no message', () => {
  const codec = new HandshakeCodec()
  const odd = [null, -1, 1.5, 2 ** 32, '', [], {}, true, nonce.subarray(1), new Uint8Array(33), [1]]
  let refused = 0
  for (const message of messages) {
    for (const field of Object.keys(message)) {
      const { [field as keyof HandshakeMessage]: _, ...rest } = message
      const optional = (message.tag === 'challenge' && field === 'mandatory') || field === 'proof'
      const shorter = codec.decode(encoded(rest))
      assert.is(shorter === undefined, !optional, `${message.tag} without ${field}`)
      for (const value of odd) {
        const changed = codec.decode(encoded({ ...message, [field]: value }))
        // An empty name or list of flags is well formed: the rule refuses the name.
        const fits =
          (field === 'node' && value === '') || (/flags|mandatory/.test(field) && isEmpty(value))
        if (!fits) refused++
        assert.is(changed === undefined, !fits, `${message.tag}.${field} = ${String(value)}`)
      }
    }
  }
  assert.ok(refused > 100)
})

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

test('flags are bounded in number and length', () => {
  const codec = new HandshakeCodec()
  const name = messages[0]
  const many = Array.from({ length: 65 }, (_, n) => `f${n}`)
  for (const flags of [many, ['x'.repeat(65)], [1], ['ok', null]]) {
    assert.is(codec.decode(encoded({ ...name, flags })), undefined)
    assert.is(codec.decode(encoded({ ...name, mandatory: flags })), undefined)
  }
  assert.ok(codec.decode(encoded({ ...name, flags: many.slice(1) })) !== undefined)
})

test('terms that are no maps, and bytes that are no terms, are no messages', () => {
  const codec = new HandshakeCodec()
  for (const term of [null, 1, 'name', [], [messages[0]], new Map([['tag', 'ack']]), {}]) {
    assert.is(codec.decode(encoded(term)), undefined)
  }
  for (const bytes of [[], [0xc1], [0x81], [0xdf, 0xff, 0xff, 0xff, 0xff], [0xd4, 0x72, 0x40]]) {
    assert.is(codec.decode(Uint8Array.from(bytes)), undefined)
  }
})

test('mutated messages give a message or nothing, never an exception', () => {
  const seed = 20_261_120
  useSeed(seed)
  const random = seededRandom(seed)
  const codec = new HandshakeCodec()
  let understood = 0
  for (let round = 0; round < 5_000; round++) {
    const source = messages[Math.floor(random.unit() * messages.length)] ?? messages[0]
    if (source === undefined) throw new Error('unreachable')
    const bytes = codec.encode(source).slice()
    for (let change = 0; change <= random.unit() * 3; change++) {
      bytes[Math.floor(random.unit() * bytes.length)] = Math.floor(random.unit() * 256)
    }
    const cut =
      random.unit() < 0.2 ? bytes.subarray(0, Math.floor(random.unit() * bytes.length)) : bytes
    if (codec.decode(cut) !== undefined) understood++
  }
  assert.ok(understood > 0 && understood < 5_000, `${understood} understood`)
})

const facts = {
  role: 'dialer',
  nonce,
  dialer: 'd@h',
  acceptor: 'a@h',
  serverCertHash: new Uint8Array(32).fill(3),
  clientCertHash: new Uint8Array(32).fill(4),
} as const

test('the cookie digest depends on the cookie and on every fact', () => {
  const own = cookieDigest('cookie', facts)
  assert.is(own.length, 32)
  assert.ok(sameDigest(own, cookieDigest('cookie', { ...facts })))
  const others = [
    cookieDigest('Cookie', facts),
    cookieDigest('cookie', { ...facts, role: 'acceptor' }),
    cookieDigest('cookie', { ...facts, nonce: digest.subarray(16) }),
    cookieDigest('cookie', { ...facts, dialer: 'a@h', acceptor: 'd@h' }),
    cookieDigest('cookie', { ...facts, dialer: 'd@h2' }),
    cookieDigest('cookie', { ...facts, serverCertHash: facts.clientCertHash }),
    cookieDigest('cookie', { ...facts, clientCertHash: facts.serverCertHash }),
    cookieDigest('cookie', {
      ...facts,
      serverCertHash: facts.clientCertHash,
      clientCertHash: facts.serverCertHash,
    }),
  ]
  for (const other of others) assert.not(sameDigest(own, other))
  assert.is(new Set(others.map((bytes) => bytes.join())).size, others.length)
})

test('digests of different lengths are unequal, not an exception', () => {
  assert.not(sameDigest(new Uint8Array(32), new Uint8Array(31)))
  assert.not(sameDigest(new Uint8Array(0), new Uint8Array(32)))
})

test.run()

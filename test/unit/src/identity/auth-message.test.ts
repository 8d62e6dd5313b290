import fc from 'fast-check'
import {
  AuthFrameReader,
  type AuthMessage,
  decodeAuthMessage,
  encodeAuthMessage,
} from '../../../../src/identity/auth-message.ts'
import { limits } from '../../../../src/limits.ts'
import { assert, suite } from '../../../support/harness.ts'
import { authVectors, fromHex, toHex } from '../../../support/vectors/auth-vectors.ts'

const test = suite('auth message')

function messageOf(fields: Readonly<Record<string, string>>): AuthMessage {
  switch (fields.tag) {
    case 'hello':
      return { tag: 'hello', name: fields.name!, publicKey: fromHex(fields.publicKey!) }
    case 'challenge':
      return {
        tag: 'challenge',
        nonce: fromHex(fields.nonce!),
        timestampMs: BigInt(fields.timestampMs!),
      }
    case 'response':
      return { tag: 'response', signature: fromHex(fields.signature!) }
    case 'ok':
      return { tag: 'ok' }
    default:
      return { tag: 'fail', reason: fields.reason! }
  }
}

for (const vector of authVectors.messages) {
  test(`golden bytes of ${vector.name}, both ways`, () => {
    const message = messageOf(vector.message)
    assert.is(toHex(encodeAuthMessage(message)), vector.frame)
    const decoded = decodeAuthMessage(fromHex(vector.frame).subarray(2))
    assert.equal(decoded, { tag: 'ok', message })
  })
}

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const half = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}$/)
const anyMessage: fc.Arbitrary<AuthMessage> = fc.oneof(
  fc.tuple(half, half, bytes32).map(([name, host, publicKey]) => ({
    tag: 'hello' as const,
    name: `${name}@${host}`,
    publicKey,
  })),
  fc
    .tuple(bytes32, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([nonce, timestampMs]) => ({ tag: 'challenge' as const, nonce, timestampMs })),
  fc
    .uint8Array({ minLength: 64, maxLength: 64 })
    .map((signature) => ({ tag: 'response' as const, signature })),
  fc.constant({ tag: 'ok' as const }),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((reason) => ({ tag: 'fail' as const, reason })),
)

test('every message survives encoding, framing and decoding, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 8 }),
      fc.integer({ min: 1, max: 90 }),
      (sent, cut) => {
        const stream = new Uint8Array(Buffer.concat(sent.map(encodeAuthMessage)))
        const reader = new AuthFrameReader()
        const received: AuthMessage[] = []
        for (let at = 0; at < stream.length; at += cut) {
          assert.ok(reader.push(stream.subarray(at, at + cut)))
          for (let frame = reader.next(); frame; frame = reader.next()) {
            const decoded = decodeAuthMessage(frame)
            assert.is(decoded.tag, 'ok')
            if (decoded.tag === 'ok') received.push(decoded.message)
          }
        }
        assert.equal(received, sent)
      },
    ),
  )
})

const key = new Uint8Array(32).fill(7)
const name = new TextEncoder().encode('a@b')

function hello(version: number, length: number, rest: readonly Uint8Array[]): Uint8Array {
  const head = Uint8Array.of(1, version, length >> 8, length & 255)
  return new Uint8Array(Buffer.concat([head, ...rest]))
}

const refused: readonly (readonly [string, Uint8Array, string, number?])[] = [
  ['empty', new Uint8Array(0), 'malformedMessage'],
  ['type 0', Uint8Array.of(0), 'unknownMessageType', 0],
  ['type 6', Uint8Array.of(6, 1, 2), 'unknownMessageType', 6],
  ['type 255', Uint8Array.of(255), 'unknownMessageType', 255],
  ['HELLO without version', Uint8Array.of(1), 'invalidHelloPayload'],
  ['HELLO version 1', hello(1, 3, [name, key]), 'unsupportedVersion', 1],
  ['HELLO version 3, otherwise damaged', Uint8Array.of(1, 3), 'unsupportedVersion', 3],
  ['HELLO cut in the name length', Uint8Array.of(1, 2, 0), 'invalidHelloPayload'],
  ['HELLO cut in the name', hello(2, 3, [name.subarray(0, 2)]), 'invalidHelloPayload'],
  ['HELLO cut in the key', hello(2, 3, [name, key.subarray(1)]), 'invalidHelloPayload'],
  ['HELLO with a byte too many', hello(2, 3, [name, key, Uint8Array.of(0)]), 'invalidHelloPayload'],
  ['HELLO whose name length lies', hello(2, 65535, [name, key]), 'invalidHelloPayload'],
  ['HELLO without a name', hello(2, 0, [key]), 'invalidNodeName'],
  ['HELLO with a path as name', hello(2, 8, [Buffer.from('../../a@'), key]), 'invalidNodeName'],
  [
    'HELLO with bytes beyond ASCII',
    hello(2, 3, [Uint8Array.of(0xc3, 64, 98), key]),
    'invalidNodeName',
  ],
  [
    'HELLO with a long name',
    hello(2, 300, [Buffer.from(`a@${'b'.repeat(298)}`), key]),
    'invalidNodeName',
  ],
  ['CHALLENGE without body', Uint8Array.of(2), 'invalidChallengePayload'],
  ['CHALLENGE cut', new Uint8Array(40).fill(2, 0, 1), 'invalidChallengePayload'],
  ['CHALLENGE too long', new Uint8Array(42).fill(2, 0, 1), 'invalidChallengePayload'],
  ['RESPONSE cut', new Uint8Array(64).fill(3, 0, 1), 'invalidResponsePayload'],
  ['RESPONSE too long', new Uint8Array(66).fill(3, 0, 1), 'invalidResponsePayload'],
  ['OK with a body', Uint8Array.of(4, 0), 'malformedMessage'],
  ['FAIL without length', Uint8Array.of(5, 0), 'invalidFailPayload'],
  ['FAIL without reason', Uint8Array.of(5, 0, 0), 'invalidFailPayload'],
  ['FAIL cut', Uint8Array.of(5, 0, 2, 65), 'invalidFailPayload'],
  ['FAIL too long', Uint8Array.of(5, 0, 1, 65, 65), 'invalidFailPayload'],
  ['FAIL with a line break', Uint8Array.of(5, 0, 2, 65, 10), 'invalidFailPayload'],
  ['FAIL with a terminal escape', Uint8Array.of(5, 0, 2, 27, 91), 'invalidFailPayload'],
  [
    'FAIL of 65 characters',
    new Uint8Array([5, 0, 65, ...key, ...key, 65]).fill(65, 3),
    'invalidFailPayload',
  ],
  [
    'more than the limit',
    new Uint8Array(limits.authMessageMaxBytes + 1).fill(5),
    'messageTooLarge',
  ],
]

for (const [what, bytes, reason, received] of refused) {
  test(`${what} is ${reason}`, () => {
    const expected = received === undefined ? {} : { received }
    assert.equal(decodeAuthMessage(bytes), { tag: 'error', reason, ...expected })
  })
}

test('every truncation of every golden message is an error', () => {
  for (const { frame } of authVectors.messages) {
    const whole = fromHex(frame).subarray(2)
    for (let size = 0; size < whole.length; size++) {
      assert.is(decodeAuthMessage(whole.subarray(0, size)).tag, 'error')
    }
  }
})

test('any bytes: never throws, and what decodes encodes to the same bytes', () => {
  const typed = fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 120 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest))
  fc.assert(
    fc.property(fc.oneof(typed, fc.uint8Array({ maxLength: 400 })), (bytes) => {
      const decoded = decodeAuthMessage(bytes)
      if (decoded.tag === 'ok') {
        assert.is(toHex(encodeAuthMessage(decoded.message).subarray(2)), toHex(bytes))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a bent bit in a golden message decodes to another message or an error', () => {
  for (const { frame } of authVectors.messages) {
    const whole = fromHex(frame).subarray(2)
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bent = whole.slice()
      bent[bit >> 3]! ^= 1 << (bit & 7)
      const decoded = decodeAuthMessage(bent)
      if (decoded.tag === 'ok') {
        assert.is(toHex(encodeAuthMessage(decoded.message).subarray(2)), toHex(bent))
      }
    }
  }
})

test('a decoded message keeps nothing of the bytes it came from', () => {
  const bytes = fromHex(authVectors.messages[0]!.frame).slice(2)
  const decoded = decodeAuthMessage(bytes)
  bytes.fill(0)
  assert.equal(decoded, { tag: 'ok', message: messageOf(authVectors.messages[0]!.message) })
})

test('the reader refuses more than one message may hold, whole or dribbled', () => {
  assert.not(new AuthFrameReader().push(new Uint8Array(limits.authMessageMaxBytes + 3)))
  const reader = new AuthFrameReader()
  // The announced length is the limit itself: 4096 and two bytes fit, one more does not.
  const frame = new Uint8Array(limits.authMessageMaxBytes + 2)
  new DataView(frame.buffer).setUint16(0, limits.authMessageMaxBytes)
  for (const byte of frame) assert.ok(reader.push(Uint8Array.of(byte)))
  assert.not(reader.push(Uint8Array.of(0)))
  assert.is(reader.next()?.length, limits.authMessageMaxBytes)
  assert.is(reader.next(), undefined)
})

test('the reader says when an announced message can never fit', () => {
  const reader = new AuthFrameReader()
  reader.push(Uint8Array.of(0x10))
  assert.not(reader.hopeless)
  reader.push(Uint8Array.of(0x01))
  assert.ok(reader.hopeless)
  assert.is(reader.next(), undefined)
})

test('a frame of length zero is an empty message', () => {
  const reader = new AuthFrameReader()
  reader.push(Uint8Array.of(0, 0, 0, 1, 4))
  assert.equal(reader.next(), new Uint8Array(0))
  assert.equal(reader.next(), Uint8Array.of(4))
})

test.run()

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { ed25519, fingerprint, generateKeypair } from '../../../../src/identity/ed25519.ts'
import { assert, suite } from '../../../support/harness.ts'
import { fromHex, toHex } from '../../../support/vectors/auth-vectors.ts'
import { rfc8032 } from '../../../support/vectors/rfc8032.ts'

const test = suite('ed25519')

for (const { secret, publicKey, message, signature } of rfc8032) {
  test(`RFC 8032 vector with a message of ${message.length / 2} bytes`, () => {
    assert.is(toHex(ed25519.publicKey(fromHex(secret))), publicKey)
    assert.is(toHex(ed25519.sign(fromHex(message), fromHex(secret))), signature)
    assert.ok(ed25519.verify(fromHex(signature), fromHex(message), fromHex(publicKey)))
  })
}

test('a changed bit anywhere makes the signature invalid', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(2))
  const message = new TextEncoder().encode('to be signed')
  const signature = ed25519.sign(message, privateKey)
  assert.ok(ed25519.verify(signature, message, publicKey))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 * 8 - 1 }), (bit) => {
      const bent = signature.slice()
      bent[bit >> 3]! ^= 1 << (bit & 7)
      assert.not(ed25519.verify(bent, message, publicKey))
    }),
    { numRuns: 40 },
  )
  assert.not(ed25519.verify(signature, new Uint8Array(0), publicKey))
  assert.not(ed25519.verify(signature, message, generateKeypair(seededRandom(3)).publicKey))
})

test('wrong sizes and wrong types are false, never exceptions', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(4))
  const message = Uint8Array.of(1)
  const signature = ed25519.sign(message, privateKey)
  for (const size of [0, 1, 31, 33, 63, 65, 1000]) {
    assert.not(ed25519.verify(new Uint8Array(size), message, publicKey))
    assert.not(ed25519.verify(signature, message, new Uint8Array(size)))
  }
  for (const value of [undefined, null, 'text', 7, {}]) {
    // @ts-expect-error a caller in plain JavaScript
    assert.not(ed25519.verify(value, message, publicKey))
    // @ts-expect-error a caller in plain JavaScript
    assert.not(ed25519.verify(signature, value, publicKey))
    // @ts-expect-error a caller in plain JavaScript
    assert.not(ed25519.verify(signature, message, value))
  }
})

test('keys of small order are refused: they would verify any message', () => {
  const smallOrder = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  ]
  const identityR = fromHex(smallOrder[0]!)
  const forged = new Uint8Array(64)
  forged.set(identityR)
  for (const key of smallOrder) {
    for (let message = 0; message < 16; message++) {
      assert.not(ed25519.verify(forged, Uint8Array.of(message), fromHex(key)))
    }
  }
})

test('encodings that are not canonical are refused: S + L, y + p', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(5))
  const message = Uint8Array.of(9)
  const signature = ed25519.sign(message, privateKey)
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const scalar = BigInt(`0x${toHex(signature.slice(32).reverse())}`)
  const shifted = fromHex((scalar + order).toString(16).padStart(64, '0')).reverse()
  const malleable = signature.slice()
  malleable.set(shifted, 32)
  assert.not(ed25519.verify(malleable, message, publicKey))
  // y = 1 + p encodes the identity a second time.
  const highKey = fromHex('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')
  assert.not(ed25519.verify(signature, message, highKey))
})

test('any bytes are handled without an exception', () => {
  const bytes = fc.uint8Array({ maxLength: 80 })
  fc.assert(
    fc.property(bytes, bytes, bytes, (signature, message, key) => {
      assert.is(ed25519.verify(signature, message, key), false)
    }),
    { numRuns: 200 },
  )
})

test('a key pair comes from the given random source alone', () => {
  assert.equal(generateKeypair(seededRandom(6)), generateKeypair(seededRandom(6)))
  assert.not.equal(generateKeypair(seededRandom(6)), generateKeypair(seededRandom(7)))
})

test('the fingerprint is SHA-256 of the public key, in hex', () => {
  const { publicKey } = generateKeypair(seededRandom(8))
  assert.is(fingerprint(publicKey), createHash('sha256').update(publicKey).digest('hex'))
})

test.run()

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as hostSign,
  verify as hostVerify,
} from 'node:crypto'
import fc from 'fast-check'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { ed25519, fingerprint, generateKeypair } from '../../../../src/identity/ed25519.ts'
import { assert, suite } from '../../../support/harness.ts'
import { fromHex, toHex } from '../../../support/vectors/auth-vectors.ts'

const test = suite('ed25519')

/** RFC 8032, 7.1: secret key, public key, message, signature. */
const rfcVectors = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

for (const [secret, open, message, signature] of rfcVectors) {
  test(`RFC 8032 vector with message "${message}"`, () => {
    assert.is(toHex(ed25519.publicKey(fromHex(secret))), open)
    assert.is(toHex(ed25519.sign(fromHex(message), fromHex(secret))), signature)
    assert.ok(ed25519.verify(fromHex(signature), fromHex(message), fromHex(open)))
  })
}

test("agrees with the host's own implementation, both ways", () => {
  const random = seededRandom(1)
  const keypair = generateKeypair(random)
  const message = random.bytes(150)
  const pkcs8 = fromHex(`302e020100300506032b657004220420${toHex(keypair.privateKey)}`)
  const secret = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  assert.is(toHex(spki.subarray(12)), toHex(keypair.publicKey))
  const ours = ed25519.sign(message, keypair.privateKey)
  assert.is(toHex(ours), toHex(hostSign(null, message, secret)))
  assert.ok(hostVerify(null, message, createPublicKey(secret), ours))
})

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

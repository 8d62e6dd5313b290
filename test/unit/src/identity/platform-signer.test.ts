/**
 * The two implementations of Ed25519 against each other: the same keys, the same signatures, and
 * the same verdict on everything, above all on what only an attacker makes.
 */
import { createHash } from 'node:crypto'
import { ed25519 as curve } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { seededRandom } from '../../../../runtime/platform/sim.ts'
import { ed25519, generateKeypair, type Signer } from '../../../../src/identity/ed25519.ts'
import { NobleSigner } from '../../../../src/identity/noble-signer.ts'
import { chooseSigner, platformSigner } from '../../../../src/identity/platform-signer.ts'
import { assert, suite } from '../../../support/harness.ts'
import { fromHex, toHex } from '../../../support/vectors/auth-vectors.ts'
import { rfc8032 } from '../../../support/vectors/rfc8032.ts'

const test = suite('platform signer')

const { Point } = curve
const order = Point.Fn.ORDER
const prime = 2n ** 255n - 19n

/** The host's, which every supported host has: without it these tests must fail, not pass. */
function host(): Signer {
  const signer = platformSigner()
  if (signer === undefined) throw new Error('this host has no Ed25519')
  return signer
}

function signers(): readonly (readonly [string, Signer])[] {
  return [
    ['host', host()],
    ['reference of a node', new NobleSigner()],
  ]
}

function verdict(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const [theirs, ours] = [host(), ed25519].map((s) => s.verify(signature, message, publicKey))
  if (theirs !== ours) {
    const shown = `${toHex(publicKey)} ${toHex(signature)}`
    throw new Error(`host ${theirs}, reference ${ours}: ${shown}`)
  }
  return theirs === true
}

function littleEndian(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')).reverse()
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`)
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** The eight points whose order divides the cofactor. */
const torsion = (() => {
  const generator = Point.fromHex(
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  )
  const points = [Point.ZERO]
  for (let n = 1; n < 8; n++) points.push(points[n - 1]!.add(generator))
  return points
})()

/** Encodings of points of small order that are not the canonical ones. */
const unreduced: readonly Uint8Array[] = [
  ...[prime, prime + 1n, prime - 1n].map(littleEndian),
  ...[0n, 1n, prime - 1n, prime, prime + 1n].map((y) => littleEndian(y + 2n ** 255n)),
]

/** A signature as an attacker with the scalar `a` makes it, with parts of small order. */
function crafted(seed: number, keyPart: number, commitmentPart: number, message: Uint8Array) {
  const [a, r] = [BigInt(seed) * 7919n + 5n, BigInt(seed) * 104_729n + 3n]
  const key = Point.BASE.multiply(a).add(torsion[keyPart]!).toBytes()
  const commitment = Point.BASE.multiply(r).add(torsion[commitmentPart]!).toBytes()
  const hash = createHash('sha512').update(commitment).update(key).update(message).digest()
  const s = (r + numberOf(hash) * a) % order
  return { key, signature: join(commitment, littleEndian(s)) }
}

for (const { secret, publicKey, message, signature } of rfc8032) {
  test(`RFC 8032 vector with a message of ${message.length / 2} bytes`, () => {
    for (const [, signer] of signers()) {
      assert.is(toHex(signer.publicKey(fromHex(secret))), publicKey)
      assert.is(toHex(signer.sign(fromHex(message), fromHex(secret))), signature)
    }
    assert.ok(verdict(fromHex(signature), fromHex(message), fromHex(publicKey)))
  })
}

test('the same key and the same signature for every seed and message', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(seeds, fc.uint8Array({ maxLength: 300 }), (seed, message) => {
      const publicKey = host().publicKey(seed)
      assert.equal(publicKey, ed25519.publicKey(seed))
      const signature = host().sign(message, seed)
      assert.equal(signature, ed25519.sign(message, seed))
      assert.ok(verdict(signature, message, publicKey))
    }),
    { numRuns: 100 },
  )
})

test('the same verdict on every flipped bit and every random bytes', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(2))
  const message = new TextEncoder().encode('to be signed')
  const signature = ed25519.sign(message, privateKey)
  const whole = join(signature, publicKey, message)
  for (let bit = 0; bit < whole.length * 8; bit += 3) {
    const bent = whole.slice()
    bent[bit >> 3]! ^= 1 << (bit & 7)
    assert.not(verdict(bent.slice(0, 64), bent.slice(96), bent.slice(64, 96)))
  }
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  fc.assert(
    fc.property(bytes(64), bytes(32), (random, key) => {
      assert.not(verdict(random, message, key))
      assert.not(verdict(random, message, publicKey))
    }),
    { numRuns: 100 },
  )
})

test('keys of small order, in every encoding, sign nothing', () => {
  const keys = [...torsion.map((point) => point.toBytes()), ...unreduced]
  for (const key of keys) {
    for (const commitment of keys) {
      for (const [s, text] of [0n, 1n].flatMap((s) => [0, 1, 2, 3].map((n) => [s, n] as const))) {
        const signature = join(commitment, littleEndian(s))
        assert.not(verdict(signature, Uint8Array.of(text), key))
      }
    }
  }
})

test('keys and commitments with a part of small order: the equation without cofactor', () => {
  const counts = { accepted: 0, refused: 0 }
  for (let keyPart = 0; keyPart < 8; keyPart++) {
    for (let commitmentPart = 0; commitmentPart < 8; commitmentPart++) {
      for (let n = 0; n < 3; n++) {
        const message = Uint8Array.of(keyPart, commitmentPart, n)
        const { key, signature } = crafted(n + 1, keyPart, commitmentPart, message)
        if (verdict(signature, message, key)) counts.accepted++
        else counts.refused++
        const library = curve.verify(signature, message, key, { zip215: false })
        assert.ok(library, 'with cofactor every one of them is valid')
      }
    }
  }
  // Without a small part on either side all three are valid; with some, one in eight.
  assert.ok(counts.accepted >= 3 && counts.refused > 100, JSON.stringify(counts))
})

test('scalars and coordinates that are not reduced are refused', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(5))
  const message = Uint8Array.of(9)
  const signature = ed25519.sign(message, privateKey)
  const s = numberOf(signature.slice(32))
  for (let times = 1n; s + times * order < 2n ** 256n; times++) {
    const shifted = littleEndian(s + times * order)
    assert.not(verdict(join(signature.slice(0, 32), shifted), message, publicKey))
  }
  assert.not(verdict(join(signature.slice(0, 32), littleEndian(order)), message, publicKey))
  // Every y that has a second encoding below 2^255.
  for (let y = 0n; y < 19n; y++) {
    for (const sign of [0n, 2n ** 255n]) {
      const twice = littleEndian(y + prime + sign)
      assert.not(verdict(signature, message, twice))
      assert.not(verdict(join(twice, signature.slice(32)), message, publicKey))
    }
  }
})

test('coordinates that are on no point are refused', () => {
  const { privateKey } = generateKeypair(seededRandom(6))
  const signature = ed25519.sign(Uint8Array.of(1), privateKey)
  let absent = 0
  for (let y = 2n; y < 40n; y++) {
    assert.not(verdict(signature, Uint8Array.of(1), littleEndian(y)))
    if (!curve.utils.isValidPublicKey(littleEndian(y))) absent++
  }
  assert.ok(absent > 5, `${absent} are on no point`)
})

test('wrong sizes and types: verify is false, sign and publicKey throw a RangeError', () => {
  const { publicKey, privateKey } = generateKeypair(seededRandom(4))
  const message = Uint8Array.of(1)
  const signature = ed25519.sign(message, privateKey)
  for (const size of [0, 1, 31, 33, 63, 65, 1000]) {
    assert.not(verdict(new Uint8Array(size), message, publicKey))
    assert.not(verdict(signature, message, new Uint8Array(size)))
    for (const signer of [host(), ed25519]) {
      if (size === 32) continue
      const refused = (error: Error): boolean => error instanceof RangeError
      assert.throws(() => signer.sign(message, new Uint8Array(size)), refused)
      assert.throws(() => signer.publicKey(new Uint8Array(size)), refused)
    }
  }
  for (const value of [undefined, null, 'text', 7, {}, new DataView(new ArrayBuffer(64))]) {
    // @ts-expect-error a caller in plain JavaScript
    assert.not(verdict(value, message, publicKey))
    // @ts-expect-error a caller in plain JavaScript
    assert.not(verdict(signature, value, publicKey))
    // @ts-expect-error a caller in plain JavaScript
    assert.not(verdict(signature, message, value))
  }
})

for (const [name, signer] of signers()) {
  test(`${name}: one signer serves many keys, what it keeps is of the seed given`, () => {
    const pairs = [1, 2, 3].map((seed) => generateKeypair(seededRandom(seed)))
    for (const { privateKey } of [...pairs, ...pairs.reverse()]) {
      const message = Uint8Array.of(1, 2)
      assert.equal(signer.sign(message, privateKey), ed25519.sign(message, privateKey))
    }
    const changing = pairs[0]!.privateKey.slice()
    signer.sign(Uint8Array.of(1), changing)
    changing[0]! ^= 1
    assert.equal(signer.publicKey(changing), ed25519.publicKey(changing))
    const own = signer.publicKey(changing)
    own.fill(0)
    assert.equal(
      signer.publicKey(changing),
      ed25519.publicKey(changing),
      'its own is not given away',
    )
  })
}

test('the reference of a node signs as the reference does, whatever it is given', () => {
  const signer = new NobleSigner()
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes(32), (message, seed) => {
      const signature = signer.sign(message, seed)
      assert.equal(signature, ed25519.sign(message, seed))
      assert.ok(signer.verify(signature, message, signer.publicKey(seed)))
    }),
    { numRuns: 50 },
  )
  for (const size of [0, 31, 33, 64]) {
    assert.throws(() => signer.sign(Uint8Array.of(1), new Uint8Array(size)), /32 raw bytes/)
  }
})

test('without a choice the host signs; a choice is kept', () => {
  assert.ok(chooseSigner('noble') instanceof NobleSigner)
  for (const choice of [undefined, 'platform'] as const) {
    const chosen = chooseSigner(choice)
    assert.ok(chosen !== undefined && !(chosen instanceof NobleSigner))
  }
})

test.run()

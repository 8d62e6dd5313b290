/**
 * Ed25519 (RFC 8032) over raw bytes: 32-byte seeds and public keys, 64-byte signatures.
 *
 * Two implementations stand behind `Signer` and give the same answer to every input: this one, the
 * reference, over `@noble/curves` (`noble-signer.ts` is what a node makes of it), and the host's
 * own (`platform-signer.ts`), which is faster.
 *
 * Invariant: `verify` answers false for anything that is not a valid signature, wrong sizes and
 * wrong types included; it never throws. Verification is strict: encodings must be canonical, and
 * keys of small order, which would verify any message, are refused. The equation is the one without
 * cofactor, which RFC 8032, 5.1.7 permits: `curve.verify` has the other one, which accepts
 * signatures with a part of small order that the host's refuses.
 */
import { createHash } from 'node:crypto'
import { ed25519 as curve } from '@noble/curves/ed25519.js'
import type { Random } from '../../runtime/platform/platform.ts'

export const keyBytes = 32
export const signatureBytes = 64

export type Keypair = {
  /** 32 bytes: the identity of a node. */
  readonly publicKey: Uint8Array
  /** 32 bytes: the seed of RFC 8032. */
  readonly privateKey: Uint8Array
}

export interface Signer {
  /** Signs with a 32-byte seed. Deterministic. Throws a RangeError for a seed of another size. */
  sign(message: Uint8Array, privateKey: Uint8Array): Uint8Array
  /** True only for a valid signature. Never throws. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  /** The public key of a 32-byte seed. Throws a RangeError for a seed of another size. */
  publicKey(privateKey: Uint8Array): Uint8Array
  /** It takes longer than a message does to the next machine. Default: it does not. */
  readonly isSlow?: boolean
}

const { Point } = curve

export const ed25519: Signer = {
  sign: (message, privateKey) => curve.sign(message, privateKey),
  verify(signature, message, publicKey) {
    if (!hasSizes(signature, message, publicKey)) return false
    try {
      const key = Point.fromBytes(publicKey)
      if (key.isSmallOrder()) return false
      const commitment = signature.subarray(0, keyBytes)
      const hash = createHash('sha512').update(commitment).update(publicKey).update(message)
      const challenge = Point.Fn.create(littleEndian(hash.digest()))
      // Refuses a scalar that is not below the order of the group.
      const right = Point.BASE.multiplyUnsafe(littleEndian(signature.subarray(keyBytes)))
      const expected = right.subtract(key.multiplyUnsafe(challenge)).toBytes()
      return Buffer.compare(expected, commitment) === 0
    } catch {
      return false
    }
  },
  publicKey: (privateKey) => curve.getPublicKey(privateKey),
}

/** True for byte arrays of which a signature and its key have the right lengths. */
export function hasSizes(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return (
    message instanceof Uint8Array &&
    isBytes(signature, signatureBytes) &&
    isBytes(publicKey, keyBytes)
  )
}

/** A new key pair from 32 bytes of the platform's random source. */
export function generateKeypair(random: Random, signer: Signer = ed25519): Keypair {
  const privateKey = random.bytes(keyBytes)
  return { publicKey: signer.publicKey(privateKey), privateKey }
}

/** SHA-256 of a public key, 64 lower-case hex digits: for logs and out-of-band comparison. */
export function fingerprint(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex')
}

export function isBytes(value: unknown, size: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === size
}

export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

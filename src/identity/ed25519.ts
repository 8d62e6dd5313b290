/**
 * Ed25519 (RFC 8032) over raw bytes: 32-byte seeds and public keys, 64-byte signatures.
 *
 * Invariant: `verify` answers false for anything that is not a valid signature, wrong sizes and
 * wrong types included; it never throws. Verification is strict (no ZIP-215 leniency: encodings
 * must be canonical, and keys of small order, which would verify any message, are refused).
 * Everything goes through `Signer`, so that a host's own implementation can take its place.
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
}

export const ed25519: Signer = {
  sign: (message, privateKey) => curve.sign(message, privateKey),
  verify(signature, message, publicKey) {
    try {
      return curve.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
  publicKey: (privateKey) => curve.getPublicKey(privateKey),
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

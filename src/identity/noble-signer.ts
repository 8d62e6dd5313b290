/**
 * The reference as a node uses it: a node signs with one key, so what RFC 8032, 5.1.5 derives from
 * a seed is kept for the seed used last. That is half the work of a signature.
 *
 * Invariant: the same bytes and the same verdicts as the reference (`ed25519.ts`).
 */
import { createHash } from 'node:crypto'
import { ed25519 as curve } from '@noble/curves/ed25519.js'
import { ed25519, isBytes, keyBytes, littleEndian, type Signer } from './ed25519.ts'

const { Point } = curve

type Derived = ReturnType<typeof curve.utils.getExtendedPublicKey>

export class NobleSigner implements Signer {
  readonly isSlow = true
  #last: { readonly seed: Uint8Array; readonly derived: Derived } | undefined

  /** RFC 8032, 5.1.6. */
  sign(message: Uint8Array, privateKey: Uint8Array): Uint8Array {
    const { prefix, scalar, pointBytes } = this.#derived(privateKey)
    const nonce = scalarOf(prefix, message)
    const commitment = Point.BASE.multiply(nonce).toBytes()
    const challenge = scalarOf(commitment, pointBytes, message)
    const signature = new Uint8Array(2 * keyBytes)
    signature.set(commitment)
    signature.set(Point.Fn.toBytes(Point.Fn.create(nonce + challenge * scalar)), keyBytes)
    return signature
  }

  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    return ed25519.verify(signature, message, publicKey)
  }

  publicKey(privateKey: Uint8Array): Uint8Array {
    return this.#derived(privateKey).pointBytes.slice()
  }

  #derived(seed: Uint8Array): Derived {
    if (!isBytes(seed, keyBytes)) throw new RangeError(`a seed is ${keyBytes} raw bytes`)
    if (this.#last !== undefined && Buffer.compare(this.#last.seed, seed) === 0) {
      return this.#last.derived
    }
    const derived = curve.utils.getExtendedPublicKey(seed)
    this.#last = { seed: seed.slice(), derived }
    return derived
  }
}

function scalarOf(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return Point.Fn.create(littleEndian(hash.digest()))
}

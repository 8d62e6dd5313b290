/**
 * Ed25519 of the host (node:crypto, OpenSSL) behind `Signer`: the same bytes as the reference in
 * about a fifteenth of the time.
 *
 * Invariant: it accepts exactly what the reference accepts. OpenSSL checks that the scalar is below
 * the order of the group and compares the commitment byte by byte, but takes keys whose y is not
 * reduced and keys of small order: those are refused here first, by their encodings. The imported
 * form of a private key is kept for the seed used last, since a node signs with one.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { hasSizes, isBytes, keyBytes, type Signer } from './ed25519.ts'
import { NobleSigner } from './noble-signer.ts'

export type SignerChoice = 'noble' | 'platform'

/** What stands before a seed in PKCS #8 (RFC 8410). */
const privatePrefix = fromHex('302e020100300506032b657004220420')

/**
 * The y coordinates of the eight points of small order: 0, 1, -1, and two of order 8. Sign bits
 * apart; with them come the only points whose x is 0, where a set sign bit is not canonical.
 */
const smallOrder: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex)
/** 2^255 - 19, little-endian: the prime of the field. */
const prime = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')

/** What a host that has Ed25519 signs: RFC 8032, 7.1, first test. */
const probeSeed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
const probeKey = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
const probeSignature = fromHex(
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
)

/**
 * The signer asked for; without a choice the host's, and the reference where the host has none.
 * Undefined when the host's is asked for and there is none.
 */
export function chooseSigner(choice?: SignerChoice): Signer | undefined {
  if (choice === 'noble') return new NobleSigner()
  return platformSigner() ?? (choice === undefined ? new NobleSigner() : undefined)
}

/** The host's signer, or undefined where it has no Ed25519 (a build of OpenSSL without it). */
export function platformSigner(): Signer | undefined {
  const signer = new PlatformSigner()
  try {
    const signature = signer.sign(new Uint8Array(0), probeSeed)
    const works = signer.verify(probeSignature, new Uint8Array(0), probeKey)
    return works && Buffer.compare(signature, probeSignature) === 0 ? signer : undefined
  } catch {
    return undefined
  }
}

class PlatformSigner implements Signer {
  /** It takes a tenth of a millisecond to verify. */
  readonly isSlow = true
  #last: { readonly seed: Uint8Array; readonly key: KeyObject } | undefined

  sign(message: Uint8Array, privateKey: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#imported(privateKey)))
  }

  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    if (!hasSizes(signature, message, publicKey) || !isSound(publicKey)) return false
    try {
      // Parsing DER would double the cost.
      const x = Buffer.from(publicKey).toString('base64url')
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      return verify(null, message, key, signature)
    } catch {
      return false
    }
  }

  publicKey(privateKey: Uint8Array): Uint8Array {
    const open = createPublicKey(this.#imported(privateKey))
    return new Uint8Array(open.export({ format: 'der', type: 'spki' }).subarray(-keyBytes))
  }

  #imported(seed: Uint8Array): KeyObject {
    if (!isBytes(seed, keyBytes)) throw new RangeError(`a seed is ${keyBytes} raw bytes`)
    if (this.#last !== undefined && Buffer.compare(this.#last.seed, seed) === 0) {
      return this.#last.key
    }
    const der = Buffer.concat([privatePrefix, seed])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.#last = { seed: seed.slice(), key }
    return key
  }
}

/** True for a canonical encoding of no point of small order. Whether it is a point is not asked. */
function isSound(publicKey: Uint8Array): boolean {
  const y = publicKey.slice()
  y[keyBytes - 1]! &= 0x7f
  return isBelow(y, prime) && !smallOrder.some((point) => Buffer.compare(point, y) === 0)
}

/** Compares two numbers of the same length, little-endian. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = a.length - 1; at >= 0; at--) {
    if (a[at] !== b[at]) return a[at]! < b[at]!
  }
  return false
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/**
 * The node's self-signed TLS certificate: X.509 v3, ECDSA P-256, SHA-256. It carries no identity
 * (that is the Ed25519 key) and is never pinned; its hash binds an authentication to the channel.
 *
 * Profile (cluster spec, 5.6): CN = node name, 127-bit random serial, notBefore backdated for the
 * clock skew of peers, basicConstraints and keyUsage critical, serverAuth and clientAuth. The
 * certificate library is loaded only here and only when one must be made: it takes about 70 ms and
 * patches `Reflect`. ECDSA keys and signatures come from the host's cryptography, not from the
 * Random port: a certificate is the one thing made here that a seed does not repeat.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
  X509Certificate,
} from 'node:crypto'
import type { Random } from '../../runtime/platform/platform.ts'

export type TlsMaterial = {
  readonly certPem: string
  readonly keyPem: string
  readonly certDer: Uint8Array
}

type CertificateRequest = {
  /** Subject and issuer CN. */
  readonly commonName: string
  /** Time of making, milliseconds since the Unix epoch. */
  readonly wallMs: number
  /** From `wallMs` to notAfter. Default 365. */
  readonly days?: number
  readonly random: Random
  /** The ECDSA P-256 private key to certify (`makeTlsKey`). */
  readonly key: KeyObject
}

const backdateMs = 300_000
const defaultDays = 365
const dayMs = 86_400_000
const serialBytes = 16
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Makes a certificate for a key. Rejects if `key` is not an ECDSA P-256 private key. */
export async function makeCertificate(request: CertificateRequest): Promise<TlsMaterial> {
  // The library's container throws unless the metadata polyfill is there before it.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(request.random),
      name: [{ CN: [request.commonName] }],
      notBefore: new Date(request.wallMs - backdateMs),
      notAfter: new Date(request.wallMs + (request.days ?? defaultDays) * dayMs),
      signingAlgorithm: algorithm,
      keys: await webKeys(request.key),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
      ],
    },
    webcrypto,
  )
  return {
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: pemOf(request.key),
    certDer: new Uint8Array(certificate.rawData),
  }
}

/**
 * Reads a certificate and its key from PEM. A chain is accepted: the first certificate is the
 * node's. Errors: `badCertificate`, `badKey` (not PEM, encrypted, unknown), `mismatch`.
 */
export function readTlsPair(
  certPem: string,
  keyPem: string,
):
  | { readonly tag: 'ok'; readonly tls: TlsMaterial }
  | { readonly tag: 'error'; readonly reason: 'badCertificate' | 'badKey' | 'mismatch' } {
  const certificate = parsed(() => new X509Certificate(certPem))
  if (!certificate) return { tag: 'error', reason: 'badCertificate' }
  const key = readPrivateKey(keyPem)
  if (!key) return { tag: 'error', reason: 'badKey' }
  if (!certificate.checkPrivateKey(key)) return { tag: 'error', reason: 'mismatch' }
  return { tag: 'ok', tls: { certPem, keyPem, certDer: new Uint8Array(certificate.raw) } }
}

/** A private key from PEM, or undefined when it is not one (or is encrypted). */
export function readPrivateKey(keyPem: string): KeyObject | undefined {
  return parsed(() => createPrivateKey(keyPem))
}

/** True for the only kind of key this file certifies. */
export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

/** A new ECDSA P-256 private key. */
export function makeTlsKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
}

/** PKCS #8 in PEM. */
export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/** 127 random bits: the top bit is cleared, so that the DER integer is positive. */
function serialNumber(random: Random): string {
  const bytes = random.bytes(serialBytes)
  bytes[0] = bytes[0]! & 0x7f
  // RFC 5280, 4.1.2.2: the serial is never zero.
  if (bytes.every((byte) => byte === 0)) bytes[serialBytes - 1] = 1
  return Buffer.from(bytes).toString('hex')
}

async function webKeys(
  key: KeyObject,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const secret = key.export({ type: 'pkcs8', format: 'der' })
  const open = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', secret, algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', open, algorithm, true, ['verify']),
  }
}

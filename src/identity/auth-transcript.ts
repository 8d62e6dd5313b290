/**
 * What a RESPONSE signs, 150 bytes, every field of fixed length:
 *
 *     "skein-auth-v2" | role:1 | nonce:32 | timestamp:8 | signer's key:32
 *                     | SHA-256(server certificate):32 | SHA-256(client certificate):32
 *
 * Role is 1 for the dialer, 2 for the acceptor: that of the signer. Nonce and timestamp are those
 * of the peer's CHALLENGE. The certificates are those of this TLS connection: a handshake relayed
 * over two connections has two pairs and fails. Source: the design, section 5, which overrides 4.4
 * of the cluster spec (label, role and both certificates, always). Big-endian; plain Ed25519.
 */

import { nonceBytes } from './auth-message.ts'
import { type Keypair, keyBytes, type Signer } from './ed25519.ts'

export type AuthRole = 'dialer' | 'acceptor'

export type SignedFacts = {
  /** Role of the signer. */
  readonly role: AuthRole
  readonly nonce: Uint8Array
  readonly timestampMs: bigint
  readonly signerKey: Uint8Array
  /** SHA-256 of the DER certificate of the side that was dialled. */
  readonly serverCertHash: Uint8Array
  /** SHA-256 of the DER certificate of the side that dialled. */
  readonly clientCertHash: Uint8Array
}

export const certHashBytes = 32

const label = new TextEncoder().encode('skein-auth-v2')
const roleByte = { dialer: 1, acceptor: 2 } as const
const timestampBytes = 8

/** The bytes to sign, or undefined when a field has the wrong size. */
export function authTranscript(facts: SignedFacts): Uint8Array | undefined {
  const { nonce, timestampMs, signerKey, serverCertHash, clientCertHash } = facts
  const fits =
    nonce.length === nonceBytes &&
    signerKey.length === keyBytes &&
    serverCertHash.length === certHashBytes &&
    clientCertHash.length === certHashBytes
  if (!fits) return undefined
  const timestamp = new Uint8Array(timestampBytes)
  new DataView(timestamp.buffer).setBigUint64(0, timestampMs)
  const role = Uint8Array.of(roleByte[facts.role])
  const parts = [label, role, nonce, timestamp, signerKey, serverCertHash, clientCertHash]
  return new Uint8Array(Buffer.concat(parts))
}

/** Signs as the owner of `keypair`; undefined when a field has the wrong size. */
export function signTranscript(
  signer: Signer,
  keypair: Keypair,
  facts: Omit<SignedFacts, 'signerKey'>,
): Uint8Array | undefined {
  const bytes = authTranscript({ ...facts, signerKey: keypair.publicKey })
  return bytes && signer.sign(bytes, keypair.privateKey)
}

/** True only for a valid signature over these facts by `facts.signerKey`. Never throws. */
export function verifyTranscript(
  signer: Signer,
  signature: Uint8Array,
  facts: SignedFacts,
): boolean {
  const bytes = authTranscript(facts)
  return bytes !== undefined && signer.verify(signature, bytes, facts.signerKey)
}

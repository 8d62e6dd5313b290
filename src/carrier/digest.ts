/** The hash by which certificates are named everywhere: SHA-256 of the DER bytes. */
import { createHash } from 'node:crypto'

export function certificateHash(der: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(der).digest())
}

/**
 * Golden bytes of authentication version 2, computed once with node:crypto and byte concatenation,
 * without the code under test. They are the wire format: if a test against them fails, the code is
 * wrong, not the vector.
 */
import { readFileSync } from 'node:fs'

export type MessageVector = {
  readonly name: string
  readonly message: Readonly<Record<string, string>>
  /** Hex, length prefix included. */
  readonly frame: string
}

export type TranscriptVector = {
  readonly role: 'dialer' | 'acceptor'
  readonly seed: string
  readonly publicKey: string
  readonly nonce: string
  readonly timestampMs: string
  readonly serverCertHash: string
  readonly clientCertHash: string
  readonly bytes: string
  readonly signature: string
}

export const authVectors: {
  readonly messages: readonly MessageVector[]
  readonly transcripts: readonly TranscriptVector[]
} = JSON.parse(readFileSync(new URL('./auth-v2.json', import.meta.url), 'utf8'))

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

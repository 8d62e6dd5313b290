/**
 * The cookie: a secret both nodes know, proved by HMAC-SHA256 and never sent. The digest covers
 * the role, the other side's nonce, both names and both certificates, so that it can be neither
 * reflected nor carried to another connection. Behind Ed25519 it is defence in depth.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export const cookieNonceBytes = 16

export type CookieTranscript = {
  /** Who computes the digest. */
  readonly role: 'dialer' | 'acceptor'
  /** The nonce the other side chose. */
  readonly nonce: Uint8Array
  readonly dialer: string
  readonly acceptor: string
  readonly serverCertHash: Uint8Array
  readonly clientCertHash: Uint8Array
}

export function cookieDigest(cookie: string, transcript: CookieTranscript): Uint8Array {
  const { role, nonce, dialer, acceptor, serverCertHash, clientCertHash } = transcript
  const digest = createHmac('sha256', cookie)
    .update(`skein-cookie-v1\0${role}\0${dialer}\0${acceptor}\0`)
    .update(nonce)
    .update(serverCertHash)
    .update(clientCertHash)
    .digest()
  return new Uint8Array(digest)
}

/** Compares in constant time; different lengths are unequal. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

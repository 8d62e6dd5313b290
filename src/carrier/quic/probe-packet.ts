/**
 * Probes of the path, beside QUIC on the same socket: a padded datagram that asks, and a small one
 * that answers. They are apart from the connection because quiche has no probes of its own and
 * would take the loss of a large packet for congestion. Their first byte has QUIC's fixed bit unset
 * and is outside the ranges of the protocols that share ports with it (RFC 9443).
 *
 * probe:  0x04, connection id of the receiver (8 bytes), nonce (8), zeros up to the size in
 * question answer: 0x05, the same nonce
 *
 * A node answers only the peer of an established connection, and never with more than it got. The
 * nonce is chance, so that only who saw a probe can answer it. Whoever reads and forges packets on
 * the path can still make us believe in a size that does not pass; what follows is the fall back to
 * 1200 bytes, and no more than dropping packets there would do.
 */
import { connectionIdBytes } from './packet.ts'

export const probeNonceBytes = 8

const fixedBits = 0xc0
const probeByte = 0x04
const answerByte = 0x05
const answerBytes = 1 + probeNonceBytes

export type ProbePacket =
  | { readonly tag: 'probe'; readonly key: string; readonly nonce: Buffer }
  | { readonly tag: 'answer'; readonly nonceKey: string }

/** True for a datagram that is no QUIC packet: neither header form, no fixed bit. */
export function isBesideQuic(datagram: Buffer): boolean {
  return (datagram[0]! & fixedBits) === 0
}

/** Undefined for anything else; the bytes may be anybody's. */
export function readProbePacket(datagram: Buffer): ProbePacket | undefined {
  const [first] = datagram
  if (first === answerByte && datagram.length === answerBytes) {
    return { tag: 'answer', nonceKey: datagram.toString('latin1', 1) }
  }
  const nonceAt = 1 + connectionIdBytes
  if (first !== probeByte || datagram.length < nonceAt + probeNonceBytes) return undefined
  const key = datagram.toString('latin1', 1, nonceAt)
  return { tag: 'probe', key, nonce: datagram.subarray(nonceAt, nonceAt + probeNonceBytes) }
}

/** Writes a probe of `size` bytes into `out`. */
export function writeProbe(out: Buffer, size: number, id: Uint8Array, nonce: Uint8Array): void {
  out.fill(0, 0, size)
  out[0] = probeByte
  out.set(id, 1)
  out.set(nonce, 1 + id.length)
}

/** Writes the answer into `out` and returns its length. */
export function writeAnswer(out: Buffer, nonce: Uint8Array): number {
  out[0] = answerByte
  out.set(nonce, 1)
  return answerBytes
}

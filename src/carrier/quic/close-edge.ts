/**
 * Why a native connection ended, read from quiche once it is draining or closed. Pure.
 *
 * Invariant: every way a connection can end has a `CloseInfo`. Application closes are `peer`;
 * transport errors of either side are `error` with the code of RFC 9000, section 20 (TLS alerts
 * are 0x100 and above); silence is `idle`.
 */
import { limits } from '../../limits.ts'
import type { CarrierFailure, CloseInfo } from '../carrier.ts'
import type { NativeConnection } from './binding.ts'

const cryptoErrorFirst = 0x100
const cryptoErrorLast = 0x1ff

export function closeInfoOf(native: NativeConnection): CloseInfo {
  const theirs = native.peerError()
  if (theirs !== null) {
    const reason = reasonText(theirs.reason)
    if (theirs.isApp) return { by: 'peer', code: theirs.errorCode, reason }
    const text = `the peer ended the connection${reason === '' ? '' : `: ${reason}`}`
    return { by: 'error', code: theirs.errorCode, reason: text }
  }
  if (native.isTimedOut()) return { by: 'idle', code: 0, reason: 'silence' }
  const ours = native.localError()
  if (ours === null) return { by: 'error', code: 0, reason: 'the peer no longer knows us' }
  const reason = reasonText(ours.reason)
  return { by: 'error', code: ours.errorCode, reason: reason === '' ? 'transport error' : reason }
}

/** The failure of a dial whose connection ended before it was established. */
export function dialFailureOf(info: CloseInfo, peer: string): CarrierFailure {
  if (info.by === 'idle') {
    return { tag: 'error', reason: 'timeout', message: `no answer from ${peer}` }
  }
  const isTls = info.code >= cryptoErrorFirst && info.code <= cryptoErrorLast
  const detail = `${info.reason} (code ${info.code})`
  return info.by === 'error' && isTls
    ? { tag: 'error', reason: 'tls', message: `TLS handshake with ${peer} failed: ${detail}` }
    : { tag: 'error', reason: 'refused', message: `${peer} refused the connection: ${detail}` }
}

/** A close reason as it is sent: cut at a character, so that it fits one packet. */
export function reasonBytes(reason: string): Uint8Array {
  const target = new Uint8Array(limits.carrierCloseReasonMaxBytes)
  return target.subarray(0, new TextEncoder().encodeInto(reason, target).written)
}

function reasonText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, limits.carrierCloseReasonMaxBytes))
}

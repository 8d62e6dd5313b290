/**
 * Why an authentication failed: the reasons, what the peer is told of each (a FAIL message), and
 * the sentence for the operator. Source: the cluster spec, 4.5 to 4.8, in camelCase.
 *
 * Invariant: a peer is told its own fault, never the state of our disk, and is told nothing when it
 * is gone or silent.
 */
import type { AuthDecodeReason } from './auth-message.ts'
import { fingerprint } from './ed25519.ts'

/**
 * Besides the decode reasons: `channelBindingFailed`: a certificate hash is missing;
 * `wrongPeerName`: the peer is not the node dialled; `ownKeyReflected`, `nonceReflected`: our own
 * key or challenge came back; `keyMismatch`, `untrustedKey`, `pinUnreadable`: the trust decision;
 * `peerTsSkew`: clocks differ by more than twice the window; `signatureVerificationFailed`: not
 * signed by that key for this connection, or too late; `unexpectedAuthOk`: the peer took us for
 * one that need not prove its key, and we did not; `authRejected`: the peer said FAIL;
 * `unexpectedMessage`: out of order; `authStreamTimeout`: the deadline passed; `streamEnded`,
 * `streamReset`: the peer went away.
 */
export type AuthReason =
  | AuthDecodeReason
  | 'channelBindingFailed'
  | 'wrongPeerName'
  | 'ownKeyReflected'
  | 'nonceReflected'
  | 'keyMismatch'
  | 'untrustedKey'
  | 'pinUnreadable'
  | 'peerTsSkew'
  | 'signatureVerificationFailed'
  | 'unexpectedAuthOk'
  | 'authRejected'
  | 'unexpectedMessage'
  | 'authStreamTimeout'
  | 'streamEnded'
  | 'streamReset'

export type AuthFailure = {
  readonly reason: AuthReason
  /** The name the peer claimed, once its HELLO was read. Not proven. */
  readonly peerName?: string
  /** For `keyMismatch`: the key the peer presented and the one expected of that name. */
  readonly presented?: Uint8Array
  readonly expected?: Uint8Array
  /** For `authRejected`: the peer's reason, an identifier. */
  readonly peerReason?: string
  /** A number that came with it: version, message type, reset code. */
  readonly received?: number
  /** Further words, for instance the operating system's. */
  readonly detail?: string
}

/** What the peer is told, or undefined when it is told nothing. */
export function reasonForPeer(reason: AuthReason): string | undefined {
  switch (reason) {
    case 'authRejected':
    case 'authStreamTimeout':
    case 'streamEnded':
    case 'streamReset':
    case 'channelBindingFailed':
      return undefined
    case 'signatureVerificationFailed':
      return 'signatureInvalid'
    case 'pinUnreadable':
      return 'untrustedKey'
    default:
      return reason
  }
}

/** One sentence for the operator. */
export function describeAuthFailure(failure: AuthFailure): string {
  const peer = failure.peerName === undefined ? 'the peer' : `the peer claiming ${failure.peerName}`
  const words = sentence(failure, peer)
  return failure.detail === undefined ? words : `${words} (${failure.detail})`
}

function sentence(failure: AuthFailure, peer: string): string {
  switch (failure.reason) {
    case 'keyMismatch': {
      const [shown, pinned] = [shortPrint(failure.presented), shortPrint(failure.expected)]
      const advice = 'if it was rotated on purpose, delete the old pin'
      return `${peer} presented key ${shown}, not the expected ${pinned}: ${advice}`
    }
    case 'untrustedKey':
      return `${peer} is not pinned and this node is in strict mode: store its public key first`
    case 'pinUnreadable':
      return `the pin of ${peer} cannot be read`
    case 'wrongPeerName':
      return `${peer} is not the node that was dialled`
    case 'ownKeyReflected':
      return `${peer} presented this node's own key: a copied key directory, or a reflection`
    case 'nonceReflected':
      return `${peer} sent this node's own challenge back`
    case 'peerTsSkew':
      return `the clock of ${peer} differs too much from ours: synchronise the clocks`
    case 'signatureVerificationFailed':
      return `${peer} did not prove that it holds its key on this connection`
    case 'authRejected':
      return `${peer} refused this node: ${failure.peerReason ?? 'no reason given'}`
    case 'authStreamTimeout':
      return `${peer} did not finish authentication in time`
    case 'streamEnded':
      return `${peer} ended its stream before authentication was done`
    case 'streamReset':
      return `${peer} gave up the authentication stream (code ${failure.received ?? 0})`
    case 'channelBindingFailed':
      return 'a certificate hash of this connection is missing: nothing to bind authentication to'
    case 'unexpectedAuthOk': {
      const advice = 'list the other node in cookieOnlyNodes on both, or on neither, and unpin it'
      return `${peer} asked for no proof, where this node gives and wants one: ${advice}`
    }
    case 'unexpectedMessage':
      return `${peer} sent an authentication message out of order`
    case 'unsupportedVersion':
      return `${peer} speaks authentication version ${failure.received ?? '?'}, this node version 2`
    default:
      return `${peer} sent a damaged authentication message: ${failure.reason}`
  }
}

function shortPrint(key: Uint8Array | undefined): string {
  return key === undefined ? 'unknown' : fingerprint(key).slice(0, 16)
}

/**
 * Mutual authentication, one side of it, as a pure rule: `(state, event, env) -> [state, actions]`.
 * Both roles send HELLO, CHALLENGE, RESPONSE, OK in this order; they differ in what comes first.
 *
 *     dialer    HELLO CHALLENGE ->                                RESPONSE OK ->
 *     acceptor                     <- HELLO CHALLENGE RESPONSE                   <- OK
 *
 * A peer that the cookie alone shall judge (cookie-only.ts) is answered with a lone OK instead.
 *
 * Invariants: the trust decision comes before anything is signed; nothing is said to be proven
 * until the signature has verified and the peer's own OK is there (so the acceptor is ready only
 * when the dialer accepted it, AMB-02); a message out of order fails; the end is reached once.
 * Nothing is kept here for any name: whoever runs this pins, once the peer has proved the cookie
 * as well.
 *
 * Difference: 4.3 has the dialer make its challenge after its trust decision, which costs a round
 * trip. A challenge is random bytes and the time: it tells the peer nothing, and obliges this side
 * to nothing. What an acceptor does with it is what it always did: it signs for a dialer that it
 * trusts and that has proved nothing yet. That the acceptor makes its own challenge when it has
 * seen ours gains it nothing: what is signed over ours has the acceptor's role and key, never the
 * dialer's, and our own challenge is refused. Dialers that wait are understood.
 *
 * Time: wall clock is read once, at the start, and carried on by the monotonic clock, so that a
 * step of it changes nothing. Source: the cluster spec, section 4; the signed bytes are in
 * auth-transcript.ts.
 */
import { type AuthFailure, type AuthReason, reasonForPeer } from './auth-failure.ts'
import type { AuthDecodeError, AuthMessage } from './auth-message.ts'
import {
  type AuthRole,
  certHashBytes,
  type SignedFacts,
  signTranscript,
  verifyTranscript,
} from './auth-transcript.ts'
import { type Exemptions, isExempt } from './cookie-only.ts'
import type { Keypair, Signer } from './ed25519.ts'
import { decideTrust, type PinLookup, type TrustMode } from './trust.ts'

/** What one side knows; the same for all steps but for the clock. */
export type HandshakeEnv = {
  /** The dialer states whom it dialled; the acceptor learns who calls. */
  readonly role: { readonly tag: 'dialer'; readonly dialed: string } | { readonly tag: 'acceptor' }
  readonly selfName: string
  readonly keypair: Keypair
  readonly signer: Signer
  /** Peers that need not prove a key. */
  readonly exemptions: Exemptions
  /** 32 random bytes, drawn for this handshake alone. */
  readonly nonce: Uint8Array
  readonly serverCertHash: Uint8Array
  readonly clientCertHash: Uint8Array
  /** Greatest age of our challenge; half the greatest clock difference. */
  readonly timestampWindowMs: number
  /** Monotonic. */
  readonly nowMs: number
  /** Wall clock; only read at the start. */
  readonly wallMs: number
}

export type HandshakeEvent =
  | { readonly tag: 'start' }
  | { readonly tag: 'message'; readonly message: AuthMessage }
  | { readonly tag: 'malformed'; readonly error: AuthDecodeError }
  /** Answer to `lookup`. */
  | { readonly tag: 'looked'; readonly lookup: PinLookup; readonly mode: TrustMode }
  | { readonly tag: 'deadline' }
  | { readonly tag: 'streamEnded' }
  | { readonly tag: 'streamReset'; readonly code: number }

export type HandshakeAction =
  | { readonly tag: 'send'; readonly message: AuthMessage }
  | { readonly tag: 'lookup'; readonly name: string }
  /** It has proved its key, and been told so. It has not said yet that it accepts ours. */
  | ({ readonly tag: 'proven'; readonly name: string } & AcceptorNonce)
  /** The same, and it accepts our key. `firstContact`: its name has no pin yet. */
  | ({
      readonly tag: 'finish'
      readonly peer: AuthPeer
      readonly firstContact: boolean
    } & AcceptorNonce)
  /** Nothing is proven, and nothing was to be: the cookie decides about `name`. */
  | { readonly tag: 'exempt'; readonly name: string }
  | { readonly tag: 'fail'; readonly failure: AuthFailure }

/** What the acceptor challenged the dialer with. */
export type AcceptorNonce = { readonly acceptorNonce: Uint8Array }

type AuthPeer = { readonly name: string; readonly publicKey: Uint8Array }

type Started = { readonly startedMs: number; readonly startedWallMs: number }
type Known = Started & { readonly peer: AuthPeer }
/** Our challenge is out. `isNew`: the peer has no pin. */
type Challenged = Known & {
  readonly isNew: boolean
  readonly issuedMs: number
  readonly timestampMs: bigint
}
/** The peer's challenge is here. */
type Answered = Challenged & AcceptorNonce

/** Named for what is awaited. */
export type HandshakeState =
  | { readonly tag: 'start' }
  | ({ readonly tag: 'hello' } & Started)
  | ({ readonly tag: 'looked' } & Known)
  /** The dialer was told OK instead of HELLO: is the node it dialled pinned? */
  | ({ readonly tag: 'excused' } & Started & { readonly dialed: string })
  | ({ readonly tag: 'challenge' } & Challenged)
  | ({ readonly tag: 'response' } & Answered)
  | ({ readonly tag: 'ok' } & Answered)
  | { readonly tag: 'done' }

type Step = readonly [HandshakeState, readonly HandshakeAction[]]

export const newHandshake: HandshakeState = { tag: 'start' }

export function stepHandshake(
  state: HandshakeState,
  event: HandshakeEvent,
  env: HandshakeEnv,
): Step {
  if (state.tag === 'done') return [state, []]
  switch (event.tag) {
    case 'start':
      return state.tag === 'start' ? start(env) : fail(state, 'unexpectedMessage')
    case 'message':
      return onMessage(state, event.message, env)
    case 'malformed':
      return fail(state, event.error.reason, receivedBy(event.error.received))
    case 'looked':
      if (state.tag === 'excused') return onExcused(state, event.lookup, env)
      return state.tag === 'looked' ? onLooked(state, event.lookup, event.mode, env) : [state, []]
    case 'deadline':
      return fail(state, 'authStreamTimeout')
    case 'streamEnded':
      // All the peer had to say is here already: its end is no longer news.
      return state.tag === 'excused' ? [state, []] : fail(state, 'streamEnded')
    case 'streamReset':
      return fail(state, 'streamReset', { received: event.code })
  }
}

function start(env: HandshakeEnv): Step {
  const bound =
    env.serverCertHash.length === certHashBytes && env.clientCertHash.length === certHashBytes
  if (!bound) return fail({ tag: 'start' }, 'channelBindingFailed')
  const started = { startedMs: env.nowMs, startedWallMs: env.wallMs }
  const opening = env.role.tag === 'dialer' ? [hello(env), challenge(env, stamp(started, env))] : []
  return [{ tag: 'hello', ...started }, opening]
}

function onMessage(state: HandshakeState, message: AuthMessage, env: HandshakeEnv): Step {
  if (message.tag === 'fail') {
    return fail(state, 'authRejected', { peerReason: message.reason })
  }
  // States awaiting a message have its name: anything else is out of order.
  if (state.tag === 'hello' && message.tag === 'hello') return onHello(state, message, env)
  if (state.tag === 'challenge' && message.tag === 'challenge') {
    return onChallenge(state, message, env)
  }
  if (state.tag === 'response' && message.tag === 'response') {
    return onResponse(state, message.signature, env)
  }
  if (state.tag === 'ok' && message.tag === 'ok') {
    const { peer, isNew, acceptorNonce } = state
    return [{ tag: 'done' }, [{ tag: 'finish', peer, firstContact: isNew, acceptorNonce }]]
  }
  if (state.tag === 'hello' && message.tag === 'ok' && env.role.tag === 'dialer') {
    // What the peer calls itself does not count: only the node that was dialled.
    const { dialed } = env.role
    if (!isExempt(env.exemptions, dialed)) return fail(state, 'unexpectedAuthOk')
    return [{ ...state, tag: 'excused', dialed }, [{ tag: 'lookup', name: dialed }]]
  }
  return fail(state, 'unexpectedMessage')
}

function onHello(
  state: HandshakeState & Started,
  { name, publicKey }: AuthMessage & { readonly tag: 'hello' },
  env: HandshakeEnv,
): Step {
  const known = { ...state, tag: 'looked' as const, peer: { name, publicKey } }
  if (env.role.tag === 'dialer' && env.role.dialed !== name) {
    return fail(known, 'wrongPeerName', { detail: `dialled ${env.role.dialed}` })
  }
  return [known, [{ tag: 'lookup', name }]]
}

function onExcused(
  state: HandshakeState & { readonly tag: 'excused' },
  lookup: PinLookup,
  env: HandshakeEnv,
): Step {
  if (!isExcused(lookup, env)) return fail(state, 'unexpectedAuthOk')
  return [{ tag: 'done' }, [{ tag: 'exempt', name: state.dialed }]]
}

/** A pin, or a file that may be one, always asks for its key (AMB-14). */
function isExcused(lookup: PinLookup, env: HandshakeEnv): boolean {
  return lookup.tag === 'notPinned' || env.exemptions === 'everybody'
}

function onLooked(
  state: HandshakeState & Known,
  lookup: PinLookup,
  mode: TrustMode,
  env: HandshakeEnv,
): Step {
  const { name, publicKey } = state.peer
  const listed = env.role.tag === 'acceptor' && isExempt(env.exemptions, name)
  if (listed && name !== env.selfName && isExcused(lookup, env)) {
    const answer = { tag: 'send' as const, message: { tag: 'ok' as const } }
    return [{ tag: 'done' }, [answer, { tag: 'exempt', name }]]
  }
  const selfKey = env.keypair.publicKey
  const question = { mode, lookup, name, publicKey, selfName: env.selfName, selfKey }
  const decision = decideTrust(question)
  if (decision.tag === 'reject') {
    return fail(state, decision.reason, {
      ...(decision.expected && { presented: publicKey, expected: decision.expected }),
      ...(lookup.tag === 'error' && { detail: lookup.message }),
    })
  }
  const known = { ...state, tag: 'challenge' as const, isNew: decision.isNew }
  if (env.role.tag === 'dialer') {
    const issuedMs = state.startedMs
    return [{ ...known, issuedMs, timestampMs: stamp(state, { ...env, nowMs: issuedMs }) }, []]
  }
  const timestampMs = stamp(state, env)
  const answer = [hello(env), challenge(env, timestampMs)]
  return [{ ...known, issuedMs: env.nowMs, timestampMs }, answer]
}

function onChallenge(
  state: HandshakeState & Challenged,
  { nonce, timestampMs }: AuthMessage & { readonly tag: 'challenge' },
  env: HandshakeEnv,
): Step {
  if (Buffer.compare(nonce, env.nonce) === 0) return fail(state, 'nonceReflected')
  // A timestamp beyond 2^53 loses digits here, and stays far outside any window.
  if (Math.abs(wallNow(state, env) - Number(timestampMs)) > 2 * env.timestampWindowMs) {
    return fail(state, 'peerTsSkew')
  }
  const facts = { ...binding(env), role: env.role.tag, nonce, timestampMs }
  const signature = signTranscript(env.signer, env.keypair, facts)
  if (!signature) return fail(state, 'channelBindingFailed')
  const message = { tag: 'response' as const, signature }
  const acceptorNonce = env.role.tag === 'dialer' ? nonce : env.nonce
  return [{ ...state, tag: 'response', acceptorNonce }, [{ tag: 'send', message }]]
}

function onResponse(
  state: HandshakeState & Answered,
  signature: Uint8Array,
  env: HandshakeEnv,
): Step {
  const facts: SignedFacts = {
    ...binding(env),
    role: peerRole(env),
    nonce: env.nonce,
    timestampMs: state.timestampMs,
    signerKey: state.peer.publicKey,
  }
  const inTime = env.nowMs - state.issuedMs <= env.timestampWindowMs
  if (!inTime || !verifyTranscript(env.signer, signature, facts)) {
    return fail(state, 'signatureVerificationFailed')
  }
  const accepted = { tag: 'send' as const, message: { tag: 'ok' as const } }
  const { peer, acceptorNonce } = state
  return [{ ...state, tag: 'ok' }, [accepted, { tag: 'proven', name: peer.name, acceptorNonce }]]
}

function fail(
  state: HandshakeState,
  reason: AuthReason,
  more: Omit<AuthFailure, 'reason' | 'peerName'> = {},
): Step {
  const claimed = 'peer' in state ? { peerName: state.peer.name } : {}
  const failed = { tag: 'fail' as const, failure: { reason, ...claimed, ...more } }
  const told = reasonForPeer(reason)
  if (told === undefined) return [{ tag: 'done' }, [failed]]
  const refusal = { tag: 'send' as const, message: { tag: 'fail' as const, reason: told } }
  return [{ tag: 'done' }, [refusal, failed]]
}

function hello(env: HandshakeEnv): HandshakeAction {
  const message = { name: env.selfName, publicKey: env.keypair.publicKey }
  return { tag: 'send', message: { tag: 'hello', ...message } }
}

function challenge({ nonce }: HandshakeEnv, timestampMs: bigint): HandshakeAction {
  return { tag: 'send', message: { tag: 'challenge', nonce, timestampMs } }
}

/** The time of a challenge made now. */
function stamp(state: Started, env: HandshakeEnv): bigint {
  return BigInt(Math.max(0, Math.floor(wallNow(state, env))))
}

function binding(env: HandshakeEnv): Pick<SignedFacts, 'serverCertHash' | 'clientCertHash'> {
  return { serverCertHash: env.serverCertHash, clientCertHash: env.clientCertHash }
}

function peerRole(env: HandshakeEnv): AuthRole {
  return env.role.tag === 'dialer' ? 'acceptor' : 'dialer'
}

function wallNow(state: Started, env: HandshakeEnv): number {
  return state.startedWallMs + (env.nowMs - state.startedMs)
}

function receivedBy(received: number | undefined): { readonly received?: number } {
  return received === undefined ? {} : { received }
}

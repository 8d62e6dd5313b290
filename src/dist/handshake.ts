/**
 * The dist handshake, pure: `(state, event, env) -> [state, actions]`. After Ed25519 both sides
 * exchange names, creations and flags, and prove the cookie:
 *
 *   dialer                         acceptor
 *   name            ->
 *                   <-             status, challenge
 *   reply           ->
 *                   <-             ack
 *
 * The names must be the ones that were authenticated. The acceptor is up once it has sent its ack,
 * the dialer once it has verified it; what the acceptor sends meanwhile waits in paused streams.
 *
 * Reply and ack are what can bring a side up, so each is sent only once this connection was chosen
 * among those under way between the two nodes (`admission.ts`).
 *
 * Where the acceptor has challenged the dialer's key before, its nonce of then does for the cookie
 * too: it is as fresh, and the dialer has verified whose it is. The dialer's proof then comes with
 * its name, and is answered in one word:
 *
 *   name, proof     ->
 *                   <-             status, welcome
 *
 * unless the acceptor dials too (the two have to agree which connection it is) or has flags that
 * the dialer may not know: then it asks as above. So no dialer is told welcome that has another
 * connection to choose.
 */
import { type CookieTranscript, cookieDigest, sameDigest } from './cookie.ts'
import type { CookieProof, HandshakeMessage, Status } from './handshake-message.ts'
import { knownFlags, protocolVersion } from './protocol.ts'

export type LinkRole = 'dialer' | 'acceptor'

export type HandshakeState =
  | { readonly tag: 'idle' }
  /** Dialer: name sent. */
  | { readonly tag: 'waitingStatus' }
  | { readonly tag: 'waitingChallenge' }
  | { readonly tag: 'waitingAck'; readonly nonce: Uint8Array; readonly peer: PeerFacts }
  /** Acceptor. */
  | { readonly tag: 'waitingName' }
  | { readonly tag: 'deciding'; readonly peer: PeerFacts; readonly proven?: Proven }
  | { readonly tag: 'waitingReply'; readonly nonce: Uint8Array; readonly peer: PeerFacts }
  /** Either side: what follows if this connection is the one. */
  | { readonly tag: 'choosing'; readonly next: HandshakeStep }
  | { readonly tag: 'done' }

/** The dialer's proof was right: the nonce for our own. */
type Proven = { readonly nonce: Uint8Array }

export type PeerFacts = {
  readonly node: string
  readonly creation: number
  readonly flags: readonly string[]
}

export type HandshakeEvent =
  | { readonly tag: 'start' }
  | { readonly tag: 'message'; readonly message: HandshakeMessage }
  /** The router's answer to `ask`. */
  | { readonly tag: 'decided'; readonly status: Status }
  /** Its answer to `choose`. */
  | { readonly tag: 'chosen'; readonly won: boolean }
  | { readonly tag: 'malformed' }

export type HandshakeFailure =
  | 'wrongNodeName'
  | 'cookieMismatch'
  | 'unexpectedMessage'
  | 'malformedMessage'
  | 'superseded'
  | 'alive'
  | 'unsupportedVersion'
  | 'unsupportedFlags'

export type HandshakeAction =
  | { readonly tag: 'send'; readonly message: HandshakeMessage }
  /** May a channel to this peer be made now? */
  | { readonly tag: 'ask'; readonly peer: PeerFacts }
  /** Is this the connection that the two nodes keep? */
  | { readonly tag: 'choose'; readonly peer: PeerFacts }
  | { readonly tag: 'up'; readonly peer: PeerFacts }
  /** `detail`: more of it, for the operator. */
  | { readonly tag: 'fail'; readonly reason: HandshakeFailure; readonly detail?: string }

export type HandshakeEnv = {
  readonly role: LinkRole
  readonly self: PeerFacts
  /** Flags we cannot do without; none unless told. */
  readonly mandatory?: readonly string[]
  /** The peer's name as Ed25519 proved it. */
  readonly authenticated: string
  readonly cookie: string
  readonly serverCertHash: Uint8Array
  readonly clientCertHash: Uint8Array
  /** 16 fresh random bytes. */
  readonly nonce: Uint8Array
  /** What the acceptor challenged the dialer's key with. Absent: neither was asked for its key. */
  readonly authNonce?: Uint8Array | undefined
}

type StatusMessage = Extract<HandshakeMessage, { readonly tag: 'status' }>

export type HandshakeStep = readonly [HandshakeState, readonly HandshakeAction[]]

export const newHandshake: HandshakeState = { tag: 'idle' }

const done: HandshakeState = { tag: 'done' }

export function stepHandshake(
  state: HandshakeState,
  event: HandshakeEvent,
  env: HandshakeEnv,
): HandshakeStep {
  if (state.tag === 'done') return [state, []]
  if (event.tag === 'malformed') return fail('malformedMessage')
  if (event.tag === 'start') return start(state, env)
  if (event.tag === 'decided') {
    return state.tag === 'deciding' ? decided(state, event.status, env) : [state, []]
  }
  if (event.tag === 'chosen') {
    if (state.tag !== 'choosing') return [state, []]
    return event.won ? state.next : fail('superseded')
  }
  const { message } = event
  switch (state.tag) {
    case 'waitingName':
      return message.tag === 'name' ? named(message, env) : fail('unexpectedMessage')
    case 'waitingStatus':
      return message.tag === 'status' ? statusOf(message) : fail('unexpectedMessage')
    case 'waitingChallenge':
      if (message.tag === 'welcome') return welcomed(message, env)
      return message.tag === 'challenge' ? challenged(message, env) : fail('unexpectedMessage')
    case 'waitingReply':
      return message.tag === 'reply' ? replied(message, state, env) : fail('unexpectedMessage')
    case 'waitingAck':
      return message.tag === 'ack' ? acked(message, state, env) : fail('unexpectedMessage')
    default:
      return fail('unexpectedMessage')
  }
}

function start(state: HandshakeState, env: HandshakeEnv): HandshakeStep {
  if (state.tag !== 'idle') return [state, []]
  if (env.role === 'acceptor') return [{ tag: 'waitingName' }, []]
  const { node, creation, flags } = env.self
  const message: HandshakeMessage = {
    tag: 'name',
    version: protocolVersion,
    node,
    creation,
    flags,
    mandatory: env.mandatory ?? [],
    ...(env.authNonce && { proof: proofOver(env.authNonce, env) }),
  }
  return [{ tag: 'waitingStatus' }, [{ tag: 'send', message }]]
}

function named(
  message: Extract<HandshakeMessage, { readonly tag: 'name' }>,
  env: HandshakeEnv,
): HandshakeStep {
  if (message.node !== env.authenticated) return fail('wrongNodeName')
  if (message.version !== protocolVersion) {
    const detail = `version ${message.version}; this node speaks ${protocolVersion}`
    return refuse('unsupportedVersion', detail)
  }
  const missing = missingFlags(message.mandatory)
  if (missing !== undefined) return refuse('unsupportedFlags', missing)
  const peer = { node: message.node, creation: message.creation, flags: message.flags }
  const { proof } = message
  // A proof over a nonce that was never given is none.
  if (proof === undefined || env.authNonce === undefined) {
    return [{ tag: 'deciding', peer }, [{ tag: 'ask', peer }]]
  }
  if (!isProof(proof, env.authNonce, env)) return fail('cookieMismatch')
  return [{ tag: 'deciding', peer, proven: proof }, [{ tag: 'ask', peer }]]
}

function decided(
  { peer, proven }: HandshakeState & { readonly tag: 'deciding' },
  status: Status,
  env: HandshakeEnv,
): HandshakeStep {
  const answer: HandshakeAction = { tag: 'send', message: { tag: 'status', status } }
  if (status !== 'ok' && status !== 'okSimultaneous') {
    return [done, [answer, { tag: 'fail', reason: failureOf(status) }]]
  }
  const { nonce, self, mandatory = [] } = env
  const facts = { node: self.node, creation: self.creation, flags: self.flags, mandatory }
  const isKnown = mandatory.every((flag) => peer.flags.includes(flag))
  if (proven !== undefined && status === 'ok' && isKnown) {
    const digest = cookieDigest(env.cookie, transcript('acceptor', proven.nonce, env))
    const welcome: HandshakeAction = { tag: 'send', message: { tag: 'welcome', digest, ...facts } }
    return choosing(peer, [done, [answer, welcome, { tag: 'up', peer }]])
  }
  return [
    { tag: 'waitingReply', nonce, peer },
    [answer, { tag: 'send', message: { tag: 'challenge', nonce, ...facts } }],
  ]
}

function statusOf({ status, detail }: StatusMessage): HandshakeStep {
  if (status === 'ok' || status === 'okSimultaneous') return [{ tag: 'waitingChallenge' }, []]
  return fail(failureOf(status), detail)
}

/** What we do not know of the flags that the peer cannot do without. */
function missingFlags(mandatory: readonly string[]): string | undefined {
  const missing = mandatory.filter((flag) => !knownFlags.includes(flag))
  return missing.length === 0 ? undefined : `not known: ${missing.join(', ')}`.slice(0, 256)
}

function challenged(
  message: Extract<HandshakeMessage, { readonly tag: 'challenge' }>,
  env: HandshakeEnv,
): HandshakeStep {
  const mismatch = mismatched(message, env)
  if (mismatch !== undefined) return mismatch
  const peer = { node: message.node, creation: message.creation, flags: message.flags }
  const proof = proofOver(message.nonce, env)
  return choosing(peer, [
    { tag: 'waitingAck', nonce: proof.nonce, peer },
    [{ tag: 'send', message: { tag: 'reply', ...proof } }],
  ])
}

function welcomed(
  message: Extract<HandshakeMessage, { readonly tag: 'welcome' }>,
  env: HandshakeEnv,
): HandshakeStep {
  if (env.authNonce === undefined) return fail('unexpectedMessage')
  const mismatch = mismatched(message, env)
  if (mismatch !== undefined) return mismatch
  const peer = { node: message.node, creation: message.creation, flags: message.flags }
  const expected = cookieDigest(env.cookie, transcript('acceptor', env.nonce, env))
  if (!sameDigest(message.digest, expected)) return fail('cookieMismatch')
  return choosing(peer, [done, [{ tag: 'up', peer }]])
}

/** The acceptor is not who it was to be, or needs what we do not have. */
function mismatched(
  { node, mandatory }: Extract<HandshakeMessage, { readonly tag: 'challenge' | 'welcome' }>,
  env: HandshakeEnv,
): HandshakeStep | undefined {
  if (node !== env.authenticated) return fail('wrongNodeName')
  const missing = missingFlags(mandatory)
  return missing === undefined ? undefined : fail('unsupportedFlags', missing)
}

function replied(
  message: Extract<HandshakeMessage, { readonly tag: 'reply' }>,
  state: Extract<HandshakeState, { readonly tag: 'waitingReply' }>,
  env: HandshakeEnv,
): HandshakeStep {
  if (!isProof(message, state.nonce, env)) return fail('cookieMismatch')
  const digest = cookieDigest(env.cookie, transcript('acceptor', message.nonce, env))
  return choosing(state.peer, [
    done,
    [
      { tag: 'send', message: { tag: 'ack', digest } },
      { tag: 'up', peer: state.peer },
    ],
  ])
}

function acked(
  message: Extract<HandshakeMessage, { readonly tag: 'ack' }>,
  state: Extract<HandshakeState, { readonly tag: 'waitingAck' }>,
  env: HandshakeEnv,
): HandshakeStep {
  const expected = cookieDigest(env.cookie, transcript('acceptor', state.nonce, env))
  if (!sameDigest(message.digest, expected)) return fail('cookieMismatch')
  return [done, [{ tag: 'up', peer: state.peer }]]
}

function choosing(peer: PeerFacts, next: HandshakeStep): HandshakeStep {
  return [{ tag: 'choosing', next }, [{ tag: 'choose', peer }]]
}

/** The dialer's, over what the acceptor chose. */
function proofOver(nonce: Uint8Array, env: HandshakeEnv): CookieProof {
  const digest = cookieDigest(env.cookie, transcript('dialer', nonce, env))
  return { nonce: env.nonce, digest }
}

function isProof({ digest }: CookieProof, nonce: Uint8Array, env: HandshakeEnv): boolean {
  return sameDigest(digest, cookieDigest(env.cookie, transcript('dialer', nonce, env)))
}

function transcript(role: LinkRole, nonce: Uint8Array, env: HandshakeEnv): CookieTranscript {
  const { serverCertHash, clientCertHash } = env
  const dialer = env.role === 'dialer' ? env.self.node : env.authenticated
  const acceptor = env.role === 'dialer' ? env.authenticated : env.self.node
  return { role, nonce, dialer, acceptor, serverCertHash, clientCertHash }
}

function failureOf(status: Status): HandshakeFailure {
  return status === 'alive' || status === 'unsupportedVersion' || status === 'unsupportedFlags'
    ? status
    : 'superseded'
}

function refuse(status: Status, detail: string): HandshakeStep {
  return [
    done,
    [
      { tag: 'send', message: { tag: 'status', status, detail } },
      { tag: 'fail', reason: failureOf(status), detail },
    ],
  ]
}

function fail(reason: HandshakeFailure, detail?: string): HandshakeStep {
  return [done, [detail === undefined ? { tag: 'fail', reason } : { tag: 'fail', reason, detail }]]
}

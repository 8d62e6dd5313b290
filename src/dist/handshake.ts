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
 */
import { type CookieTranscript, cookieDigest, sameDigest } from './cookie.ts'
import type { HandshakeMessage, Status } from './handshake-message.ts'
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
  | { readonly tag: 'deciding'; readonly peer: PeerFacts }
  | { readonly tag: 'waitingReply'; readonly nonce: Uint8Array; readonly peer: PeerFacts }
  /** Either side: what follows if this connection is the one. */
  | { readonly tag: 'choosing'; readonly next: HandshakeStep }
  | { readonly tag: 'done' }

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
    return state.tag === 'deciding' ? decided(state.peer, event.status, env) : [state, []]
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
  return [{ tag: 'deciding', peer }, [{ tag: 'ask', peer }]]
}

function decided(peer: PeerFacts, status: Status, env: HandshakeEnv): HandshakeStep {
  const answer: HandshakeAction = { tag: 'send', message: { tag: 'status', status } }
  if (status !== 'ok' && status !== 'okSimultaneous') {
    return [done, [answer, { tag: 'fail', reason: failureOf(status) }]]
  }
  const { nonce } = env
  return [
    { tag: 'waitingReply', nonce, peer },
    [answer, { tag: 'send', message: challengeOf(nonce, env) }],
  ]
}

function challengeOf(nonce: Uint8Array, { self, mandatory = [] }: HandshakeEnv): HandshakeMessage {
  const { node, creation, flags } = self
  return { tag: 'challenge', nonce, node, creation, flags, mandatory }
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
  if (message.node !== env.authenticated) return fail('wrongNodeName')
  const missing = missingFlags(message.mandatory)
  if (missing !== undefined) return fail('unsupportedFlags', missing)
  const peer = { node: message.node, creation: message.creation, flags: message.flags }
  const { nonce } = env
  const digest = cookieDigest(env.cookie, transcript('dialer', message.nonce, env))
  return choosing(peer, [
    { tag: 'waitingAck', nonce, peer },
    [{ tag: 'send', message: { tag: 'reply', nonce, digest } }],
  ])
}

function replied(
  message: Extract<HandshakeMessage, { readonly tag: 'reply' }>,
  state: Extract<HandshakeState, { readonly tag: 'waitingReply' }>,
  env: HandshakeEnv,
): HandshakeStep {
  const expected = cookieDigest(env.cookie, transcript('dialer', state.nonce, env))
  if (!sameDigest(message.digest, expected)) return fail('cookieMismatch')
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

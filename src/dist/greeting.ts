/**
 * Runs the dist handshake of one connection: feeds the rule (`handshake.ts`) with messages from
 * the control stream, carries out its actions, and decides for it whether a channel to this peer
 * may be made now. Ends with the facts of the peer and the control stream, or with a reason, by
 * one deadline. What was learned of the peer's key is kept before this side is up and before the
 * message that brings the other side up.
 *
 * A dialer begins, which is to say its name, as soon as the acceptor has proved its key: the name,
 * and its proof of the cookie, then leave with its proof of its own key, and the acceptor, which
 * hears nothing of them before it has accepted that (`incoming.ts`), answers all at once. The
 * dialer in turn hears no answer before it was told that it is accepted.
 */
import { type Self, send } from '../../runtime/index.ts'
import type { Timeout } from '../../runtime/kernel.ts'
import type { CloseInfo, Connection } from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { admit, choose } from './admission.ts'
import type { DistContext } from './context.ts'
import { ControlStream } from './control-stream.ts'
import { cookieNonceBytes } from './cookie.ts'
import {
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  type HandshakeFailure,
  type HandshakeState,
  newHandshake,
  type PeerFacts,
  stepHandshake,
} from './handshake.ts'
import type { HandshakeMessage } from './handshake-message.ts'
import type { Incoming } from './incoming.ts'
import type { Known } from './peer-auth.ts'
import { closeCode } from './protocol.ts'

export type Greeting =
  | { readonly tag: 'ok'; readonly peer: PeerFacts; readonly control: ControlStream }
  | {
      readonly tag: 'error'
      readonly reason: HandshakeFailure | 'timeout' | 'closed' | 'keyNotKept'
      /** `closed`: what the peer said; `keyNotKept`, `unsupportedFlags` and the like: why. */
      readonly detail?: string
    }

type Closed = { readonly tag: '$closed'; readonly info: CloseInfo }

type GreetingMessage = { readonly tag: '$greeting'; readonly message: HandshakeMessage | null }

function isGreeting(message: unknown): message is GreetingMessage {
  return hasTag(message, '$greeting')
}

/** Handshake messages, and the end of the connection, which is left for the caller to read. */
function isNews(message: unknown): message is GreetingMessage | Closed {
  return isGreeting(message) || hasTag(message, '$closed')
}

function hasTag(message: unknown, tag: string): boolean {
  return typeof message === 'object' && message !== null && 'tag' in message && message.tag === tag
}

/** A handshake that has begun. */
export type Begun = {
  readonly control: ControlStream
  readonly env: HandshakeEnv
  readonly state: HandshakeState
}

/** The beginning of a greeting. It can be made ready ahead of time, and is said in `begin`. */
export class Opening {
  readonly #self: Self
  readonly #context: DistContext
  readonly #connection: Connection
  readonly #incoming: Incoming
  #control: ControlStream | undefined
  #begun: Begun | undefined

  constructor(self: Self, context: DistContext, connection: Connection, incoming: Incoming) {
    this.#self = self
    this.#context = context
    this.#connection = connection
    this.#incoming = incoming
  }

  /** Makes ready what needs no knowledge of the peer. */
  prepare(): ControlStream {
    const { pid } = this.#self
    this.#control ??= new ControlStream(this.#connection, this.#incoming, {
      onHandshake: (message) => send(pid, { tag: '$greeting', message: message ?? null }),
      onPing: () => send(pid, { tag: '$ping' }),
    })
    return this.#control
  }

  /**
   * Begins with the peer, whose name is `name`; `authNonce` as in the rule. The second time it
   * does nothing.
   */
  begin(name: string, authNonce: Uint8Array | undefined): Begun {
    this.#begun ??= this.#started(this.prepare(), name, authNonce)
    return this.#begun
  }

  #started(control: ControlStream, name: string, authNonce: Uint8Array | undefined): Begun {
    const env = { ...handshakeEnv(this.#context, this.#connection, name), authNonce }
    const [state, actions] = stepHandshake(newHandshake, { tag: 'start' }, env)
    for (const action of actions) if (action.tag === 'send') control.sendHandshake(action.message)
    control.open()
    return { control, env, state }
  }
}

/** Brings it to its end. */
export async function greet(
  self: Self,
  context: DistContext,
  connection: Connection,
  known: Known,
  begun: Begun,
): Promise<Greeting> {
  const { clock } = context.system.platform
  const deadlineMs = clock.now() + limits.distHandshakeTimeoutMs
  const { control, env } = begun
  let state = begun.state
  let decision: HandshakeEvent | undefined
  for (;;) {
    let event = decision
    // Our decision may have taken longer than the peer waited: its close is then read below.
    if (event === undefined || connection.closed) {
      const timeoutMs = Math.max(0, deadlineMs - clock.now())
      const news = await self.receive(isNews, { timeoutMs, otherwise: null })
      if (news === null) return { tag: 'error', reason: 'timeout' }
      if (news.tag === '$closed') return closed(news.info)
      const { message } = news
      event = message === null ? { tag: 'malformed' } : { tag: 'message', message }
    }
    const [after, actions]: readonly [HandshakeState, readonly HandshakeAction[]] = stepHandshake(
      state,
      event,
      env,
    )
    state = after
    if (actions.some(({ tag }) => tag === 'up') && !context.auth.isKept(known)) {
      const unkept = await self.wait(kept(context, known, deadlineMs - clock.now()))
      if (unkept !== undefined) return unkept
    }
    decision = undefined
    for (const action of actions) {
      switch (action.tag) {
        case 'send':
          control.sendHandshake(action.message)
          break
        case 'ask': {
          const status = await admit(self, context, action.peer)
          decision = { tag: 'decided', status }
          break
        }
        case 'choose': {
          const won = await choose(self, context, connection, action.peer)
          decision = { tag: 'chosen', won }
          break
        }
        case 'up':
          return { tag: 'ok', peer: action.peer, control }
        case 'fail':
          return { ...action, tag: 'error' }
      }
    }
  }
}

/** Why the peer's key could not be kept; undefined when it was. */
async function kept(
  { auth, system }: DistContext,
  known: Known,
  leftMs: number,
): Promise<Greeting | undefined> {
  let deadline: Timeout | undefined
  const late = new Promise<Greeting>((resolve) => {
    const timedOut = (): void => resolve({ tag: 'error', reason: 'timeout' })
    deadline = system.timeouts.add(Math.max(0, leftMs), timedOut)
  })
  const keeping = auth.keep(known).then((failed): Greeting | undefined => {
    return failed && { tag: 'error', reason: 'keyNotKept', detail: failed.message }
  })
  try {
    return await Promise.race([keeping, late])
  } finally {
    deadline?.cancel()
  }
}

/** The close may overtake the status that explains it. */
function closed({ by, code, reason }: CloseInfo): Greeting {
  if (by !== 'peer' && by !== 'local') return { tag: 'error', reason: 'closed' }
  return code === closeCode.superseded
    ? { tag: 'error', reason: 'superseded' }
    : { tag: 'error', reason: 'closed', detail: reason }
}

function handshakeEnv(
  context: DistContext,
  connection: Connection,
  authenticated: string,
): HandshakeEnv {
  const { system, cookie, flags } = context
  const dialer = connection.role === 'dialer'
  return {
    role: connection.role,
    self: { node: system.node, creation: system.creation, flags },
    authenticated,
    cookie,
    serverCertHash: dialer ? connection.peerCertHash : connection.localCertHash,
    clientCertHash: dialer ? connection.localCertHash : connection.peerCertHash,
    nonce: system.platform.random.bytes(cookieNonceBytes),
  }
}

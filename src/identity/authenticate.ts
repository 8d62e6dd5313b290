/**
 * Runs one authentication over a pair of byte pipes: feeds the handshake rule with decoded
 * messages, answers of the trust store and the deadline, and performs what it decides.
 *
 * Invariants: the promise settles once and never hangs past the deadline; afterwards no timer is
 * left and the pipe's callbacks are unset. Events are applied one after the other, also when a
 * pipe calls back from within `send`; while the trust store is asked, messages wait in the frame
 * reader, which holds one message at most. One deadline, set at the start, bounds the whole, so
 * that dribbling bytes gain nothing.
 *
 * With a slow signer the next message waits for a later turn when something was sent: it leaves
 * first, and both sides sign at the same time, and verify at the same time.
 */
import type { Platform, TimerHandle } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import { type AuthFailure, describeAuthFailure } from './auth-failure.ts'
import {
  AuthFrameReader,
  decodeAuthMessage,
  encodeAuthMessage,
  nonceBytes,
} from './auth-message.ts'
import type { Exemptions } from './cookie-only.ts'
import { ed25519, fingerprint, type Signer } from './ed25519.ts'
import {
  type AcceptorNonce,
  type HandshakeAction,
  type HandshakeEnv,
  type HandshakeEvent,
  type HandshakeState,
  newHandshake,
  stepHandshake,
} from './handshake.ts'
import type { TrustStore } from './trust-store.ts'

/**
 * Our outgoing stream and the peer's. The adapter opens ours with the first `send` and calls
 * `onReset` when either stream is given up or the connection closes. Bytes given to `onBytes` may
 * be reused after it returns.
 */
export interface AuthPipe {
  /** Queues bytes on our stream. Never throws; after `end` or a reset it does nothing. */
  send(bytes: Uint8Array): void
  /** Ends our stream once everything queued is sent. */
  end(): void
  onBytes: ((bytes: Uint8Array) => void) | undefined
  onEnd: (() => void) | undefined
  onReset: ((code: number) => void) | undefined
}

export type AuthenticateOptions = Pick<
  HandshakeEnv,
  'role' | 'selfName' | 'keypair' | 'serverCertHash' | 'clientCertHash'
> & {
  readonly pipe: AuthPipe
  readonly trust: TrustStore
  readonly platform: Pick<Platform, 'clock' | 'random' | 'turn'>
  /** Default `limits.authHandshakeTimeoutMs`. */
  readonly timeoutMs?: number
  /** Default `limits.authTimestampWindowMs`. */
  readonly timestampWindowMs?: number
  /** Default: the reference. */
  readonly signer?: Signer
  /** Peers that need not prove a key. Default: none. */
  readonly exemptions?: Exemptions
  /**
   * Called when the peer has proved its key and was told so, before it says whether it accepts
   * ours: what is sent in here leaves together with that word. Not called for exempt peers.
   */
  readonly onProven?: ((proven: AcceptorNonce) => void) | undefined
}

export type AuthResult =
  | {
      readonly tag: 'ok'
      readonly name: string
      readonly publicKey: Uint8Array
      /** Its name has no pin yet: to be pinned once it has proved the cookie too. */
      readonly firstContact: boolean
      /** 32 random bytes of the acceptor, which both sides know now. */
      readonly acceptorNonce: Uint8Array
    }
  /** Nothing is proven: the cookie alone decides whether the peer is `name`. */
  | { readonly tag: 'exempt'; readonly name: string }
  | ({
      readonly tag: 'error'
      /** One sentence for the operator. */
      readonly message: string
      /** For `keyMismatch`: SHA-256 of the two keys, hex. */
      readonly fingerprints?: { readonly presented: string; readonly expected: string }
    } & Pick<AuthFailure, 'reason' | 'peerName' | 'peerReason'>)

/** Authenticates the peer at the other end of `pipe`. Every outcome of the peer is a value. */
export function authenticate(options: AuthenticateOptions): Promise<AuthResult> {
  return new Promise((resolve, reject) => new Authentication(options, resolve, reject).start())
}

type Fixed = Omit<HandshakeEnv, 'nowMs' | 'wallMs'>

class Authentication {
  readonly #options: AuthenticateOptions
  readonly #fixed: Fixed
  readonly #resolve: (result: AuthResult) => void
  readonly #reject: (error: unknown) => void
  readonly #reader = new AuthFrameReader()
  #state: HandshakeState = newHandshake
  #deadline: TimerHandle | undefined
  /** Ours: the start, answers of the trust store, the deadline. They go before the peer's. */
  readonly #own: HandshakeEvent[] = []
  /** How the peer's stream ended; comes after the messages before it. */
  #over: HandshakeEvent | undefined
  #overflowed = false
  #asking = false
  /** What was sent last has not left yet. */
  #leaving = false
  #applying = false
  #closed = false

  constructor(
    options: AuthenticateOptions,
    resolve: (result: AuthResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#fixed = {
      role: options.role,
      selfName: options.selfName,
      keypair: options.keypair,
      serverCertHash: options.serverCertHash,
      clientCertHash: options.clientCertHash,
      signer: options.signer ?? ed25519,
      exemptions: options.exemptions ?? [],
      nonce: options.platform.random.bytes(nonceBytes),
      timestampWindowMs: options.timestampWindowMs ?? limits.authTimestampWindowMs,
    }
  }

  start(): void {
    const { pipe, platform, timeoutMs = limits.authHandshakeTimeoutMs } = this.#options
    this.#deadline = platform.clock.after(timeoutMs, () => this.#tell({ tag: 'deadline' }))
    pipe.onBytes = (bytes) => {
      if (!this.#reader.push(bytes)) this.#overflowed = true
      this.#applyAll()
    }
    pipe.onEnd = () => this.#endWith({ tag: 'streamEnded' })
    pipe.onReset = (code) => this.#endWith({ tag: 'streamReset', code })
    this.#tell({ tag: 'start' })
  }

  #tell(event: HandshakeEvent): void {
    this.#own.push(event)
    this.#applyAll()
  }

  #endWith(event: HandshakeEvent): void {
    this.#over ??= event
    this.#applyAll()
  }

  #applyAll(): void {
    if (this.#applying) return
    this.#applying = true
    try {
      for (let event = this.#next(); event; event = this.#next()) this.#apply(event)
    } catch (error) {
      this.#abort(error)
    }
    this.#applying = false
  }

  #next(): HandshakeEvent | undefined {
    if (this.#closed) return undefined
    const own = this.#own.shift()
    if (own || this.#asking || this.#leaving) return own
    const frame = this.#reader.next()
    if (frame) {
      const decoded = decodeAuthMessage(frame)
      return decoded.tag === 'ok'
        ? { tag: 'message', message: decoded.message }
        : { tag: 'malformed', error: decoded }
    }
    if (this.#overflowed || this.#reader.hopeless) {
      return { tag: 'malformed', error: { tag: 'error', reason: 'messageTooLarge' } }
    }
    const over = this.#over
    this.#over = undefined
    return over
  }

  #apply(event: HandshakeEvent): void {
    const { clock } = this.#options.platform
    const env = { ...this.#fixed, nowMs: clock.now(), wallMs: clock.wallMs() }
    const [state, actions] = stepHandshake(this.#state, event, env)
    this.#state = state
    for (const action of actions) this.#perform(action)
    if (env.signer.isSlow && actions.some(({ tag }) => tag === 'send')) this.#letLeave()
  }

  #letLeave(): void {
    this.#leaving = true
    this.#options.platform.turn.later(() => {
      this.#leaving = false
      this.#applyAll()
    })
  }

  #perform(action: HandshakeAction): void {
    const { pipe, trust } = this.#options
    switch (action.tag) {
      case 'send':
        pipe.send(encodeAuthMessage(action.message))
        break
      case 'lookup':
        this.#ask(trust.lookupPin(action.name), (lookup) => ({
          tag: 'looked',
          lookup,
          mode: trust.trustMode,
        }))
        break
      case 'proven':
        this.#options.onProven?.(action)
        break
      case 'finish':
        this.#close()
        this.#resolve(acceptedOf(action))
        break
      case 'exempt':
        this.#close()
        this.#resolve(action)
        break
      case 'fail':
        this.#close()
        this.#resolve(errorOf(action.failure))
        break
    }
  }

  #ask<T>(answer: Promise<T>, toEvent: (value: T) => HandshakeEvent): void {
    this.#asking = true
    answer.then(
      (value) => {
        this.#asking = false
        this.#tell(toEvent(value))
      },
      (error: unknown) => this.#abort(error),
    )
  }

  /** A port or signer broke its contract: the caller learns it, nothing is left behind. */
  #abort(error: unknown): void {
    if (this.#closed) return
    this.#close()
    this.#reject(error)
  }

  #close(): void {
    const { pipe, platform } = this.#options
    this.#closed = true
    if (this.#deadline) platform.clock.cancel(this.#deadline)
    pipe.onBytes = undefined
    pipe.onEnd = undefined
    pipe.onReset = undefined
    pipe.end()
  }
}

function acceptedOf({
  peer,
  firstContact,
  acceptorNonce,
}: HandshakeAction & { readonly tag: 'finish' }): AuthResult {
  return { tag: 'ok', ...peer, firstContact, acceptorNonce }
}

function errorOf(failure: AuthFailure): AuthResult {
  const { reason, peerName, peerReason, presented, expected } = failure
  return {
    tag: 'error',
    reason,
    message: describeAuthFailure(failure),
    ...(peerName !== undefined && { peerName }),
    ...(peerReason !== undefined && { peerReason }),
    ...(presented &&
      expected && {
        fingerprints: { presented: fingerprint(presented), expected: fingerprint(expected) },
      }),
  }
}

/**
 * Authentication of the peers of one node: who we are, whom we trust, what is counted and logged.
 * A link process asks it twice: who is there, once the transport stands; and to keep what was
 * learned, once the peer has proved the cookie too. So a stranger without the cookie pins nothing
 * and can claim no name for itself.
 */
import type { System } from '../../runtime/kernel.ts'
import type { Connection } from '../carrier/carrier.ts'
import {
  type AcceptorNonce,
  type AuthPipe,
  type AuthResult,
  authenticate,
  type Exemptions,
  fingerprint,
  type KeyRing,
  type Signer,
  type TrustStore,
} from '../identity/index.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Greeting } from './greeting.ts'

export type PeerAuthOptions = {
  readonly keys: KeyRing
  readonly signer: Signer
  readonly trust: TrustStore
  /** Peers that need not prove a key. */
  readonly exemptions: Exemptions
  readonly timeoutMs: number
  readonly timestampWindowMs: number
}

/** Who the peer is, as far as is known before the cookie. */
export type Known = Extract<AuthResult, { readonly tag: 'ok' | 'exempt' }>

type NotKept = { readonly reason: string; readonly message: string }

export class PeerAuth {
  readonly trust: TrustStore
  readonly keys: KeyRing
  readonly metrics: Metrics
  readonly #system: System
  readonly #options: PeerAuthOptions
  #excusedOne = false

  constructor(system: System, metrics: Metrics, options: PeerAuthOptions) {
    this.#system = system
    this.metrics = metrics
    this.#options = options
    this.trust = options.trust
    this.keys = options.keys
  }

  /**
   * Authenticates the peer; `dialed` is the node we dialled. Every outcome is counted. When this
   * returns, the callbacks of `pipe` are set. `onProven` as in `authenticate`.
   */
  async identify(
    connection: Connection,
    pipe: AuthPipe,
    dialed: string | undefined,
    onProven?: (proven: AcceptorNonce) => void,
  ): Promise<AuthResult> {
    const { clock } = this.#system.platform
    const startedMs = clock.now()
    const count = (outcome: 'ok' | 'fail', reason: string): void => {
      const labels = { role: roleOf(connection), outcome }
      this.metrics.count('skein.dist.auth.attempts', { ...labels, reason })
      this.metrics.record('skein.dist.auth.duration_ms', labels, clock.now() - startedMs)
    }
    try {
      const result = await this.#authenticate(connection, pipe, dialed, onProven)
      if (result.tag === 'error') count('fail', result.reason)
      else count('ok', reasonOf(result))
      if (result.tag === 'error') this.#reportFailure(connection, dialed, result)
      if (result.tag === 'exempt') this.#reportExempt(result.name)
      return result
    } catch (error) {
      count('fail', 'exception')
      throw error
    }
  }

  /**
   * The peer has proved the cookie: true when nothing new is to be kept of it, and then it is noted
   * that it was seen.
   */
  isKept(known: Known): boolean {
    if (known.tag === 'exempt') return true
    if (known.firstContact) return false
    this.#options.trust.markSeen(known.name)
    return true
  }

  /** Pins a key that is new. What it gives is why it cannot be kept: the peer is then refused. */
  async keep(known: Known): Promise<NotKept | undefined> {
    if (this.isKept(known) || known.tag === 'exempt') return undefined
    const { trust } = this.#options
    const kept = await trust.storeKeyIfNew(known.name, known.publicKey)
    if (kept.tag === 'error') {
      this.metrics.count('skein.dist.auth.pins', { outcome: 'fail', reason: kept.reason })
      return kept
    }
    this.metrics.count('skein.dist.auth.pins', { outcome: 'ok', reason: 'firstContact' })
    const print = fingerprint(known.publicKey)
    this.#log('info', 'key pinned at first contact', { peer: known.name, fingerprint: print })
    return undefined
  }

  /** Counts the end of a dist handshake, in which the cookie is proved. */
  countGreeting(connection: Connection, greeting: Greeting): void {
    const outcome = greeting.tag === 'ok' ? 'ok' : 'fail'
    const reason = greeting.tag === 'ok' ? 'up' : greeting.reason
    const labels = { role: roleOf(connection), outcome, reason }
    this.metrics.count('skein.dist.handshake.attempts', labels)
  }

  #authenticate(
    connection: Connection,
    pipe: AuthPipe,
    dialed: string | undefined,
    onProven: ((proven: AcceptorNonce) => void) | undefined,
  ): Promise<AuthResult> {
    const dialer = connection.role === 'dialer'
    const { keys, ...options } = this.#options
    return authenticate({
      ...options,
      keypair: keys.keypair,
      role: dialed === undefined ? { tag: 'acceptor' } : { tag: 'dialer', dialed },
      selfName: this.#system.node,
      pipe,
      onProven,
      platform: this.#system.platform,
      serverCertHash: dialer ? connection.peerCertHash : connection.localCertHash,
      clientCertHash: dialer ? connection.localCertHash : connection.peerCertHash,
    })
  }

  #reportFailure(
    connection: Connection,
    dialed: string | undefined,
    result: Extract<AuthResult, { readonly tag: 'error' }>,
  ): void {
    const { reason, message, peerName, peerReason, fingerprints } = result
    const { host, port } = connection.peerAddress
    this.#log('warning', 'authentication failed', {
      reason,
      detail: message,
      peer: dialed ?? peerName ?? 'unknown',
      address: `${host}:${port}`,
      ...(peerReason === undefined ? {} : { peerReason }),
      ...(fingerprints === undefined ? {} : { fingerprints }),
    })
  }

  /** Once per run of the node: with many such peers the log would say nothing else. */
  #reportExempt(peer: string): void {
    if (this.#excusedOne || this.#options.exemptions === 'everybody') return
    this.#excusedOne = true
    this.#log('warning', 'a peer need not prove its key: the cookie alone decides', { peer })
  }

  #log(
    level: 'info' | 'warning',
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#system.trace.log(level, message, fields)
  }
}

function roleOf({ role }: Connection): 'outgoing' | 'incoming' {
  return role === 'dialer' ? 'outgoing' : 'incoming'
}

function reasonOf(known: Known): string {
  if (known.tag === 'exempt') return 'exempt'
  return known.firstContact ? 'firstContact' : 'pinned'
}

/**
 * Strangers at the door: what becomes of a datagram that may open a connection.
 *
 * Invariants: nothing a stranger sends costs more than a bounded amount. There is no state below
 * 1200 bytes (RFC 9000, 14.1); half-open connections and connections are capped; a handshake has a
 * deadline from the moment it is accepted. While all is quiet a dialer is admitted at once; when
 * places get scarce or attempts turn out fruitless, it is asked to prove its address first (Retry),
 * which keeps nothing here. Beyond `connectionsMax` an Initial is dropped in silence; an honest
 * dialer retransmits it.
 */
import type { RemoteInfo } from 'node:dgram'
import { limits } from '../../limits.ts'
import type { Address } from '../carrier.ts'
import type { NativeConfig, NativeConnection, Quiche } from './binding.ts'
import { Budget } from './budget.ts'
import type { QuicConnection } from './connection.ts'
import { HalfOpen } from './half-open.ts'
import type { QuicSettings } from './options.ts'
import { connectionIdBytes, type InitialHeader, initialHeader, keyOf } from './packet.ts'
import { type ResetTokens, tokenNumber } from './reset-token.ts'
import { RetryTokens } from './retry-token.ts'
import type { DatagramSocket } from './socket.ts'

const retryKeyBytes = 32

/** What the acceptor needs of its endpoint. */
export interface AcceptorHost {
  readonly quiche: Quiche
  readonly settings: QuicSettings
  readonly socket: DatagramSocket
  readonly resetTokens: ResetTokens
  readonly connectionCount: number
  configFor(host: string): NativeConfig
  /** False: no handshake with a stranger at this address for now. */
  admits(host: string): boolean
  randomBytes(size: number): Uint8Array
  /** Makes a connection that is not in any table yet. */
  wrap(native: NativeConnection, peer: Address): QuicConnection
  /** Takes it in, routed by `keys`. */
  adopt(connection: QuicConnection, keys: readonly string[]): void
}

type HalfOpened = { readonly host: string; readonly deadline: NodeJS.Timeout }

export class Acceptor {
  readonly #host: AcceptorHost
  readonly #retryTokens: RetryTokens
  readonly #places: HalfOpen<QuicConnection>
  readonly #deadlines = new Map<QuicConnection, HalfOpened>()
  /** Attempts that came to nothing: junk, and silence after the first packet. */
  readonly #fruitless = new Budget(limits.carrierJunkAttemptsPerSecond)

  constructor(host: AcceptorHost) {
    this.#host = host
    this.#retryTokens = new RetryTokens(host.randomBytes(retryKeyBytes))
    const { halfOpenMax } = host.settings
    this.#places = new HalfOpen(halfOpenMax, limits.carrierHalfOpenPerAddressMax)
  }

  /** A datagram with a long header and an unknown destination id, of which `key` is the key. */
  onStranger(datagram: Buffer, key: string, from: RemoteInfo): void {
    const { quiche, settings, connectionCount } = this.#host
    const header = initialHeader(quiche, datagram)
    if (header === undefined) return
    const peer = { host: from.address, port: from.port }
    if (!this.#host.admits(peer.host)) return
    const nowMs = performance.now()
    const isProven = header.token !== undefined && header.token.length > 0
    const original = isProven
      ? this.#retryTokens.open(header.token!, peer, header.dcid, nowMs)
      : undefined
    if (isProven && original === undefined) return
    const verdict = this.#places.judge(peer.host, isProven)
    if (verdict.tag === 'retry' || (!isProven && !this.#fruitless.has(nowMs))) {
      this.#retry(header, peer, nowMs)
      return
    }
    if (verdict.evicted !== undefined) this.#giveUp(verdict.evicted, 'others need the place')
    else if (connectionCount >= settings.connectionsMax) return
    this.#admit(header, original, { datagram, key, peer })
  }

  /** It is established, or over. Does nothing the second time. */
  settle(connection: QuicConnection): void {
    const halfOpened = this.#deadlines.get(connection)
    if (halfOpened === undefined) return
    clearTimeout(halfOpened.deadline)
    this.#deadlines.delete(connection)
    this.#places.remove(halfOpened.host, connection)
    if (!connection.established) this.#fruitless.take(performance.now())
  }

  /** Takes it in, unless its first datagram turns out to be junk. */
  #admit(
    header: InitialHeader,
    original: Uint8Array | undefined,
    { datagram, key, peer }: { datagram: Buffer; key: string; peer: Address },
  ): void {
    const { quiche, socket, resetTokens, settings } = this.#host
    // The id a Retry gave is the id of the connection.
    const id = original === undefined ? this.#host.randomBytes(connectionIdBytes) : header.dcid
    const config = this.#host.configFor(peer.host)
    // quiche copies it: the configuration serves all connections.
    config.setStatelessResetToken(tokenNumber(resetTokens.tokenOf(id)))
    const native = quiche.Connection.accept(id, original ?? null, socket.local, peer, config)
    const connection = this.#host.wrap(native, peer)
    if (!connection.receive(datagram, peer.host, peer.port)) {
      this.#fruitless.take(performance.now())
      return
    }
    // By our id, and by the dialer's own choice of it, which its first packets carry.
    this.#host.adopt(connection, [keyOf(id), key])
    const deadline = setTimeout(
      () => this.#giveUp(connection, 'the handshake took too long'),
      settings.handshakeTimeoutMs,
    )
    this.#deadlines.set(connection, { host: peer.host, deadline })
    this.#places.add(peer.host, connection)
  }

  #giveUp(connection: QuicConnection, reason: string): void {
    connection.abort({ by: 'error', code: 0, reason })
    connection.free()
  }

  /** Asks a dialer to come again with proof of its address. Keeps nothing. */
  #retry({ scid, dcid, version }: InitialHeader, peer: Address, nowMs: number): void {
    const { quiche, socket } = this.#host
    const id = this.#host.randomBytes(connectionIdBytes)
    const token = this.#retryTokens.mint(peer, dcid, id, nowMs)
    const length = quiche.retry(scid, dcid, id, token, version, socket.out)
    socket.send(length, peer.host, peer.port)
  }
}

/**
 * One bound UDP socket that dials and accepts: routes datagrams to connections by connection id,
 * admits new ones, and closes them all.
 *
 * Invariants: nothing a stranger sends costs more than a bounded amount: no state below 1200
 * bytes (RFC 9000, 14.1), half-open connections and connections are capped, a handshake has a
 * deadline from the moment it is accepted, and once a quarter of the half-open places is taken a
 * dialer must prove its address first, so that forged ones cannot take the rest. Beyond a cap an
 * Initial is dropped in silence; an honest dialer retransmits it.
 */
import type { RemoteInfo } from 'node:dgram'
import type {
  Address,
  CarrierEnv,
  CarrierFailure,
  CloseInfo,
  Connection,
  Endpoint,
} from '../carrier.ts'
import { certificateHash } from '../digest.ts'
import { addressText, hostFor, isLoopback, plainHost, resolveHost } from './address.ts'
import type { NativeConnection, Quiche } from './binding.ts'
import { dialFailureOf } from './close-edge.ts'
import { buildConfigs, type Configs } from './config.ts'
import { type ConnectionHost, QuicConnection } from './connection.ts'
import type { QuicSettings } from './options.ts'
import {
  connectionIdBytes,
  type InitialHeader,
  initialHeader,
  isLongHeader,
  keyOf,
  routingKey,
} from './packet.ts'
import { RetryTokens } from './retry-token.ts'
import { bindSocket, type DatagramSocket } from './socket.ts'
import { Turns } from './turns.ts'

const scratchBytes = 65_536
const retryKeyBytes = 32
/** Share of the half-open places above which a dialer must first prove its address. */
const retryAbove = 0.25

type DialResult = { readonly tag: 'ok'; readonly connection: Connection } | CarrierFailure
type PendingDial = {
  readonly peer: string
  readonly timer: NodeJS.Timeout
  readonly settle: (result: DialResult) => void
}

class QuicEndpoint implements Endpoint, ConnectionHost {
  readonly address: Address
  readonly socket: DatagramSocket
  readonly turns = new Turns()
  readonly localCertHash: Uint8Array
  // Plain byte arrays: on a Buffer `slice` does not copy, and handlers are given views of these.
  readonly readScratch = new Uint8Array(scratchBytes)
  readonly writeScratch = new Uint8Array(scratchBytes)
  readonly #quiche: Quiche
  readonly #env: CarrierEnv
  readonly #settings: QuicSettings
  readonly #configs: Configs
  readonly #routes = new Map<string, QuicConnection>()
  readonly #connections = new Set<QuicConnection>()
  readonly #dials = new Map<QuicConnection, PendingDial>()
  /** Accepted connections in their handshake, each with its deadline. */
  readonly #halfOpen = new Map<QuicConnection, NodeJS.Timeout>()
  readonly #keepAlive: NodeJS.Timeout | undefined
  readonly #retryTokens: RetryTokens
  #closed = false
  #closing: Promise<void> | undefined

  constructor(
    quiche: Quiche,
    env: CarrierEnv,
    settings: QuicSettings,
    configs: Configs,
    socket: DatagramSocket,
  ) {
    this.#quiche = quiche
    this.#env = env
    this.#settings = settings
    this.#configs = configs
    this.socket = socket
    this.address = { host: plainHost(socket.local.host), port: socket.local.port }
    this.localCertHash = certificateHash(env.tls.certDer)
    this.#retryTokens = new RetryTokens(this.randomBytes(retryKeyBytes))
    if (settings.keepAliveMs > 0) {
      this.#keepAlive = setInterval(() => {
        for (const connection of this.#connections) connection.keepAlive()
      }, settings.keepAliveMs)
    }
  }

  async dial(address: Address, timeoutMs: number): Promise<DialResult> {
    const peer = addressText(address.host, address.port)
    if (!Number.isInteger(address.port) || address.port < 1 || address.port > 65_535) {
      return failure('address', `cannot dial ${peer}: not a UDP port`)
    }
    const { family } = this.socket
    const resolved = await resolveHost(address.host, family === 4 ? 4 : undefined)
    if (this.#closed) return failure('closed', 'the endpoint is closed')
    if (resolved.tag === 'error') return resolved
    const host = hostFor(family, resolved.literal)
    if (host === undefined) {
      return failure('address', `cannot dial ${peer}: this endpoint speaks IPv${family} only`)
    }
    if (this.#connections.size >= this.#settings.connectionsMax) {
      return failure('limit', `connectionsMax (${this.#settings.connectionsMax}) is reached`)
    }
    return this.#connect({ host, port: address.port }, peer, timeoutMs)
  }

  close(code: number): Promise<void> {
    this.#closing ??= this.#closeAll(code)
    return this.#closing
  }

  /** A datagram came in. Anyone may have sent it. */
  onDatagram(datagram: Buffer, from: RemoteInfo): void {
    if (this.#closed) return
    const key = routingKey(datagram)
    if (key === undefined) return
    const connection = this.#routes.get(key)
    if (connection === undefined) {
      if (isLongHeader(datagram)) this.#accept(datagram, key, from)
      return
    }
    connection.receive(datagram, from.address, from.port)
    this.turns.touch(connection)
  }

  newId(connection: QuicConnection): Uint8Array {
    const id = this.randomBytes(connectionIdBytes)
    this.#route(keyOf(id), connection)
    return id
  }

  randomBytes(size: number): Uint8Array {
    return this.#env.platform.random.bytes(size)
  }

  forgetId(key: string): void {
    this.#routes.delete(key)
  }

  onEstablished(connection: QuicConnection): void {
    const dial = this.#dials.get(connection)
    if (dial !== undefined) {
      this.#dials.delete(connection)
      clearTimeout(dial.timer)
      dial.settle({ tag: 'ok', connection })
      return
    }
    clearTimeout(this.#halfOpen.get(connection))
    this.#halfOpen.delete(connection)
    this.#env.onConnection(connection)
  }

  onEnded(connection: QuicConnection, info: CloseInfo): void {
    clearTimeout(this.#halfOpen.get(connection))
    this.#halfOpen.delete(connection)
    const dial = this.#dials.get(connection)
    if (dial === undefined) return
    this.#dials.delete(connection)
    clearTimeout(dial.timer)
    dial.settle(
      this.#closed ? failure('closed', 'the endpoint was closed') : dialFailureOf(info, dial.peer),
    )
  }

  onFreed(connection: QuicConnection): void {
    for (const key of connection.keys) this.#routes.delete(key)
    this.#connections.delete(connection)
  }

  #route(key: string, connection: QuicConnection): void {
    this.#routes.set(key, connection)
    connection.keys.add(key)
  }

  #configFor(host: string): Configs['wide'] {
    return isLoopback(host) ? this.#configs.loopback : this.#configs.wide
  }

  #connect(peer: Address, peerText: string, timeoutMs: number): Promise<DialResult> {
    const id = this.randomBytes(connectionIdBytes)
    const config = this.#configFor(peer.host)
    const { local } = this.socket
    const native = this.#quiche.Connection.connect(null, id, local, peer, config)
    const connection = new QuicConnection(this, native, 'dialer', peer)
    this.#connections.add(connection)
    this.#route(keyOf(id), connection)
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        connection.abort({ by: 'idle', code: 0, reason: 'silence' })
        connection.free()
      }, timeoutMs)
      this.#dials.set(connection, { peer: peerText, timer, settle })
      connection.drive()
    })
  }

  #accept(datagram: Buffer, key: string, from: RemoteInfo): void {
    const { connectionsMax, halfOpenMax } = this.#settings
    if (this.#halfOpen.size >= halfOpenMax || this.#connections.size >= connectionsMax) return
    const header = initialHeader(this.#quiche, datagram)
    if (header === undefined) return
    const peer = { host: from.address, port: from.port }
    const config = this.#configFor(peer.host)
    const { local } = this.socket
    const { Connection: Native } = this.#quiche
    if (header.token !== undefined && header.token.length > 0) {
      const original = this.#retryTokens.open(header.token, peer, header.dcid, performance.now())
      if (original === undefined) return
      // The id the Retry gave is the id of the connection.
      this.#admit(Native.accept(header.dcid, original, local, peer, config), key, datagram, peer)
    } else if (this.#halfOpen.size >= halfOpenMax * retryAbove) {
      this.#retry(header, peer)
    } else {
      const id = this.randomBytes(connectionIdBytes)
      const native = Native.accept(id, null, local, peer, config)
      const connection = this.#admit(native, key, datagram, peer)
      if (connection !== undefined) this.#route(keyOf(id), connection)
    }
  }

  /** Takes an accepted connection in, unless its first datagram turns out to be junk. */
  #admit(
    native: NativeConnection,
    key: string,
    datagram: Buffer,
    peer: Address,
  ): QuicConnection | undefined {
    const connection = new QuicConnection(this, native, 'acceptor', peer)
    if (!connection.receive(datagram, peer.host, peer.port)) return undefined
    this.#connections.add(connection)
    // The dialer's own choice of our id, or the Retry's: its Initials carry it, late ones too.
    this.#route(key, connection)
    const deadline = setTimeout(() => {
      connection.abort({ by: 'error', code: 0, reason: 'the handshake took too long' })
      connection.free()
    }, this.#settings.handshakeTimeoutMs)
    this.#halfOpen.set(connection, deadline)
    this.turns.touch(connection)
    return connection
  }

  /** Asks a dialer to come again with proof of its address. Keeps nothing. */
  #retry(header: InitialHeader, peer: Address): void {
    const id = this.randomBytes(connectionIdBytes)
    const token = this.#retryTokens.mint(peer, header.dcid, id, performance.now())
    const { out } = this.socket
    const { scid, dcid, version } = header
    const length = this.#quiche.retry(scid, dcid, id, token, version, out)
    this.socket.send(length, peer.host, peer.port)
  }

  async #closeAll(code: number): Promise<void> {
    this.#closed = true
    clearInterval(this.#keepAlive)
    for (const connection of [...this.#connections]) {
      if (connection.established) connection.close(code, '')
      else connection.abort({ by: 'local', code, reason: '' })
      connection.free()
    }
    while (this.turns.pending) await new Promise(setImmediate)
    await this.socket.close()
  }
}

/** Opens an endpoint. Failures: `tls` (unusable material), `address` (cannot be bound). */
export async function openEndpoint(
  quiche: Quiche,
  env: CarrierEnv,
  settings: QuicSettings,
): Promise<{ readonly tag: 'ok'; readonly endpoint: Endpoint } | CarrierFailure> {
  const built = buildConfigs(quiche, env.tls, settings)
  if (built.tag === 'error') return built
  let endpoint: QuicEndpoint | undefined
  const bound = await bindSocket(settings.host, settings.port, (datagram, from) =>
    endpoint?.onDatagram(datagram, from),
  )
  if (bound.tag === 'error') return bound
  endpoint = new QuicEndpoint(quiche, env, settings, built.configs, bound.socket)
  return { tag: 'ok', endpoint }
}

function failure(reason: CarrierFailure['reason'], message: string): CarrierFailure {
  return { tag: 'error', reason, message }
}

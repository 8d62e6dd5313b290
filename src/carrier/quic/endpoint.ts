/**
 * One bound UDP socket that dials and accepts: routes datagrams to connections by connection id,
 * dials, and closes them all. Strangers are met by `acceptor.ts`, packets for connections that are
 * no more by `resets.ts`, probes of the path are answered here.
 *
 * Invariant: a connection is in the tables from its making until quiche is done with it, and none
 * of them holds anything of it afterwards.
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
import { Acceptor, type AcceptorHost } from './acceptor.ts'
import { addressText, hostFor, isLoopback, plainHost, resolveHost } from './address.ts'
import type { NativeConnection, Quiche } from './binding.ts'
import { dialFailureOf } from './close-edge.ts'
import { buildConfigs, type Configs, datagramMaxBytesTo } from './config.ts'
import { type ConnectionHost, QuicConnection } from './connection.ts'
import type { QuicSettings } from './options.ts'
import { connectionIdBytes, isLongHeader, keyOf, routingKey } from './packet.ts'
import { isBesideQuic, readProbePacket, writeAnswer } from './probe-packet.ts'
import { ReadArea } from './read-area.ts'
import { ResetTokens } from './reset-token.ts'
import { Resets } from './resets.ts'
import { bindSocket, type DatagramSocket } from './socket.ts'
import { Turns } from './turns.ts'

const scratchBytes = 65_536
/** Large, so that most messages lie whole in what is read at once and need not be put together. */
const readBytes = 256 * 1024
/** A rest that is smaller would cut most messages in two. */
const readLeastBytes = 64 * 1024

type DialResult = { readonly tag: 'ok'; readonly connection: Connection } | CarrierFailure
type PendingDial = {
  readonly peer: string
  readonly timer: NodeJS.Timeout
  readonly settle: (result: DialResult) => void
}

class QuicEndpoint implements Endpoint, ConnectionHost, AcceptorHost {
  readonly address: Address
  readonly socket: DatagramSocket
  readonly turns = new Turns()
  readonly localCertHash: Uint8Array
  // Plain byte arrays: on a Buffer `slice` does not copy, and handlers are given views of these.
  readonly readArea = new ReadArea(readBytes, readLeastBytes)
  readonly writeScratch = new Uint8Array(scratchBytes)
  readonly quiche: Quiche
  readonly settings: QuicSettings
  readonly resetTokens: ResetTokens
  readonly #env: CarrierEnv
  readonly #configs: Configs
  readonly #routes = new Map<string, QuicConnection>()
  readonly #connections = new Set<QuicConnection>()
  readonly #dials = new Map<QuicConnection, PendingDial>()
  readonly #acceptor: Acceptor
  readonly #resets: Resets
  /** Probes of ours that are on their way, by their nonce. */
  readonly #probes = new Map<string, () => void>()
  readonly #keepAlive: NodeJS.Timeout | undefined
  #closed = false
  #closing: Promise<void> | undefined

  constructor(
    quiche: Quiche,
    env: CarrierEnv,
    settings: QuicSettings,
    configs: Configs,
    socket: DatagramSocket,
  ) {
    this.quiche = quiche
    this.settings = settings
    this.#env = env
    this.#configs = configs
    this.socket = socket
    this.address = { host: plainHost(socket.local.host), port: socket.local.port }
    this.localCertHash = certificateHash(env.tls.certDer)
    this.resetTokens = new ResetTokens(env.tls.keyPem, socket.local)
    this.#resets = new Resets(this.resetTokens, socket, (size) => this.randomBytes(size))
    this.#acceptor = new Acceptor(this)
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
    const { settings } = this
    const { family } = this.socket
    const resolved = await resolveHost(address.host, family === 4 ? 4 : undefined)
    if (this.#closed) return failure('closed', 'the endpoint is closed')
    if (resolved.tag === 'error') return resolved
    const host = hostFor(family, resolved.literal)
    if (host === undefined) {
      return failure('address', `cannot dial ${peer}: this endpoint speaks IPv${family} only`)
    }
    if (this.#connections.size >= settings.connectionsMax) {
      return failure('limit', `connectionsMax (${settings.connectionsMax}) is reached`)
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
    if (isBesideQuic(datagram)) this.#onProbe(datagram, from)
    else if (connection === undefined) this.#onUnknown(datagram, key, from)
    else if (connection.isStranded(from.address, from.port)) {
      connection.lose('the peer changed its address too often')
      this.#onUnknown(datagram, key, from)
    } else {
      connection.receive(datagram, from.address, from.port)
      this.turns.touch(connection)
    }
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

  resetTokenOf(id: Uint8Array): Buffer {
    return this.resetTokens.tokenOf(id)
  }

  onResetTokens(connection: QuicConnection, tokenKeys: readonly string[]): void {
    this.#resets.setTokens(connection, tokenKeys)
  }

  awaitAnswer(nonceKey: string, onAnswer: () => void): void {
    this.#probes.set(nonceKey, onAnswer)
  }

  forgetAnswer(nonceKey: string): void {
    this.#probes.delete(nonceKey)
  }

  onEstablished(connection: QuicConnection): void {
    const dial = this.#dials.get(connection)
    if (dial === undefined) {
      this.#acceptor.settle(connection)
      this.#env.onConnection(connection)
      return
    }
    this.#dials.delete(connection)
    clearTimeout(dial.timer)
    dial.settle({ tag: 'ok', connection })
  }

  onEnded(connection: QuicConnection, info: CloseInfo): void {
    this.#acceptor.settle(connection)
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
    this.#resets.remove(connection)
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  wrap(native: NativeConnection, peer: Address): QuicConnection {
    const datagramMaxBytes = datagramMaxBytesTo(peer.host, this.settings)
    return new QuicConnection(this, native, 'acceptor', peer, datagramMaxBytes)
  }

  adopt(connection: QuicConnection, keys: readonly string[]): void {
    this.#connections.add(connection)
    for (const key of keys) this.#route(key, connection)
    this.turns.touch(connection)
  }

  #onUnknown(datagram: Buffer, key: string, from: RemoteInfo): void {
    if (isLongHeader(datagram)) this.#acceptor.onStranger(datagram, key, from)
    else this.#resets.onStray(datagram, from)
  }

  #onProbe(datagram: Buffer, from: RemoteInfo): void {
    const packet = readProbePacket(datagram)
    if (packet?.tag === 'answer') this.#probes.get(packet.nonceKey)?.()
    if (packet?.tag !== 'probe') return
    if (this.#routes.get(packet.key)?.isPeer(from.address, from.port) !== true) return
    const length = writeAnswer(this.socket.out, packet.nonce)
    this.socket.send(length, from.address, from.port)
  }

  #route(key: string, connection: QuicConnection): void {
    this.#routes.set(key, connection)
    connection.keys.add(key)
  }

  admits(host: string): boolean {
    return this.#env.admits?.(host) ?? true
  }

  configFor(host: string): Configs['wide'] {
    return isLoopback(host) ? this.#configs.loopback : this.#configs.wide
  }

  #connect(peer: Address, peerText: string, timeoutMs: number): Promise<DialResult> {
    const id = this.randomBytes(connectionIdBytes)
    const { local } = this.socket
    const config = this.configFor(peer.host)
    const native = this.quiche.Connection.connect(null, id, local, peer, config)
    const datagramMaxBytes = datagramMaxBytesTo(peer.host, this.settings)
    const connection = new QuicConnection(this, native, 'dialer', peer, datagramMaxBytes)
    this.#connections.add(connection)
    this.#resets.addDialled(connection)
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

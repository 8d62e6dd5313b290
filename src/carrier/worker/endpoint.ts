/**
 * An endpoint among the threads of one OS process. It has a link to each endpoint it knows: a port
 * that carries nothing but dials, each of which brings the port of a connection of its own. So a
 * connection that is ended, or whose other end breaks the rules, disturbs no other; and a link that
 * breaks them is closed with its connections left to themselves.
 *
 * With a carrier beside it, addresses that are no worker's are dialled there, and its address is
 * the endpoint's.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type {
  Address,
  CarrierEnv,
  CarrierFailure,
  CloseInfo,
  Connection,
  Endpoint,
} from '../carrier.ts'
import { certificateHash } from '../digest.ts'
import { WorkerConnection } from './connection.ts'
import { type Dial, readDial } from './dial.ts'
import { type WorkerSettings, workerHost } from './settings.ts'

type DialResult = { readonly tag: 'ok'; readonly connection: Connection } | CarrierFailure

export class WorkerEndpoint implements Endpoint {
  /** Where the links of other threads find it. */
  readonly workerAddress: Address
  readonly #env: CarrierEnv
  readonly #settings: WorkerSettings
  readonly #beside: Endpoint | undefined
  readonly #certHash: Uint8Array
  readonly #links = new Map<string, MessagePort>()
  readonly #connections = new Set<WorkerConnection>()
  readonly #dials = new Map<WorkerConnection, (result: DialResult) => void>()
  #lastPort: number
  #closed = false
  #closing: Promise<void> | undefined

  constructor(settings: WorkerSettings, env: CarrierEnv, beside: Endpoint | undefined) {
    this.workerAddress = settings.address
    this.#settings = settings
    this.#env = env
    this.#beside = beside
    this.#certHash = certificateHash(env.tls.certDer)
    this.#lastPort = settings.address.port
    for (const { address, port } of settings.links) this.link(address, port)
  }

  get address(): Address {
    return this.#beside?.address ?? this.workerAddress
  }

  /** An address that nobody linked here has, nor will have unless it is given this one. */
  newAddress(): Address {
    this.#lastPort += 1
    return { host: workerHost, port: this.#lastPort }
  }

  /** From now on the endpoint at the other end of `port` is dialled as `address`, and may dial. */
  link(address: Address, port: MessagePort): void {
    if (this.#closed) {
      port.close()
      return
    }
    const key = keyOf(address)
    this.#lastPort = Math.max(this.#lastPort, address.port)
    this.#links.get(key)?.close()
    this.#links.set(key, port)
    port.on('message', (message: unknown) => {
      const dial = readDial(message)
      if (dial === undefined) port.close()
      else this.#accept(address, dial)
    })
    port.on('messageerror', () => port.close())
    port.on('close', () => {
      if (this.#links.get(key) === port) this.#links.delete(key)
    })
  }

  dial(address: Address, timeoutMs: number): Promise<DialResult> {
    if (this.#closed) {
      return Promise.resolve(failure('closed', 'the endpoint is closed'))
    }
    const link = this.#links.get(keyOf(address))
    if (link === undefined) {
      if (this.#beside !== undefined) return this.#beside.dial(address, timeoutMs)
      return Promise.resolve(failure('refused', `no worker is linked as ${keyOf(address)}`))
    }
    const { connectionsMax, streamsMax } = this.#settings
    if (this.#connections.size >= connectionsMax) {
      const message = `connectionsMax (${connectionsMax}) is reached`
      return Promise.resolve(failure('limit', message))
    }
    const { port1, port2 } = new MessageChannel()
    const connection = this.#connect(address, port1, undefined)
    const timer = this.#env.platform.clock.after(timeoutMs, () => connection.giveUp())
    const dial: Dial = { tag: 'dial', port: port2, certHash: this.#certHash, streamsMax }
    link.postMessage(dial, [port2])
    return new Promise((resolve) => {
      this.#dials.set(connection, (result) => {
        this.#env.platform.clock.cancel(timer)
        resolve(result)
      })
    })
  }

  close(code: number): Promise<void> {
    this.#closed = true
    this.#closing ??= this.#close(code)
    return this.#closing
  }

  async #close(code: number): Promise<void> {
    for (const port of this.#links.values()) port.close()
    for (const connection of [...this.#connections]) connection.close(code, '')
    await this.#beside?.close(code)
    // The ends of connections are told in a later turn, which comes before this one.
    await new Promise<void>((resolve) => this.#env.platform.turn.later(resolve))
  }

  #accept(address: Address, { port, certHash, streamsMax }: Dial): void {
    if (this.#closed || this.#connections.size >= this.#settings.connectionsMax) {
      port.close()
      return
    }
    const connection = this.#connect(address, port, { certHash, streamsMax })
    this.#env.onConnection(connection)
  }

  #connect(
    peerAddress: Address,
    port: MessagePort,
    peer: { readonly certHash: Uint8Array; readonly streamsMax: number } | undefined,
  ): WorkerConnection {
    const connection = new WorkerConnection({
      platform: this.#env.platform,
      port,
      role: peer === undefined ? 'dialer' : 'acceptor',
      peerAddress,
      localCertHash: this.#certHash,
      peer,
      streamsMax: this.#settings.streamsMax,
      onEstablished: () => this.#answer(connection, { tag: 'ok', connection }),
      onEnded: (_, info) => this.#ended(connection, info),
    })
    this.#connections.add(connection)
    return connection
  }

  #ended(connection: WorkerConnection, { by }: CloseInfo): void {
    this.#connections.delete(connection)
    const peer = keyOf(connection.peerAddress)
    if (this.#closed) {
      this.#answer(connection, failure('closed', 'the endpoint was closed'))
    } else if (by === 'idle') {
      this.#answer(connection, failure('timeout', `no answer from ${peer}`))
    } else this.#answer(connection, failure('refused', `${peer} refused`))
  }

  #answer(connection: WorkerConnection, result: DialResult): void {
    const answer = this.#dials.get(connection)
    this.#dials.delete(connection)
    answer?.(result)
  }
}

function failure(reason: CarrierFailure['reason'], message: string): CarrierFailure {
  return { tag: 'error', reason, message }
}

function keyOf({ host, port }: Address): string {
  return `${host}:${port}`
}

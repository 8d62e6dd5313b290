/**
 * One address of a memory network. Same caps as a real endpoint: connections, half-open ones, and
 * a deadline for the handshake of an accepted one.
 */
import type { TimerHandle } from '../../../runtime/platform/platform.ts'
import type {
  Address,
  CarrierEnv,
  CarrierFailure,
  CloseInfo,
  Connection,
  Endpoint,
} from '../carrier.ts'
import { certificateHash } from '../digest.ts'
import { MemoryConnection } from './connection.ts'
import type { Enter, MemoryNetwork } from './network.ts'

type DialResult = { readonly tag: 'ok'; readonly connection: Connection } | CarrierFailure
type PendingDial = { readonly timer: TimerHandle; readonly settle: (result: DialResult) => void }

export class MemoryEndpoint implements Endpoint {
  readonly address: Address
  readonly network: MemoryNetwork
  readonly certHash: Uint8Array
  /** What the network does here passes this: the host may be slow, or stand still. */
  readonly enter: Enter
  readonly connections = new Set<MemoryConnection>()
  readonly #env: CarrierEnv
  readonly #dials = new Map<MemoryConnection, PendingDial>()
  readonly #halfOpen = new Map<MemoryConnection, TimerHandle>()
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(network: MemoryNetwork, address: Address, env: CarrierEnv, enter: Enter) {
    this.network = network
    this.address = address
    this.#env = env
    this.enter = enter
    this.certHash = certificateHash(env.tls.certDer)
  }

  /** Calls `step` at this host in `ms`. */
  after(ms: number, step: () => void): TimerHandle {
    return this.network.clock.after(ms, () => this.enter(step))
  }

  dial(address: Address, timeoutMs: number): Promise<DialResult> {
    const { network } = this
    if (this.#state !== 'open') {
      return Promise.resolve(failure('closed', 'the endpoint is closed'))
    }
    if (this.connections.size >= network.settings.connectionsMax) {
      const message = `connectionsMax (${network.settings.connectionsMax}) is reached`
      return Promise.resolve(failure('limit', message))
    }
    const half = new MemoryConnection(
      this,
      'dialer',
      network.nextNumber(),
      address,
      new Uint8Array(),
    )
    this.connections.add(half)
    return new Promise((settle) => {
      const timer = this.after(timeoutMs, () => {
        if (this.#dials.has(half)) half.end({ by: 'idle', code: 0, reason: 'silence' })
      })
      this.#dials.set(half, { timer, settle })
      half.send({ tag: 'hello' })
    })
  }

  async close(code: number): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.network.forget(this)
    const halves = [...this.connections]
    for (const half of halves) half.close(code, '')
    // The closes are told in a later turn of the clock.
    do await new Promise<void>((resolve) => this.after(0, resolve))
    while (halves.some((half) => !half.settled))
  }

  /** Vanishes without a word: no close is sent, no callback comes, no dial is answered. */
  crash(): void {
    this.#state = 'crashed'
    for (const pending of this.#dials.values()) this.network.clock.cancel(pending.timer)
    for (const timer of this.#halfOpen.values()) this.network.clock.cancel(timer)
    this.#dials.clear()
    this.#halfOpen.clear()
    for (const half of this.connections) half.vanish()
    this.connections.clear()
  }

  /** A dialer's first packet. False: it is dropped, and the dialer will try again. */
  accept(dialer: MemoryConnection): boolean {
    const { settings } = this.network
    if (this.#halfOpen.size >= settings.halfOpenMax) return false
    if (this.connections.size >= settings.connectionsMax) return false
    const { address, certHash } = dialer.endpoint
    const half = new MemoryConnection(this, 'acceptor', dialer.number, address, certHash)
    half.peer = dialer
    dialer.peer = half
    dialer.peerCertHash = this.certHash
    this.connections.add(half)
    const deadline = this.after(settings.handshakeTimeoutMs, () => {
      if (!this.#halfOpen.has(half)) return
      half.end({ by: 'error', code: 0, reason: 'the handshake took too long' })
    })
    this.#halfOpen.set(half, deadline)
    half.send({ tag: 'accept' })
    half.linkChanged()
    dialer.linkChanged()
    return true
  }

  onEstablished(half: MemoryConnection): void {
    const pending = this.#dials.get(half)
    if (pending !== undefined) {
      this.#dials.delete(half)
      this.network.clock.cancel(pending.timer)
      half.send({ tag: 'finish' })
      pending.settle({ tag: 'ok', connection: half })
      return
    }
    this.#endHandshake(half)
    this.#env.onConnection(half)
  }

  onEnded(half: MemoryConnection, info: CloseInfo): void {
    this.connections.delete(half)
    this.#endHandshake(half)
    const pending = this.#dials.get(half)
    if (pending === undefined) return
    this.#dials.delete(half)
    this.network.clock.cancel(pending.timer)
    const { host, port } = half.peerAddress
    if (this.#state !== 'open') pending.settle(failure('closed', 'the endpoint was closed'))
    else if (info.by === 'idle') {
      pending.settle(failure('timeout', `no answer from ${host}:${port}`))
    } else pending.settle(failure('refused', `${host}:${port} refused: code ${info.code}`))
  }

  #endHandshake(half: MemoryConnection): void {
    const deadline = this.#halfOpen.get(half)
    if (deadline === undefined) return
    this.network.clock.cancel(deadline)
    this.#halfOpen.delete(half)
  }
}

function failure(reason: CarrierFailure['reason'], message: string): CarrierFailure {
  return { tag: 'error', reason, message }
}

/**
 * The door for connections that others make. They cost memory and signatures before anything is
 * known of who made them, so an address may have a bounded number of unproven ones
 * (`AddressBudget`), and when all together become too many, one of the address with the most gives
 * way, the oldest: honest peers are through in milliseconds, so it is silence that loses its place.
 *
 * Invariant: a connection that has entered leaves exactly once, proven or not.
 */
import type { System } from '../../runtime/kernel.ts'
import type { Connection } from '../carrier/carrier.ts'
import { networkOf } from '../carrier/network.ts'
import { limits } from '../limits.ts'
import type { Metrics } from '../metrics/index.ts'
import { AddressBudget } from './address-budget.ts'
import { closeCode } from './protocol.ts'

const refusals = 'skein.dist.auth.refused'

/** Above it one gives way; the attempts above are for our own dials. */
const unprovenMax = Math.floor(limits.distPendingLinksMax * 0.75)

export class InboundGate {
  readonly #system: System
  readonly #metrics: Metrics
  readonly #budget = new AddressBudget()
  /** Unproven connections in the order they came, with what counts as their address. */
  readonly #unproven = new Map<Connection, string>()

  constructor(system: System, metrics: Metrics) {
    this.#system = system
    this.#metrics = metrics
  }

  /** False when a connection from `host` would not enter: no handshake is worth its cost. */
  admits(host: string): boolean {
    if (this.#budget.has(host, this.#nowMs)) return true
    this.#refuse(host)
    return false
  }

  /** False for a connection that was closed, since its address has too many unproven ones. */
  enter(connection: Connection): boolean {
    const { host } = connection.peerAddress
    if (!this.#budget.take(host, this.#nowMs)) {
      this.#refuse(host)
      connection.close(closeCode.limit, 'too many failed attempts from this address')
      return false
    }
    if (this.#unproven.size >= unprovenMax) this.#makeRoom()
    this.#unproven.set(connection, networkOf(host))
    return true
  }

  /** The connection is proven, or over. The first call for it counts. */
  leave(connection: Connection, proven: boolean): void {
    if (!this.#unproven.delete(connection)) return
    if (proven) this.#budget.giveBack(connection.peerAddress.host, this.#nowMs)
  }

  #makeRoom(): void {
    const oldest = new Map<string, { readonly connection: Connection; count: number }>()
    for (const [connection, network] of this.#unproven) {
      const known = oldest.get(network)
      if (connection.closed) this.#unproven.delete(connection)
      else if (known === undefined) oldest.set(network, { connection, count: 1 })
      else known.count++
    }
    if (this.#unproven.size < unprovenMax) return
    let heaviest: { readonly connection: Connection; readonly count: number } | undefined
    for (const one of oldest.values()) {
      if (heaviest === undefined || one.count > heaviest.count) heaviest = one
    }
    if (heaviest === undefined) return
    this.#unproven.delete(heaviest.connection)
    this.#metrics.count(refusals, { reason: 'crowded' })
    heaviest.connection.close(closeCode.limit, 'too many connections are being made')
  }

  get #nowMs(): number {
    return this.#system.platform.clock.now()
  }

  #refuse(host: string): void {
    this.#metrics.count(refusals, { reason: 'address' })
    if (!this.#budget.refuse(host)) return
    const said = 'too many failed connections from one address: new ones are refused'
    const perAddress = limits.authAttemptsPerAddressMax
    this.#system.trace.log('warning', said, { address: host, perAddress })
  }
}

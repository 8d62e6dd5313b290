/**
 * The addresses at which the peer of an accepted connection was seen, followed through quiche's
 * path events: a NAT that changes its mapping moves a peer without its knowing.
 *
 * quiche 0.18 leaves two things to us:
 *
 *  - It never forgets a path, and after `carrierConnectionIdsMax` of them drops what comes from yet
 *    another address, in silence. Such a peer is stranded; it is better told than left to starve.
 *  - It challenges a new address again only when the loss timer of that path fires. If the
 *    challenge or its answer is lost while other packets are acknowledged, the timer never fires,
 *    and for good no more may be sent there than three times what was received (RFC 9000, 8.1):
 *    some bytes per round trip. So when a validation is overdue we play deaf until the timer has
 *    fired, as if the path had lost everything for that time.
 *
 * On a path that loses and reorders this does not always end well: a validation that fails may end
 * the connection (quiche closes it with PROTOCOL_VIOLATION), or leave it at an address where the
 * peer no longer is. A peer that is heard only from where it cannot be reached is astray: its
 * connection is given up, a stateless reset tells it so, and it connects anew.
 */
import { limits } from '../../limits.ts'
import type { Address } from '../carrier.ts'
import { plainHost } from './address.ts'
import type { NativeConnection } from './binding.ts'

/** Datagrams in a row from where the peer was never seen, when it cannot be followed any more. */
const strandedAfter = 3
/** A validation takes one round trip, and what the peer takes to answer. */
const overdueRoundTrips = 3
const overdueExtraMs = 100

type Path = ReturnType<NativeConnection['pathStats']>[number]

export class PeerPaths {
  readonly #native: NativeConnection
  #count = 1
  #strangers = 0
  /** Since when the peer is at an address that is not validated, or was not deaf to. */
  #movingSinceMs: number | undefined
  #isDeaf = false
  #astraySinceMs: number | undefined

  constructor(native: NativeConnection) {
    this.#native = native
  }

  /**
   * Takes what quiche tells. `onPath` is called when packets go another way than before, and with
   * the peer's address when it has proved to be there.
   */
  takeEvents(onPath: (address: Address | undefined) => void): void {
    let event = this.#native.pathEventNext()
    for (; event; event = this.#native.pathEventNext()) {
      if (event.type === 'New') {
        this.#count += 1
        this.#movingSinceMs = performance.now()
        onPath(undefined)
      } else if (event.type === 'PeerMigrated') {
        // The peer's new address is in `new`; `old` is ours, contrary to the binding's names.
        // It may have moved on meanwhile.
        if (this.#isActiveValidated()) this.#movingSinceMs = undefined
        onPath({ host: plainHost(event.new.host), port: event.new.port })
      }
    }
  }

  /** True when a datagram from `host` and `port` shows that quiche cannot follow the peer. */
  isStranded(host: string, port: number): boolean {
    if (this.#count < limits.carrierConnectionIdsMax) return false
    const isKnown = this.#native
      .pathStats()
      .some(({ peerHost }) => peerHost.port === port && peerHost.host === host)
    this.#strangers = isKnown ? 0 : this.#strangers + 1
    return this.#strangers >= strandedAfter
  }

  /**
   * A packet of the peer came from `host` and `port`, where it has not been validated. True when
   * that has been so for too long: quiche has gone back to an address at which the peer no longer
   * is.
   */
  isAstray(host: string, port: number): boolean {
    const nowMs = performance.now()
    this.#astraySinceMs ??= nowMs
    if (nowMs - this.#astraySinceMs < limits.carrierAstrayMaxMs) return false
    const path = this.#native
      .pathStats()
      .find(({ peerHost }) => peerHost.port === port && peerHost.host === host)
    // Late packets from where the peer has been, or from anybody.
    if (path === undefined || this.#isValidated(path)) this.#astraySinceMs = undefined
    return this.#astraySinceMs !== undefined
  }

  /** A packet came from where the peer is known to be. */
  atHome(): void {
    this.#astraySinceMs = undefined
  }

  /** True while datagrams are to be ignored. `onDeaf` must send what the peer must answer. */
  isDeaf(onDeaf: () => void): boolean {
    if (this.#movingSinceMs === undefined) return false
    if (!this.#isDeaf && this.#isOverdue(this.#movingSinceMs)) {
      this.#isDeaf = true
      onDeaf()
    }
    return this.#isDeaf
  }

  /** The loss timer fired. */
  timedOut(): void {
    this.#isDeaf = false
    if (this.#movingSinceMs !== undefined) this.#movingSinceMs = performance.now()
  }

  #isOverdue(sinceMs: number): boolean {
    const waitedMs = performance.now() - sinceMs
    if (waitedMs < overdueExtraMs) return false
    // An address that was not the peer's fails validation without an event, and the old one is
    // back.
    if (this.#isActiveValidated()) {
      this.#movingSinceMs = undefined
      return false
    }
    const rttMs = Math.max(...this.#native.pathStats().map(({ rtt }) => rtt))
    return waitedMs > overdueRoundTrips * rttMs + overdueExtraMs
  }

  #isActiveValidated(): boolean {
    const active = this.#native.pathStats().find((path) => path.active)
    return active === undefined || this.#isValidated(active)
  }

  #isValidated({ localHost, peerHost }: Path): boolean {
    try {
      return this.#native.isPathValidated(localHost, peerHost)
    } catch {
      return true
    }
  }
}

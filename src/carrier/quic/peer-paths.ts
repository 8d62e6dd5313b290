/**
 * The addresses at which the peer of an accepted connection was seen, followed through quiche's path
 * events: a NAT that changes its mapping moves a peer without its knowing.
 *
 * Two things quiche 0.18 leaves to us:
 *
 *  - It never forgets a path, and after `carrierConnectionIdsMax` of them drops what comes from yet
 *    another address, in silence. Such a peer is stranded; it is better told than left to starve.
 *  - An address is validated by a challenge that is sent again only when the loss timer of the path
 *    fires. If the first is lost while others are acknowledged, it never fires, and for good no more
 *    may be sent there than three times what was received (RFC 9000, 8.1): some bytes per round trip.
 *    So when a validation is overdue we play deaf until that timer has fired, as if the path had
 *    lost everything for that time; the challenge is then sent again.
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
        this.#movingSinceMs = undefined
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

  /** True while datagrams are to be ignored. `onDeaf` is called when that begins. */
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
    const paths = this.#native.pathStats()
    const active = paths.find((path) => path.active)
    // An address that was not the peer's fails validation without an event, and the old one is back.
    if (active === undefined || this.#isValidated(active)) {
      this.#movingSinceMs = undefined
      return false
    }
    const rttMs = Math.max(...paths.map(({ rtt }) => rtt))
    return waitedMs > overdueRoundTrips * rttMs + overdueExtraMs
  }

  #isValidated({ localHost, peerHost }: Path): boolean {
    try {
      return this.#native.isPathValidated(localHost, peerHost)
    } catch {
      return true
    }
  }
}

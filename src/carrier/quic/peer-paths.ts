/**
 * The addresses at which the peer of an accepted connection was seen, followed through quiche's path
 * events: a NAT that changes its mapping moves a peer without its knowing.
 *
 * quiche 0.18 leaves three things to us:
 *
 *  - It never forgets a path, and after `carrierConnectionIdsMax` of them drops what comes from yet
 *    another address, in silence. Such a peer is stranded; it is better told than left to starve.
 *  - A validation fails when the loss timer of the path fires often, or when it fires after three
 *    times what came from there was sent (RFC 9000, 8.1); the next packet from there then kills the
 *    connection. So until an address is validated one packet goes there per occasion, and never
 *    the last bytes. It has 1200 bytes if it may, since only such a challenge ends the validation.
 *  - A challenge is only sent again when that timer fires, which it does not when the challenge was
 *    acknowledged but its answer lost. So when a validation is long overdue we play deaf until it
 *    has, as if the path had lost everything for that time.
 */
import { limits } from '../../limits.ts'
import type { Address } from '../carrier.ts'
import { plainHost } from './address.ts'
import type { NativeConnection } from './binding.ts'
import { datagramBaseBytes } from './datagram-size.ts'

/** Datagrams in a row from where the peer was never seen, when it cannot be followed any more. */
const strandedAfter = 3
/** A challenge takes a round trip, or a loss timer, which starts out at a second. */
const overdueRoundTrips = 3
const overdueExtraMs = 500
/** RFC 9000, 8.1. */
const amplification = 3
/** Below this quiche gives an address up (its MIN_PROBING_SIZE is 25). */
const reserveBytes = 26
/** A challenge in a packet of its own. */
const challengeMinBytes = 36

type Path = ReturnType<NativeConnection['pathStats']>[number]

export class PeerPaths {
  readonly #native: NativeConnection
  #count = 1
  #strangers = 0
  /** Since when the peer is at an address that is not validated, or was not deaf to. */
  #movingSinceMs: number | undefined
  #isDeaf = false
  /** Something happened since the last packet to the address that is not validated. */
  #isOccasion = false
  /** What may be sent there. */
  #creditBytes = 0
  /** A challenge of less than 1200 bytes went there: nothing yet, unanswered, perhaps answered. */
  #smallChallenge: 'none' | 'sent' | 'answered' = 'none'

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
        this.#isOccasion = true
        this.#creditBytes = 0
        this.#smallChallenge = 'none'
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

  /** A datagram of `length` bytes came in, and its events were taken. */
  received(length: number): void {
    if (this.#movingSinceMs === undefined) return
    this.#creditBytes += amplification * length
    if (this.#smallChallenge !== 'sent') return
    this.#smallChallenge = 'answered'
    this.#isOccasion = true
  }

  /**
   * How many bytes the next packet may have, and that it shall be the only one; undefined when the
   * peer's address is validated.
   */
  allowance(): number | undefined {
    if (this.#movingSinceMs === undefined || this.#isActiveValidated()) return undefined
    if (!this.#isOccasion) return 0
    const left = this.#creditBytes - reserveBytes
    const isFree = left >= datagramBaseBytes || this.#smallChallenge === 'answered'
    if (left < challengeMinBytes && !isFree) return 0
    return isFree ? datagramBaseBytes : left
  }

  /** That packet was sent, and had `length` bytes. */
  sent(length: number): void {
    this.#isOccasion = false
    this.#creditBytes -= length
    // An answer would have lifted quiche's limit: what came back was something else.
    const isInVain = this.#smallChallenge === 'answered'
    if (length < datagramBaseBytes) this.#smallChallenge = isInVain ? 'none' : 'sent'
  }

  /** True while datagrams are to be ignored. `onDeaf` must send a packet if it may. */
  isDeaf(onDeaf: () => void): boolean {
    if (this.#movingSinceMs === undefined) return false
    if (!this.#isDeaf && this.#isOverdue(this.#movingSinceMs)) {
      this.#isOccasion = true
      onDeaf()
      // Without a packet on its way no timer would end it.
      this.#isDeaf = !this.#isOccasion
    }
    return this.#isDeaf
  }

  /** The loss timer fired. */
  timedOut(): void {
    this.#isDeaf = false
    this.#isOccasion = true
    this.#smallChallenge = 'none'
    if (this.#movingSinceMs !== undefined) this.#movingSinceMs = performance.now()
  }

  #isOverdue(sinceMs: number): boolean {
    const waitedMs = performance.now() - sinceMs
    if (waitedMs < overdueExtraMs) return false
    // An address that was not the peer's fails validation without an event, and the old one is back.
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

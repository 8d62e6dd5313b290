/**
 * A network in memory, shared by the nodes of one test or simulation. All delays come from the
 * given clock and all chance from the given random source, so that one seed fixes every arrival.
 *
 * A packet is delayed by a draw between the delay bounds, so packets overtake each other; streams
 * put theirs back in order one by one, as QUIC's do. A lost packet is sent again after a timeout
 * that doubles (RFC 9002, 6.2), which is all the layers above ever see of loss. A packet that
 * meets a cut link waits until it heals, if its connection lives that long.
 */
import type { Clock, Platform, Random } from '../../../runtime/platform/platform.ts'
import { limits } from '../../limits.ts'
import type { Address, Carrier, CarrierEnv, CarrierFailure, Endpoint } from '../carrier.ts'
import type { MemoryConnection } from './connection.ts'
import { MemoryEndpoint } from './endpoint.ts'
import { Faults, type Path } from './faults.ts'
import { type Packet, packetBytes } from './packet.ts'

export type MemoryNetworkOptions = {
  readonly platform: Pick<Platform, 'clock' | 'random'>
  /** Silence after which half a connection gives up. Default 30,000. */
  readonly idleTimeoutMs?: number
  /** Unread bytes per stream. Default `limits.carrierStreamWindowBytes`. */
  readonly windowBytes?: number
  /** Streams of each kind a side may hold open. Default `limits.carrierStreamsMax`. */
  readonly streamsMax?: number
  /** Per endpoint. Default `limits.carrierConnectionsMax`. */
  readonly connectionsMax?: number
  /** Per endpoint. Default `limits.carrierHalfOpenMax`. */
  readonly halfOpenMax?: number
  /** Default `limits.carrierHandshakeTimeoutMs`. */
  readonly handshakeTimeoutMs?: number
}

export type NetworkEvent = {
  readonly tag: 'sent' | 'lost' | 'held' | 'arrived' | 'crashed'
  readonly atMs: number
  /** `host:port`. */
  readonly from: string
  readonly to: string
  /** Number of the connection, 0 for none. */
  readonly connection: number
  /** Kind of the packet, '' for none. */
  readonly packet: Packet['tag'] | ''
  readonly bytes: number
}

/** Lets a step of the network happen at a host: now, later or never. */
export type Enter = (step: () => void) => void

const firstFreePort = 49_152
const retransmitMinMs = 10
const retransmitMaxMs = 1000

export class MemoryNetwork {
  readonly clock: Clock
  readonly random: Random
  readonly settings: Required<Omit<MemoryNetworkOptions, 'platform'>>
  readonly faults = new Faults()
  /** Told of everything that happens on the wire, in order. */
  onEvent: ((event: NetworkEvent) => void) | undefined
  readonly #endpoints = new Map<string, MemoryEndpoint>()
  #connectionNumber = 0
  #freePort = firstFreePort

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.platform.clock
    this.random = options.platform.random
    this.settings = {
      idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
      windowBytes: options.windowBytes ?? limits.carrierStreamWindowBytes,
      streamsMax: options.streamsMax ?? limits.carrierStreamsMax,
      connectionsMax: options.connectionsMax ?? limits.carrierConnectionsMax,
      halfOpenMax: options.halfOpenMax ?? limits.carrierHalfOpenMax,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? limits.carrierHandshakeTimeoutMs,
    }
    for (const [field, value] of Object.entries(this.settings)) {
      if (Number.isSafeInteger(value) && value > 0) continue
      throw new TypeError(`memoryNetwork: ${field} must be a positive integer, got ${value}`)
    }
  }

  /**
   * A carrier at `address`; port 0 gets a free one. `open` fails with `address` if taken. All that
   * the network does at the host goes through `enter`, which may put it off or drop it: a machine
   * that is slow, stands still or is off. By default it happens at once.
   */
  carrier(address: Address, enter: Enter = (step) => step()): Carrier {
    return { name: 'memory', open: async (env) => this.#open(address, env, enter) }
  }

  /** Chance that a packet is lost, 0 to 1. Throws a RangeError otherwise. */
  setLoss(loss: number): void {
    this.faults.setLoss(loss)
    this.#linksChanged()
  }

  /** One-way delay, drawn per packet. Throws a RangeError unless 0 <= minMs <= maxMs. */
  setDelay(minMs: number, maxMs: number): void {
    this.faults.setDelay(minMs, maxMs)
  }

  /**
   * How packets of host `from` to host `to` fare, instead of as all others, until `heal` or, with
   * undefined, no longer. Throws a RangeError as they do.
   */
  setLink(from: string, to: string, path: Path | undefined): void {
    this.faults.setLink(from, to, path)
    this.#linksChanged()
  }

  /**
   * Hosts of one place are near each other and fare as `setLoss` and `setDelay` say; between places
   * packets take the path `far`. Hosts of no place form one more.
   */
  setPlaces(places: readonly (readonly string[])[], far: Path): void {
    this.faults.setPlaces(places, far)
    this.#linksChanged()
  }

  /** Nothing that `host` sends arrives anywhere. */
  mute(host: string): void {
    this.faults.mute(host)
    this.#linksChanged()
  }

  /** Nothing arrives at `host`. */
  deafen(host: string): void {
    this.faults.deafen(host)
    this.#linksChanged()
  }

  /** `host` sends nothing until `thaw`; what it would hear meanwhile is up to its `enter`. */
  freeze(host: string): void {
    this.faults.freeze(host)
    this.#linksChanged()
  }

  thaw(host: string): void {
    this.faults.thaw(host)
    this.#linksChanged()
  }

  /** Cuts hosts of different groups off from each other; unnamed hosts form one more group. */
  partition(groups: readonly (readonly string[])[]): void {
    this.faults.partition(groups)
    this.#linksChanged()
  }

  /** Packets from host `from` no longer reach host `to`. */
  blockOneWay(from: string, to: string): void {
    this.faults.blockOneWay(from, to)
    this.#linksChanged()
  }

  /** Ends all cuts, and links of their own; what was held is sent again. */
  heal(): void {
    this.faults.heal()
    this.#linksChanged()
  }

  /** The endpoint at `address` vanishes without a close. False when nobody is there. */
  crash(address: Address): boolean {
    const key = keyOf(address)
    const endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) return false
    this.#endpoints.delete(key)
    this.#tell('crashed', key, key, 0, '', 0)
    endpoint.crash()
    return true
  }

  /** Open connections, each half by itself, with what it has carried. */
  traffic(): readonly {
    from: string
    to: string
    connection: number
    packets: number
    bytes: number
  }[] {
    return [...this.#endpoints.values()].flatMap((endpoint) =>
      [...endpoint.connections].map((half) => ({
        from: keyOf(endpoint.address),
        to: keyOf(half.peerAddress),
        connection: half.number,
        packets: half.sentPackets,
        bytes: half.sentBytes,
      })),
    )
  }

  nextNumber(): number {
    this.#connectionNumber += 1
    return this.#connectionNumber
  }

  /** `endpoint` no longer answers at its address. */
  forget(endpoint: MemoryEndpoint): void {
    const key = keyOf(endpoint.address)
    if (this.#endpoints.get(key) === endpoint) this.#endpoints.delete(key)
  }

  /** Sends a packet to the other half of `sender`'s connection. */
  transmit(sender: MemoryConnection, packet: Packet): void {
    const bytes = packetBytes(packet)
    sender.sentPackets += 1
    sender.sentBytes += bytes
    this.#tellOf('sent', sender, packet)
    this.#attempt(sender, packet, 0)
  }

  #attempt(sender: MemoryConnection, packet: Packet, tries: number): void {
    // The half is over: nobody is left to send it again.
    if (sender.gone) return
    if (this.#cut(sender)) {
      this.#hold(sender, packet)
      return
    }
    const { loss, delayMinMs, delayMaxMs } = this.#pathOf(sender)
    if (loss > 0 && this.random.unit() < loss) {
      this.#lose(sender, packet, tries)
      return
    }
    const spreadMs = delayMaxMs - delayMinMs
    const delayMs = spreadMs === 0 ? delayMinMs : delayMinMs + spreadMs * this.random.unit()
    this.clock.after(delayMs, () => this.#arrive(sender, packet, tries))
  }

  #arrive(sender: MemoryConnection, packet: Packet, tries: number): void {
    if (this.#cut(sender)) {
      this.#hold(sender, packet)
      return
    }
    const { peer } = sender
    if (packet.tag === 'hello') {
      const listener = this.#endpoints.get(keyOf(sender.peerAddress))
      if (sender.gone || peer !== undefined) return
      if (listener === undefined) this.#lose(sender, packet, tries)
      else listener.enter(() => this.#greet(listener, sender, packet, tries))
    } else if (peer?.gone === false) {
      this.#tellOf('arrived', sender, packet)
      peer.endpoint.enter(() => peer.receive(packet))
    }
  }

  #greet(listener: MemoryEndpoint, sender: MemoryConnection, packet: Packet, tries: number): void {
    if (sender.gone || sender.peer !== undefined) return
    if (listener.accept(sender)) this.#tellOf('arrived', sender, packet)
    else this.#lose(sender, packet, tries)
  }

  #pathOf(sender: MemoryConnection): Path {
    return this.faults.pathOf(sender.endpoint.address.host, sender.peerAddress.host)
  }

  #cut(sender: MemoryConnection): boolean {
    return this.faults.cut(sender.endpoint.address.host, sender.peerAddress.host)
  }

  #hold(sender: MemoryConnection, packet: Packet): void {
    this.#tellOf('held', sender, packet)
    sender.lostPackets += 1
    // A close is sent once and not again (RFC 9000, 10.2).
    if (sender.gone || packet.tag === 'close') return
    sender.held.push(() => this.#retry(sender, packet, 0))
  }

  #lose(sender: MemoryConnection, packet: Packet, tries: number): void {
    this.#tellOf('lost', sender, packet)
    sender.lostPackets += 1
    if (packet.tag !== 'close') this.#retry(sender, packet, tries)
  }

  #retry(sender: MemoryConnection, packet: Packet, tries: number): void {
    const firstMs = Math.max(3 * this.#pathOf(sender).delayMaxMs, retransmitMinMs)
    const waitMs = Math.min(firstMs * 2 ** tries, Math.max(retransmitMaxMs, firstMs))
    this.clock.after(waitMs, () => this.#attempt(sender, packet, tries + 1))
  }

  #linksChanged(): void {
    for (const endpoint of this.#endpoints.values()) {
      for (const half of [...endpoint.connections]) half.linkChanged()
    }
  }

  #open(
    wanted: Address,
    env: CarrierEnv,
    enter: Enter,
  ): { readonly tag: 'ok'; readonly endpoint: Endpoint } | CarrierFailure {
    const address = wanted.port === 0 ? this.#freeAddress(wanted.host) : wanted
    const key = keyOf(address)
    if (this.#endpoints.has(key)) {
      return { tag: 'error', reason: 'address', message: `${key} is taken` }
    }
    const endpoint = new MemoryEndpoint(this, address, env, enter)
    this.#endpoints.set(key, endpoint)
    return { tag: 'ok', endpoint }
  }

  #freeAddress(host: string): Address {
    let port = this.#freePort++
    while (this.#endpoints.has(keyOf({ host, port }))) port = this.#freePort++
    return { host, port }
  }

  #tellOf(tag: NetworkEvent['tag'], sender: MemoryConnection, packet: Packet): void {
    if (this.onEvent === undefined) return
    const from = keyOf(sender.endpoint.address)
    const to = keyOf(sender.peerAddress)
    this.#tell(tag, from, to, sender.number, packet.tag, packetBytes(packet))
  }

  #tell(
    tag: NetworkEvent['tag'],
    from: string,
    to: string,
    connection: number,
    packet: NetworkEvent['packet'],
    bytes: number,
  ): void {
    this.onEvent?.({ tag, atMs: this.clock.now(), from, to, connection, packet, bytes })
  }
}

function keyOf(address: Address): string {
  return `${address.host}:${address.port}`
}

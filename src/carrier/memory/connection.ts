/**
 * One half of a memory connection: what one node holds of it. The other half belongs to the other
 * node, and nothing but packets passes between them.
 *
 * It lives as a QUIC connection with keepalive does: the dialer is established one leg before the
 * acceptor; a close is one packet that may be lost; a half that can hear nothing (the link towards
 * it is cut, or the other half is gone) dies of silence by itself, each side on its own time. No
 * keepalive packets are simulated: silence begins when hearing becomes impossible, less the time
 * since the last keepalive that would have been heard.
 *
 * Invariant: callbacks run from the clock only, `onClose` once and last.
 */
import type { TimerHandle } from '../../../runtime/platform/platform.ts'
import { limits } from '../../limits.ts'
import type {
  Address,
  CarrierStream,
  CloseInfo,
  Connection,
  ConnectionHandler,
  PathStatistics,
} from '../carrier.ts'
import { kindOf, MetStreams, openerOf, type StreamKind, streamId } from '../stream-ids.ts'
import type { MemoryEndpoint } from './endpoint.ts'
import { type Packet, packetBytes } from './packet.ts'
import { MemoryStream, type StreamOwner } from './stream.ts'

export class MemoryConnection implements Connection, StreamOwner {
  readonly role: 'dialer' | 'acceptor'
  readonly number: number
  readonly endpoint: MemoryEndpoint
  readonly localCertHash: Uint8Array
  peerCertHash: Uint8Array
  peerAddress: Address
  readonly windowBytes: number
  /** The other half, once it exists. */
  peer: MemoryConnection | undefined
  established = false
  /** Gone from its node: nothing is sent or heard. */
  gone = false
  /** Packets that met a cut link, to be sent again when it heals. */
  readonly held: (() => void)[] = []
  sentBytes = 0
  sentPackets = 0
  receivedBytes = 0
  lostPackets = 0
  #handler: ConnectionHandler | undefined
  #ended: CloseInfo | undefined
  #told = false
  #silence: TimerHandle | undefined
  readonly #streams = new Map<number, MemoryStream>()
  readonly #met = new MetStreams()
  readonly #opened = { bidi: 0, uni: 0 }
  readonly #room: { bidi: number; uni: number }
  /** What came before the connection was established, or before it had a handler. */
  #early: Packet[] = []

  constructor(
    endpoint: MemoryEndpoint,
    role: 'dialer' | 'acceptor',
    number: number,
    peerAddress: Address,
    peerCertHash: Uint8Array,
  ) {
    this.endpoint = endpoint
    this.role = role
    this.number = number
    this.peerAddress = peerAddress
    this.localCertHash = endpoint.certHash
    this.peerCertHash = peerCertHash
    const { windowBytes, streamsMax } = endpoint.network.settings
    this.windowBytes = windowBytes
    this.#room = { bidi: streamsMax, uni: streamsMax }
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler
    this.endpoint.after(0, () => this.catchUp())
  }

  get closed(): boolean {
    return this.#ended !== undefined
  }

  /** Ended, and nobody is left to be told. */
  get settled(): boolean {
    return this.closed && (this.#told || this.#handler === undefined)
  }

  openStream(kind: StreamKind): CarrierStream | undefined {
    if (this.closed || this.gone || this.#room[kind] === 0) return undefined
    this.#room[kind] -= 1
    const id = streamId(kind, this.role, this.#opened[kind]++)
    const stream = new MemoryStream(this, id, kind, 'us')
    this.#streams.set(id, stream)
    return stream
  }

  close(code: number, reason: string): void {
    if (this.closed || this.gone) return
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new RangeError(`close: code must be an integer of 0 or more, got ${code}`)
    }
    const kept = new Uint8Array(limits.carrierCloseReasonMaxBytes)
    const { written } = new TextEncoder().encodeInto(reason, kept)
    this.send({ tag: 'close', code, reason: new TextDecoder().decode(kept.subarray(0, written)) })
    this.end({ by: 'local', code, reason })
  }

  statistics(): PathStatistics {
    const { endpoint, peerAddress } = this
    const { faults } = endpoint.network
    const { delayMinMs, delayMaxMs } = faults.pathOf(endpoint.address.host, peerAddress.host)
    const { sentBytes, receivedBytes, lostPackets } = this
    return { rttMs: delayMinMs + delayMaxMs, sentBytes, receivedBytes, lostPackets }
  }

  send(packet: Packet): void {
    if (this.gone) return
    this.endpoint.network.transmit(this, packet)
  }

  later(step: () => void): void {
    this.endpoint.after(0, () => {
      if (!this.closed && !this.gone) step()
    })
  }

  over(stream: MemoryStream): void {
    if (!this.#streams.delete(stream.id) || stream.opener === 'us') return
    this.send({ tag: 'streamCredit', kind: stream.kind })
  }

  /** Takes a packet from the network. */
  receive(packet: Packet): void {
    if (this.closed || this.gone) return
    this.receivedBytes += packetBytes(packet)
    if (packet.tag === 'close') {
      this.#takeEarly()
      this.end({ by: 'peer', code: packet.code, reason: packet.reason })
    } else if (packet.tag === 'accept' || packet.tag === 'finish') {
      if (this.established) return
      this.established = true
      this.endpoint.onEstablished(this)
    } else if (!this.established || this.#handler === undefined) this.#early.push(packet)
    else this.#take(packet)
  }

  /** Delivers what had to wait for the handler. */
  catchUp(): void {
    if (this.gone && !this.closed) return
    this.#takeEarly()
    this.#tellClose()
  }

  /**
   * Looks at what can be heard: arms the death by silence, or calls it off and sends again what
   * was held.
   */
  linkChanged(): void {
    if (this.gone) return
    const { network } = this.endpoint
    const { faults, settings } = network
    const { host } = this.endpoint.address
    const peerGone = this.peer?.gone === true
    if (peerGone || (this.peer && faults.cut(this.peerAddress.host, host))) {
      if (this.#silence !== undefined) return
      const heardMs = (settings.idleTimeoutMs / 3) * network.random.unit()
      const timer = this.endpoint.after(settings.idleTimeoutMs - heardMs, () => {
        // Called off after it had fired, while the host stood still.
        if (this.#silence !== timer) return
        this.end({ by: 'idle', code: 0, reason: 'silence' })
      })
      this.#silence = timer
    } else if (this.#silence !== undefined) {
      network.clock.cancel(this.#silence)
      this.#silence = undefined
    }
    if (!faults.cut(host, this.peerAddress.host)) for (const retry of this.held.splice(0)) retry()
  }

  /** The half ends, for whatever reason, and tells its handler in a later turn. */
  end(info: CloseInfo): void {
    if (this.closed || this.gone) return
    this.#ended = info
    this.vanish()
    this.endpoint.onEnded(this, info)
    this.endpoint.after(0, () => this.catchUp())
  }

  /** The half is no more, without a word to anybody: what a crash does. */
  vanish(): void {
    if (this.gone) return
    this.gone = true
    if (this.#silence !== undefined) this.endpoint.network.clock.cancel(this.#silence)
    for (const stream of this.#streams.values()) stream.abandon()
    this.#streams.clear()
    this.#early = []
    this.held.length = 0
    this.peer?.linkChanged()
  }

  #takeEarly(): void {
    if (!this.established || this.#handler === undefined) return
    const early = this.#early
    this.#early = []
    for (const packet of early) if (!this.closed) this.#take(packet)
  }

  #tellClose(): void {
    if (this.#ended === undefined || this.#told || this.#handler === undefined) return
    this.#told = true
    this.#handler.onClose(this.#ended)
  }

  #take(packet: Packet): void {
    if (packet.tag === 'streamCredit') this.#room[packet.kind] += 1
    else if (packet.tag === 'credit') this.#streams.get(packet.stream)?.onCredit(packet.bytes)
    else if (packet.tag === 'data') this.#streamOf(packet.stream)?.onPacket(packet)
    else if (packet.tag === 'reset') this.#streamOf(packet.stream)?.onPeerReset(packet.code)
  }

  /** The stream a packet is for; one of the peer is met here for the first time. */
  #streamOf(id: number): MemoryStream | undefined {
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    if (openerOf(id) === this.role || !this.#met.meet(id)) return undefined
    const stream = new MemoryStream(this, id, kindOf(id), 'peer')
    this.#streams.set(id, stream)
    this.#handler?.onStream(stream)
    return stream
  }
}

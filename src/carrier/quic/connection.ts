/**
 * One QUIC connection: drives quiche and presents it as the carrier's `Connection`.
 *
 * Invariants: callbacks of the layer above run only in `drive` and `flushWrites`, which the event
 * loop calls; `onClose` is delivered once, after everything readable was; a handler that is not
 * set yet loses nothing, since neither streams nor the close are delivered without it. After the
 * close the connection stays routed until quiche's draining time is over (RFC 9000, 10.2), so that
 * late packets meet it and not a stranger.
 *
 * The first drives of an established connection leave sending to the next one each: the layer above
 * says its first words, or answers the peer's, in the microtasks between, and they leave with the
 * end of the TLS handshake or with the acknowledgement. (Later on this would slow down calls.) The
 * spare ids follow when those words have been exchanged: nobody moves before that.
 *
 * A dialled connection is established before the acceptor has verified our certificate: a refusal
 * arrives later, as a close. Whoever needs to know waits for the first bytes of the peer (dist
 * waits for its own hello).
 */

import type {
  Address,
  CarrierStream,
  CloseInfo,
  Connection,
  ConnectionHandler,
  PathStatistics,
} from '../carrier.ts'
import { certificateHash } from '../digest.ts'
import { plainHost } from './address.ts'
import type { NativeConnection } from './binding.ts'
import { closeInfoOf, reasonBytes } from './close-edge.ts'
import { type IdHost, OwnIds } from './own-ids.ts'
import { Packets } from './packets.ts'
import { PeerPaths } from './peer-paths.ts'
import type { ReadArea } from './read-area.ts'
import { readNotice } from './reset-notice.ts'
import type { ProbeHost } from './size-probe.ts'
import type { QuicStream, StreamOwner } from './stream.ts'
import { Streams } from './streams.ts'
import type { Driven, Turns } from './turns.ts'

/** RFC 9000, 20.1: NO_ERROR. */
const noError = 0
/** What quiche keeps for one connection, about. */
const nativeBytes = 48 * 1024
/** Hello, proof and acceptance: what either side hears at most before it is up. */
const firstWords = 3
/** From the end of TLS until the peer is given spare ids. */
const sparesAfterMs = 10

/** What a connection needs of its endpoint. */
export interface ConnectionHost extends ProbeHost, IdHost<QuicConnection> {
  readonly turns: Turns
  readonly localCertHash: Uint8Array
  /** For reads and, apart from it, for gathered writes: a handler may close while it reads. */
  readonly readArea: ReadArea
  readonly writeScratch: Uint8Array
  /** The peer of `connection` will end resets with these tokens, and no others. */
  onResetTokens(connection: QuicConnection, tokenKeys: readonly string[]): void
  onEstablished(connection: QuicConnection): void
  /** It ended, before or after it was established. */
  onEnded(connection: QuicConnection, info: CloseInfo): void
  /** quiche is done with it: all its ids may go. */
  onFreed(connection: QuicConnection): void
}

export class QuicConnection implements Connection, StreamOwner, Driven {
  readonly native: NativeConnection
  /**
   * V8 does not see what quiche holds for a connection, and would leave thousands of closed ones
   * uncollected while somebody dials in a loop. This it sees; nobody writes it, so it costs little.
   */
  readonly ballast = Buffer.allocUnsafeSlow(nativeBytes)
  readonly role: 'dialer' | 'acceptor'
  readonly localCertHash: Uint8Array
  peerCertHash: Uint8Array = new Uint8Array(0)
  peerAddress: Address
  /** Routing keys of this connection. */
  readonly keys = new Set<string>()
  /** Keys of the tokens in which a reset by the peer may end; the endpoint's, kept here for it. */
  resetKeys: readonly string[] = []
  established = false
  readonly #host: ConnectionHost
  readonly #streams: Streams
  readonly #packets: Packets
  #handler: ConnectionHandler | undefined
  #ended: CloseInfo | undefined
  #told = false
  #freed = false
  #flushWanted = false
  /** Datagrams came since the streams were asked whether the peer has stopped them. */
  #unchecked = false
  /** Drives that will leave sending to the next one. */
  #putOffLeft = 0
  /** The last one did: this one sends. */
  #putOff = false
  /** The peer has no spare ids of ours yet. */
  #sparesOwed: NodeJS.Timeout | undefined
  readonly #ids: OwnIds<QuicConnection>
  readonly #paths: PeerPaths

  constructor(
    host: ConnectionHost,
    native: NativeConnection,
    role: 'dialer' | 'acceptor',
    peer: Address,
    datagramMaxBytes: number,
  ) {
    this.#host = host
    this.native = native
    this.role = role
    this.localCertHash = host.localCertHash
    this.peerAddress = { host: plainHost(peer.host), port: peer.port }
    this.#streams = new Streams(this, role)
    this.#ids = new OwnIds(host, this)
    this.#paths = new PeerPaths(native)
    this.#packets = new Packets(native, host, datagramMaxBytes, () => {
      this.#paths.timedOut()
      this.drive()
    })
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler
  }

  set handler(handler: ConnectionHandler | undefined) {
    this.#handler = handler
    this.#host.turns.touch(this)
  }

  get closed(): boolean {
    return this.#ended !== undefined
  }

  openStream(kind: 'bidi' | 'uni'): CarrierStream | undefined {
    return this.closed || !this.established ? undefined : this.#streams.open(kind)
  }

  close(code: number, reason: string): void {
    if (this.closed) return
    if (!Number.isSafeInteger(code) || code < 0) {
      throw new RangeError(`close: code must be an integer of 0 or more, got ${code}`)
    }
    // Muted: this is a call from above, no callback may run in it.
    this.#streams.mute()
    // quiche drops what it was given but has not sent when it is closed: flush before.
    this.#streams.pump(this.#host.writeScratch)
    this.#packets.flush()
    this.native.close(true, code, reasonBytes(reason))
    this.#packets.flush()
    this.#end({ by: 'local', code, reason })
    this.#host.turns.touch(this)
  }

  statistics(): PathStatistics {
    const { sentBytes, recvBytes, lost } = this.native.stats()
    const active = this.native.pathStats().find((path) => path.active)
    return {
      rttMs: active?.rtt ?? 0,
      sentBytes,
      receivedBytes: recvBytes,
      lostPackets: lost,
      datagramBytes: this.#packets.datagramBytes,
    }
  }

  wantsWrite(stream: QuicStream): void {
    this.#streams.toWrite(stream)
    this.wantsFlush()
  }

  wantsFlush(): void {
    if (this.#flushWanted) return
    this.#flushWanted = true
    this.#host.turns.wrote(this)
  }

  wantsRead(stream: QuicStream): void {
    this.#streams.toRead(stream)
    this.#host.turns.touch(this)
  }

  changed(stream: QuicStream): void {
    this.#streams.changed(stream)
  }

  /** Gives a datagram to quiche; what follows from it happens in `drive`. False: it was refused. */
  receive(datagram: Buffer, host: string, port: number): boolean {
    if (this.#freed) return false
    if (this.#paths.isDeaf(() => this.keepAlive())) return true
    this.#packets.heard()
    this.#unchecked = true
    try {
      this.native.recv(datagram, { from: { host, port }, to: this.#host.socket.local })
      if (this.role === 'acceptor') this.#follow(host, port)
      return true
    } catch {
      // Junk for this connection, or an error quiche has already turned into a close.
      return false
    }
  }

  /** Offers a datagram that may be a reset by the peer. True when it was one. */
  receiveReset(datagram: Buffer, host: string, port: number): boolean {
    if (this.closed) return false
    this.receive(datagram, host, port)
    if (!this.native.isClosed()) return false
    this.#host.turns.touch(this)
    return true
  }

  drive(): void {
    if (!this.established && !this.closed && this.native.isEstablished()) this.#establish()
    if (this.established && !this.closed) {
      const isReplaced = this.#ids.replaceRetired()
      if (isReplaced && this.role === 'dialer') this.#ids.tell(this.#ids.tokens())
      this.#takePathEvents()
      if (this.role === 'acceptor') this.#takeNotices()
      this.#checkStopped()
      if (this.#handler !== undefined) {
        this.#streams.read(this.#host.readArea, (stream) => this.#handler?.onStream(stream))
      }
    }
    if (!this.#putsOff()) this.#send()
    this.#tellClose()
  }

  /** Before anything is sent: with our answer quiche forgets the stream, and the peer's code. */
  #checkStopped(): void {
    if (!this.#unchecked) return
    this.#unchecked = false
    this.#streams.checkStopped()
  }

  /** True when this drive leaves sending to the next one. */
  #putsOff(): boolean {
    this.#putOff = this.#putOffLeft > 0 && !this.#putOff
    if (!this.#putOff) return false
    this.#putOffLeft -= 1
    this.#host.turns.touch(this)
    return true
  }

  flushWrites(): void {
    if (this.established && !this.closed) this.#checkStopped()
    if (this.#flushWanted) this.#send()
    if (this.closed && !this.#told) this.#host.turns.touch(this)
  }

  /** Sends a packet the peer must answer, so that neither side takes silence for death. */
  keepAlive(): void {
    if (!this.established || this.closed) return
    const isTold = this.role === 'dialer' && this.#ids.tell(this.#ids.tokens())
    try {
      if (!isTold) this.native.sendAckEliciting()
    } catch {
      // quiche has no path to send on at the moment.
    }
    this.#host.turns.touch(this)
  }

  /** A probe of the path from `host` and `port`, which name the peer, shall be answered. */
  isPeer(host: string, port: number): boolean {
    if (this.closed || !this.native.isEstablished()) return false
    return port === this.peerAddress.port && plainHost(host) === this.peerAddress.host
  }

  /** True when a datagram from there shows that the peer has moved too often to be followed. */
  isStranded(host: string, port: number): boolean {
    return !this.closed && this.#paths.isStranded(host, port)
  }

  /** The peer has told, by a reset or by being nowhere, that this connection is over. */
  lose(reason: string): void {
    if (this.closed) return
    this.native.close(false, noError, new Uint8Array(0))
    this.#end({ by: 'error', code: 0, reason })
    this.free()
    this.#host.turns.touch(this)
  }

  /** Ends it without an application close: a handshake that took too long or is not wanted. */
  abort(info: CloseInfo): void {
    if (this.closed) return
    this.native.close(false, noError, new Uint8Array(0))
    this.#packets.flush()
    this.#end(info)
    this.#host.turns.touch(this)
  }

  /** Frees everything at once, draining or not. The close is still delivered. */
  free(): void {
    if (this.#freed) return
    this.#freed = true
    this.#packets.stop()
    this.#host.onFreed(this)
  }

  #send(): void {
    this.#flushWanted = false
    if (this.#freed) return
    if (!this.closed) this.#streams.pump(this.#host.writeScratch)
    this.#packets.flush()
    if (!this.closed && (this.native.isDraining() || this.native.isClosed())) {
      this.#end(closeInfoOf(this.native))
    }
    // Nobody is owed the draining of a handshake that failed: it would only take up a place.
    const isFailedAccept = this.closed && !this.established && this.role === 'acceptor'
    if (this.native.isClosed() || isFailedAccept) this.free()
  }

  #end(info: CloseInfo): void {
    this.#ended = info
    clearTimeout(this.#sparesOwed)
    this.#streams.abandon()
    this.#host.onEnded(this, info)
  }

  #tellClose(): void {
    if (this.#ended === undefined || this.#told || this.#handler === undefined) return
    this.#told = true
    this.#handler.onClose(this.#ended)
  }

  #establish(): void {
    const certificate = this.native.peerCertChain()?.[0]
    if (certificate === undefined) {
      this.abort({ by: 'error', code: 0, reason: 'the peer presented no certificate' })
      return
    }
    this.established = true
    this.peerCertHash = certificateHash(certificate)
    this.#sparesOwed = setTimeout(() => this.#giveSpares(), sparesAfterMs)
    this.#putOffLeft = firstWords
    if (this.role === 'dialer') this.#ids.tell(this.#ids.tokens())
    this.#host.onEstablished(this)
  }

  #giveSpares(): void {
    const tokens = this.#ids.issueSpares()
    if (this.role === 'dialer') this.#ids.tell(tokens)
    this.#packets.flush()
  }

  /** Learns where the peer is, before anything is sent there. */
  #follow(host: string, port: number): void {
    if (port !== this.peerAddress.port) this.#takePathEvents()
    if (port === this.peerAddress.port) this.#paths.atHome()
    else if (this.established && this.#paths.isAstray(host, port)) {
      this.lose('the peer cannot be reached where it is now')
    }
  }

  #takePathEvents(): void {
    this.#paths.takeEvents((address) => {
      this.#packets.moved()
      if (address !== undefined) this.peerAddress = address
    })
  }

  #takeNotices(): void {
    while (this.native.dgramRecvQueueLen() > 0) {
      const bytes = this.native.dgramRecvVec()
      const keys = bytes === null ? [] : readNotice(bytes)
      if (keys.length > 0) this.#host.onResetTokens(this, keys)
    }
  }
}

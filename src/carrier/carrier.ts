/**
 * The carrier port: what dist needs from a transport, and nothing more. A carrier gives reliable,
 * encrypted (or, in memory, private) connections made of ordered byte streams. Three carriers
 * implement it (`memory`, `quic`, `worker`) and pass one conformance suite.
 *
 * Invariants every carrier keeps:
 *  - callbacks run from the event loop, never from inside a call made on the carrier;
 *  - `onClose` is called exactly once per connection, after the last other callback of it;
 *  - bytes of one stream arrive in order, whole or as a prefix; streams are independent;
 *  - bytes given to `onData` are borrowed: valid until the callback returns, and longer when `kept`
 *    then says so;
 *  - bytes given to `write` belong to the carrier until sent: the caller must not change them;
 *  - after `close` or `onClose` every method is a harmless no-op.
 */
import type { Platform } from '../../runtime/platform/platform.ts'

export type Address = { readonly host: string; readonly port: number }

/** TLS material of this node (src/identity/cert.ts). In memory only `certDer` is used. */
export type TlsMaterial = {
  readonly certPem: string
  readonly keyPem: string
  readonly certDer: Uint8Array
}

export type CarrierEnv = {
  readonly platform: Platform
  readonly tls: TlsMaterial
  /** An inbound connection is established. Set `connection.handler` before returning. */
  readonly onConnection: (connection: Connection) => void
  /**
   * Asked, by carriers whose handshake costs something, before one with a stranger at `host`
   * begins; false: it does not, and the stranger is not told. Default: always true.
   */
  readonly admits?: (host: string) => boolean
}

export type CarrierFailure = {
  readonly tag: 'error'
  /**
   * `address`: cannot be resolved or bound (in use, no permission); `refused`: nobody or not us
   * there; `timeout`: no answer in time; `tls`: the TLS handshake failed; `unsupported`: this
   * platform has no native code for the carrier; `closed`: the endpoint was closed meanwhile;
   * `limit`: a named limit of the carrier was reached.
   */
  readonly reason: 'address' | 'refused' | 'timeout' | 'tls' | 'unsupported' | 'closed' | 'limit'
  /** One sentence for the operator. */
  readonly message: string
}

/** What `quicCarrier(...)`, `memoryCarrier(...)` return: a transport not opened yet. */
export interface Carrier {
  readonly name: 'memory' | 'quic' | 'worker'
  open(
    env: CarrierEnv,
  ): Promise<{ readonly tag: 'ok'; readonly endpoint: Endpoint } | CarrierFailure>
}

/** One bound socket (or its like) that both accepts and dials. */
export interface Endpoint {
  /** Where it can be reached; the port is the real one when 0 was asked for. */
  readonly address: Address
  /**
   * Dials. Resolves when the transport handshake is complete; the caller sets
   * `connection.handler` in the same turn. Fails with `timeout` after `timeoutMs`.
   */
  dial(
    address: Address,
    timeoutMs: number,
  ): Promise<{ readonly tag: 'ok'; readonly connection: Connection } | CarrierFailure>
  /** Closes every connection with `code`, then the socket. Resolves when nothing is left open. */
  close(code: number): Promise<void>
}

export type CloseInfo = {
  /** Who ended it: our `close`, the peer's, silence, or a transport error. */
  readonly by: 'local' | 'peer' | 'idle' | 'error'
  readonly code: number
  readonly reason: string
}

export interface ConnectionHandler {
  /**
   * The peer opened a stream and its first bytes (or its end, or its reset) are here. Set
   * `stream.handler` before returning.
   */
  onStream(stream: CarrierStream): void
  onClose(info: CloseInfo): void
}

export interface Connection {
  readonly role: 'dialer' | 'acceptor'
  /** The peer's current address. */
  readonly peerAddress: Address
  /** SHA-256 of the DER certificate this side presented. */
  readonly localCertHash: Uint8Array
  /** SHA-256 of the DER certificate the peer presented. */
  readonly peerCertHash: Uint8Array
  handler: ConnectionHandler | undefined
  /**
   * Opens a stream; undefined when the peer's stream limit is reached or the connection is closed.
   * The peer learns of it with its first bytes.
   */
  openStream(kind: 'bidi' | 'uni'): CarrierStream | undefined
  /** Closes with an application code. Bytes already written are flushed once, not awaited. */
  close(code: number, reason: string): void
  readonly closed: boolean
  statistics(): PathStatistics
}

export type PathStatistics = {
  readonly rttMs: number
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly lostPackets: number
  /** Largest datagram the path is known to carry. Only of carriers that send datagrams. */
  readonly datagramBytes?: number
}

export interface StreamHandler {
  onData(bytes: Uint8Array): void
  /**
   * Asked after each `onData`: true when the handler keeps memory of what it was given, which the
   * carrier then does not write into any more. Without it nothing is kept.
   */
  kept?(): boolean
  /** The peer ended its side after the last byte. */
  onEnd(): void
  /**
   * The peer gave up the stream; `code` is its application code. Both sides are over and nothing
   * else comes. A stream we only send on may notice at its next write.
   */
  onReset(code: number): void
  /** After `write` returned false: the queue fell below the low-water mark. */
  onDrain(): void
}

export interface CarrierStream {
  readonly id: number
  readonly kind: 'bidi' | 'uni'
  handler: StreamHandler | undefined
  /** Queues bytes. False: more than the high-water mark is waiting; go on after `onDrain`. */
  write(bytes: Uint8Array): boolean
  /** Bytes queued here and not yet taken by the transport. */
  readonly queuedBytes: number
  /** Ends our side once everything queued is sent. */
  end(): void
  /** Gives up both sides at once: unsent and unread bytes are lost. */
  reset(code: number): void
  /**
   * Stops `onData`/`onEnd` until `resume`; flow control then holds the peer. A reset by the peer
   * may be noticed at `resume` only.
   */
  pause(): void
  resume(): void
}

/**
 * Streams a peer opens, told apart by their first byte. What arrives before somebody is there for
 * its kind waits, paused, with the bytes of its first chunk: flow control then holds the peer, so
 * data that overtakes the end of the handshake costs no unbounded memory.
 *
 * A stream of an unknown kind, or more streams of a kind than the protocol has, ends the
 * connection.
 */
import type {
  CarrierStream,
  CloseInfo,
  Connection,
  ConnectionHandler,
  StreamHandler,
} from '../carrier/carrier.ts'
import { limits } from '../limits.ts'
import { closeCode, streamKind } from './protocol.ts'

/** Makes the handler of a stream of its kind. */
export type StreamTaker = (stream: CarrierStream) => StreamHandler

const maxOfKind: ReadonlyMap<number, number> = new Map([
  [streamKind.auth, 1],
  [streamKind.control, 1],
  [streamKind.data, limits.distDataStreams],
])

type Held = { readonly stream: CarrierStream; readonly bytes: Uint8Array }

export class Incoming implements ConnectionHandler {
  readonly #connection: Connection
  readonly #takers = new Map<number, StreamTaker>()
  readonly #held = new Map<number, Held[]>()
  readonly #counts = new Map<number, number>()
  #onClose: ((info: CloseInfo) => void) | undefined
  #closed: CloseInfo | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Hands over the streams of `kind`: those that wait now, and those to come. */
  take(kind: number, taker: StreamTaker): void {
    this.#takers.set(kind, taker)
    const held = this.#held.get(kind) ?? []
    this.#held.delete(kind)
    for (const { stream, bytes } of held) {
      stream.handler = taker(stream)
      if (bytes.length > 0) stream.handler.onData(bytes)
      stream.resume()
    }
  }

  /** Calls `listener` once, when the connection ends; at once if it has. */
  onceClosed(listener: (info: CloseInfo) => void): void {
    if (this.#closed !== undefined) listener(this.#closed)
    else this.#onClose = listener
  }

  onStream(stream: CarrierStream): void {
    stream.handler = {
      onData: (bytes) => this.#sort(stream, bytes),
      onEnd: () => this.#refuse('a stream without a kind'),
      onReset: () => undefined,
      onDrain: () => undefined,
    }
  }

  onClose(info: CloseInfo): void {
    this.#closed = info
    this.#held.clear()
    this.#takers.clear()
    this.#onClose?.(info)
  }

  #sort(stream: CarrierStream, bytes: Uint8Array): void {
    const kind = bytes[0]
    if (kind === undefined) return
    const count = (this.#counts.get(kind) ?? 0) + 1
    if (count > (maxOfKind.get(kind) ?? 0)) {
      this.#refuse(`stream kind ${kind}`)
      return
    }
    this.#counts.set(kind, count)
    const rest = bytes.subarray(1)
    const taker = this.#takers.get(kind)
    if (taker !== undefined) {
      stream.handler = taker(stream)
      if (rest.length > 0) stream.handler.onData(rest)
      return
    }
    stream.pause()
    const held = this.#held.get(kind) ?? []
    held.push({ stream, bytes: new Uint8Array(rest) })
    this.#held.set(kind, held)
  }

  #refuse(what: string): void {
    this.#connection.close(closeCode.protocolViolation, what)
  }
}

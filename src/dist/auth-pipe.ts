/**
 * The two authentication streams of a connection as the pipe `authenticate` works on: ours opens
 * with the first bytes sent, the peer's is taken from the incoming streams. The end of either, or
 * of the connection, reaches the handshake as a reset.
 */
import type { CarrierStream, Connection, StreamHandler } from '../carrier/carrier.ts'
import type { AuthPipe } from '../identity/index.ts'
import type { Incoming } from './incoming.ts'
import { streamKind } from './protocol.ts'

export type AuthStreams = {
  readonly pipe: AuthPipe
  /** Takes the peer's stream, with what it has sent already: the pipe's callbacks must be set. */
  readonly listen: () => void
  /** The connection ended. */
  readonly closed: () => void
}

export function authStreams(connection: Connection, incoming: Incoming): AuthStreams {
  let ours: CarrierStream | undefined
  const pipe: AuthPipe = {
    onBytes: undefined,
    onEnd: undefined,
    onReset: undefined,
    send(bytes) {
      ours ??= open()
      ours?.write(bytes.slice())
    },
    end() {
      ours?.end()
    },
  }
  const open = (): CarrierStream | undefined => {
    const stream = connection.openStream('uni')
    if (stream === undefined) return undefined
    stream.handler = { ...quiet, onReset: (code) => pipe.onReset?.(code) }
    stream.write(Uint8Array.of(streamKind.auth))
    return stream
  }
  const listen = (): void =>
    incoming.take(streamKind.auth, () => ({
      onData: (bytes) => pipe.onBytes?.(bytes),
      onEnd: () => pipe.onEnd?.(),
      onReset: (code) => pipe.onReset?.(code),
      onDrain: () => undefined,
    }))
  return { pipe, listen, closed: () => pipe.onReset?.(0) }
}

const quiet: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
}

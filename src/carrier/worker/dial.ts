/**
 * The one message of a link: a dial, with the port of the connection it asks for. Anything else is
 * refused as a whole.
 */
import { MessagePort } from 'node:worker_threads'
import { certHashBytes } from './batch.ts'

export type Dial = {
  readonly tag: 'dial'
  /** The acceptor's end of the connection. */
  readonly port: MessagePort
  /** SHA-256 of the dialer's certificate. */
  readonly certHash: Uint8Array
  /** Streams of each kind the acceptor may hold open. */
  readonly streamsMax: number
}

/** The dial in a message of another thread; undefined if it is none. */
export function readDial(message: unknown): Dial | undefined {
  if (typeof message !== 'object' || message === null || !('tag' in message)) return undefined
  if (message.tag !== 'dial' || !('port' in message) || !('certHash' in message)) return undefined
  const { port, certHash } = message
  const streamsMax = 'streamsMax' in message ? message.streamsMax : undefined
  if (!(port instanceof MessagePort)) return undefined
  const valid =
    certHash instanceof Uint8Array &&
    certHash.length === certHashBytes &&
    typeof streamsMax === 'number' &&
    Number.isInteger(streamsMax) &&
    streamsMax >= 0 &&
    streamsMax <= 0xffff_ffff
  if (!valid) {
    port.close()
    return undefined
  }
  return { tag: 'dial', port, certHash: certHash.slice(), streamsMax }
}

/**
 * What must be known of a datagram before quiche sees it (RFC 8999: the invariants of all QUIC
 * versions): the connection id that routes it, and whether it may open a connection. Reads bytes
 * that anyone may have sent; nothing here throws or allocates beyond the key.
 */
import type { Quiche } from './binding.ts'

/** Length of every connection id this carrier chooses. */
export const connectionIdBytes = 8
/** RFC 9000, 14.1: an Initial in a smaller datagram is dropped, so that none amplifies. */
const initialDatagramMinBytes = 1200
const connectionIdMaxBytes = 20
const longHeaderBit = 0x80

export function isLongHeader(datagram: Buffer): boolean {
  return (datagram[0]! & longHeaderBit) !== 0
}

/** The key of the destination connection id; undefined when the datagram is too short for one. */
export function routingKey(datagram: Buffer): string | undefined {
  if (datagram.length < 1 + connectionIdBytes) return undefined
  if (!isLongHeader(datagram)) return datagram.toString('latin1', 1, 1 + connectionIdBytes)
  const length = datagram[5]!
  if (length > connectionIdMaxBytes || datagram.length < 6 + length) return undefined
  return datagram.toString('latin1', 6, 6 + length)
}

/** The key under which packets for connection id `id` are routed. */
export function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
}

export type InitialHeader = ReturnType<Quiche['Header']['fromSlice']>

/**
 * The header of a datagram that may start a connection: an Initial of a version we speak, large
 * enough. Other versions are dropped without an answer: there is one version, and an answer to a
 * forged address is traffic for somebody else.
 */
export function initialHeader(quiche: Quiche, datagram: Buffer): InitialHeader | undefined {
  if (datagram.length < initialDatagramMinBytes || !isLongHeader(datagram)) return undefined
  try {
    const header = quiche.Header.fromSlice(datagram, connectionIdBytes)
    const isOurs = header.ty === quiche.Type.Initial && quiche.versionIsSupported(header.version)
    return isOurs ? header : undefined
  } catch {
    return undefined
  }
}

/**
 * What travels between the two halves of a memory connection. One packet is what QUIC would put
 * into one or more datagrams; each is delayed and lost on its own.
 */
import type { StreamKind } from '../stream-ids.ts'

export type Packet =
  | { readonly tag: 'hello' }
  | { readonly tag: 'accept' }
  | { readonly tag: 'finish' }
  | {
      readonly tag: 'data'
      readonly stream: number
      /** Position among the data packets of the stream, from 0. */
      readonly sequence: number
      readonly bytes: Uint8Array
      readonly fin: boolean
    }
  | { readonly tag: 'reset'; readonly stream: number; readonly code: number }
  /** The reader took so many bytes of a stream: as many more may be sent. */
  | { readonly tag: 'credit'; readonly stream: number; readonly bytes: number }
  /** A stream of the other side is over here: it may open one more of its kind. */
  | { readonly tag: 'streamCredit'; readonly kind: StreamKind }
  | { readonly tag: 'close'; readonly code: number; readonly reason: string }

/** Bytes of the packet that count as carried: payload only. */
export function packetBytes(packet: Packet): number {
  return packet.tag === 'data' ? packet.bytes.length : 0
}

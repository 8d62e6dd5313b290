/**
 * Stateless resets (RFC 9000, 10.3): a node that was started again knows nothing of the connections
 * of its former life. To a packet for an unknown connection id it answers with something that looks
 * like a packet and ends in a token which only the maker of that id can compute and only the peer
 * it was told to can recognise; so that peer learns at once, and not after the idle timeout.
 *
 * The tokens are HMAC-SHA-256 of the id, cut to 16 bytes. Their key is derived from the private TLS
 * key, which survives a restart in the node's data directory, and from the bound address, since two
 * nodes that share a certificate must not be able to reset each other's connections. A node with a
 * fresh certificate per start (in memory only) has fresh tokens, and its peers wait for silence.
 */
import { createHmac } from 'node:crypto'
import type { Address } from '../carrier.ts'
import { connectionIdBytes } from './packet.ts'

export const resetTokenBytes = 16
/** RFC 9000, 10.3: 5 bytes that look like a header, and the token. */
const resetMinBytes = 5 + resetTokenBytes
/** As long as the smallest packets of a live connection are, and no longer. */
const resetMaxBytes = 42
/** Looks like a packet with a short header. */
const fixedBit = 0x40
const randomBits = 0x3f

export class ResetTokens {
  readonly #key: Uint8Array

  constructor(keyPem: string, local: Address) {
    const purpose = `skein stateless reset ${local.host} ${local.port}`
    this.#key = createHmac('sha256', keyPem).update(purpose).digest()
  }

  /** The token of a connection id of ours. */
  tokenOf(id: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(id).digest().subarray(0, resetTokenBytes)
  }

  /**
   * The answer to `datagram`, which has a short header and an unknown id; undefined when it is too
   * small for one. It is smaller than `datagram`, so that two nodes that do not know each other
   * end their exchange of resets.
   */
  answerTo(datagram: Buffer, random: (size: number) => Uint8Array): Buffer | undefined {
    const size = Math.min(datagram.length - 1, resetMaxBytes)
    if (size < resetMinBytes) return undefined
    const answer = Buffer.alloc(size)
    answer.set(random(size - resetTokenBytes))
    answer[0] = fixedBit | (answer[0]! & randomBits)
    answer.set(this.tokenOf(datagram.subarray(1, 1 + connectionIdBytes)), size - resetTokenBytes)
    return answer
  }
}

/** The key of the token in which `datagram` ends, if it is a reset. */
export function resetTokenKey(datagram: Buffer): string | undefined {
  if (datagram.length < resetMinBytes) return undefined
  return datagram.toString('latin1', datagram.length - resetTokenBytes)
}

/** A token as quiche takes it. */
export function tokenNumber(token: Buffer): bigint {
  return BigInt(`0x${token.toString('hex')}`)
}

/**
 * Address validation by Retry (RFC 9000, 8.1.2): under pressure a stranger must show that it
 * receives at the address it claims before it costs us a connection. The token it brings back
 * carries what the acceptor would otherwise have to remember.
 *
 * Layout: expiry in milliseconds (8 bytes, big endian), length of the original destination id (1),
 * that id, HMAC-SHA-256 cut to 16 bytes. The MAC covers these, the address, the port and the id
 * the Retry gave, so a token is good for one dialer and one attempt. The key lives as long as the
 * endpoint.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Address } from '../carrier.ts'

const expiryBytes = 8
const macBytes = 16
const idMaxBytes = 20
const validMs = 10_000

export class RetryTokens {
  readonly #key: Uint8Array

  /** `key`: 32 bytes of the CSPRNG. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** A token for `peer`, which first called us `originalId` and shall now call us `newId`. */
  mint(peer: Address, originalId: Uint8Array, newId: Uint8Array, nowMs: number): Uint8Array {
    const body = Buffer.alloc(expiryBytes + 1 + originalId.length)
    body.writeBigUInt64BE(BigInt(Math.ceil(nowMs) + validMs))
    body[expiryBytes] = originalId.length
    body.set(originalId, expiryBytes + 1)
    return Buffer.concat([body, this.#mac(peer, newId, body)])
  }

  /** The original id of a genuine, unexpired token of `peer`, which now calls us `id`. */
  open(token: Uint8Array, peer: Address, id: Uint8Array, nowMs: number): Uint8Array | undefined {
    const bodyBytes = token.length - macBytes
    const idBytes = bodyBytes - expiryBytes - 1
    if (idBytes < 0 || idBytes > idMaxBytes || token[expiryBytes] !== idBytes) return undefined
    const body = Buffer.from(token.subarray(0, bodyBytes))
    if (!timingSafeEqual(this.#mac(peer, id, body), token.subarray(bodyBytes))) return undefined
    if (body.readBigUInt64BE() < BigInt(Math.floor(nowMs))) return undefined
    return body.subarray(expiryBytes + 1)
  }

  #mac(peer: Address, id: Uint8Array, body: Uint8Array): Uint8Array {
    const bound = `${peer.host} ${peer.port} ${Buffer.from(id).toString('hex')} `
    return createHmac('sha256', this.#key).update(bound).update(body).digest().subarray(0, macBytes)
  }
}

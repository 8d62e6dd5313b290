/**
 * How an acceptor learns the stateless reset tokens of its dialer. A dialer cannot name one in the
 * handshake (RFC 9000, 18.2), and quiche 0.18 ignores those that come with later connection ids, so
 * the tokens of all ids the acceptor may use go to it in a QUIC DATAGRAM (RFC 9221), encrypted as
 * everything else. A lost one is made up for by the next keepalive.
 *
 * Layout: 0x01, then 16 bytes per token.
 */
import { limits } from '../../limits.ts'
import { resetTokenBytes } from './reset-token.ts'

const noticeByte = 0x01

export function writeNotice(tokens: readonly Uint8Array[]): Buffer {
  return Buffer.concat([
    Buffer.of(noticeByte),
    ...tokens.slice(0, limits.carrierPeerResetTokensMax),
  ])
}

/** The keys of the tokens; none when `bytes`, which a peer sent, are something else. */
export function readNotice(bytes: Uint8Array): string[] {
  const notice = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = (notice.length - 1) / resetTokenBytes
  const isNotice = notice[0] === noticeByte && Number.isInteger(count)
  if (!isNotice || count > limits.carrierPeerResetTokensMax) return []
  return Array.from({ length: count }, (_, index) => {
    const from = 1 + index * resetTokenBytes
    return notice.toString('latin1', from, from + resetTokenBytes)
  })
}

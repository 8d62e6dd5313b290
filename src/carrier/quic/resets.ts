/**
 * Packets for connections we do not know: resets to be recognised, and packets to be answered with
 * one (`reset-token.ts` says why and how).
 *
 * A reset of an acceptor is recognised by quiche, which has its token from the handshake; the
 * packet says nothing of its connection, so it is offered to those dialled to where it came from.
 * A reset of a dialer is recognised here, by the tokens it told us (`reset-notice.ts`).
 *
 * Invariants: an address we never dialled costs one look into a table; what is answered is rationed
 * and each answer is smaller than what it answers.
 */
import type { RemoteInfo } from 'node:dgram'
import { limits } from '../../limits.ts'
import { addressText, plainHost } from './address.ts'
import { Budget } from './budget.ts'
import type { QuicConnection } from './connection.ts'
import { type ResetTokens, resetTokenKey } from './reset-token.ts'
import type { DatagramSocket } from './socket.ts'

const lost = 'the peer no longer knows us'

export class Resets {
  readonly #tokens: ResetTokens
  readonly #socket: DatagramSocket
  readonly #random: (size: number) => Uint8Array
  /** Dialled connections by the address of their peer, which never changes. */
  readonly #dialled = new Map<string, Set<QuicConnection>>()
  /** Accepted connections by the tokens of their peer. */
  readonly #accepted = new Map<string, QuicConnection>()
  readonly #answers = new Budget(limits.carrierResetsPerSecond)

  constructor(tokens: ResetTokens, socket: DatagramSocket, random: (size: number) => Uint8Array) {
    this.#tokens = tokens
    this.#socket = socket
    this.#random = random
  }

  addDialled(connection: QuicConnection): void {
    const key = peerKey(connection)
    const known = this.#dialled.get(key)
    if (known === undefined) this.#dialled.set(key, new Set([connection]))
    else known.add(connection)
  }

  /** The peer of an accepted connection has told its tokens. */
  setTokens(connection: QuicConnection, keys: readonly string[]): void {
    for (const key of connection.resetKeys) this.#accepted.delete(key)
    connection.resetKeys = keys
    for (const key of keys) this.#accepted.set(key, connection)
  }

  remove(connection: QuicConnection): void {
    this.setTokens(connection, [])
    if (connection.role === 'acceptor') return
    const key = peerKey(connection)
    const known = this.#dialled.get(key)
    known?.delete(connection)
    if (known?.size === 0) this.#dialled.delete(key)
  }

  /** A datagram with a short header and an unknown id came in. Anyone may have sent it. */
  onStray(datagram: Buffer, from: RemoteInfo): void {
    const tokenKey = resetTokenKey(datagram)
    if (tokenKey === undefined) return
    const accepted = this.#accepted.get(tokenKey)
    if (accepted !== undefined) {
      accepted.lose(lost)
      return
    }
    const dialled = this.#dialled.get(addressText(plainHost(from.address), from.port)) ?? []
    for (const connection of dialled) {
      if (connection.receiveReset(datagram, from.address, from.port)) return
    }
    this.#answer(datagram, from)
  }

  #answer(datagram: Buffer, from: RemoteInfo): void {
    if (!this.#answers.take(performance.now())) return
    const answer = this.#tokens.answerTo(datagram, this.#random)
    if (answer === undefined) return
    this.#socket.out.set(answer)
    this.#socket.send(answer.length, from.address, from.port)
  }
}

function peerKey({ peerAddress }: QuicConnection): string {
  return addressText(peerAddress.host, peerAddress.port)
}

/**
 * An older peer: the bytes that both sides of a dist handshake sent, and signals of every kind that
 * a peer may begin with, recorded once from the first form of the protocol (version 1, no flags).
 * If the code cannot talk with it any more the code is wrong: this file is never made again.
 */
import { readFileSync } from 'node:fs'

type Party = { readonly node: string; readonly creation: number }

export type RecordedHandshake = {
  /** What the older peer was. */
  readonly role: 'dialer' | 'acceptor'
  /** Frames of the control stream, hex: what it said, and what it was told. */
  readonly sent: readonly string[]
  readonly answered: readonly string[]
}

export const olderPeer: {
  readonly cookie: string
  readonly old: Party
  readonly young: Party
  /** Hex, as are the nonces. */
  readonly serverCertHash: string
  readonly clientCertHash: string
  readonly nonces: { readonly old: string; readonly young: string }
  readonly handshakes: readonly RecordedHandshake[]
  /** Whole frames of a data stream. */
  readonly signals: readonly { readonly tag: string; readonly frame: string }[]
} = JSON.parse(readFileSync(new URL('./dist-peer-v1.json', import.meta.url), 'utf8'))

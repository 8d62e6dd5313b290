/**
 * What the dist processes of one node share: the socket, the identity, the router. Their modules
 * close over it, so that child specs stay plain data.
 */
import type { LocalNode } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import type { Address, Endpoint } from '../carrier/carrier.ts'
import type { Attempts } from './attempts.ts'
import type { Choices } from './choices.ts'
import type { InboundGate } from './inbound-gate.ts'
import type { PeerAuth } from './peer-auth.ts'
import type { Router } from './router.ts'

/** Where nodes can be dialled. Nothing of it throws or rejects. */
export interface AddressBook {
  /** The addresses of a node, to be tried in order; none when it is not known. */
  resolve(node: string): Promise<readonly Address[]>
  /** What answers at `address`, if anything, is not that node. */
  unreachable(node: string, address: Address): void
  /** The node has gone: it may come back elsewhere. */
  forget(node: string): void
}

export type DistContext = {
  readonly system: System
  readonly host: LocalNode
  readonly router: Router
  readonly attempts: Attempts
  readonly choices: Choices
  readonly endpoint: Endpoint
  readonly auth: PeerAuth
  readonly gate: InboundGate
  readonly cookie: string
  /** What this node offers in the dist handshake. */
  readonly flags: readonly string[]
  readonly tickMs: number
  readonly addresses: AddressBook
}

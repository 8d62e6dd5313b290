/**
 * What the dist processes of one node share: the socket, the identity, the router. Their modules
 * close over it, so that child specs stay plain data.
 */
import type { LocalNode } from '../../runtime/index.ts'
import type { System } from '../../runtime/kernel.ts'
import type { Address, Endpoint } from '../carrier/carrier.ts'
import type { Keypair, Signer, TrustStore } from '../identity/index.ts'
import type { Attempts } from './attempts.ts'
import type { Choices } from './choices.ts'
import type { Router } from './router.ts'

/** Where a node can be dialled; undefined when unknown. Never throws. */
export type Resolver = (node: string) => Promise<Address | undefined>

export type DistContext = {
  readonly system: System
  readonly host: LocalNode
  readonly router: Router
  readonly attempts: Attempts
  readonly choices: Choices
  readonly endpoint: Endpoint
  readonly keypair: Keypair
  readonly signer: Signer
  readonly trust: TrustStore
  readonly cookie: string
  readonly tickMs: number
  readonly resolve: Resolver
}

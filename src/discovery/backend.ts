/**
 * A backend of discovery: one source that may know where nodes are, and may let this node say where
 * it is. Every method is optional; each may throw or reject, answer late or nonsense, which counts
 * as knowing nothing and is logged. What it answers is checked before it is used.
 */
import type { Platform } from '../../runtime/index.ts'
import type { Address } from '../carrier/carrier.ts'

/** Where a node can be dialled: the addresses to be tried in order, or nothing. */
export type LookupResult = Address | readonly Address[] | undefined

/** What a backend of the user's own is given. */
export type BackendEnv = {
  /** Name of this node. */
  readonly node: string
  readonly platform: Platform
  log(level: 'debug' | 'info' | 'warning', message: string, fields?: object): void
}

export interface DiscoveryBackend {
  /** Shown in the log. */
  readonly name: string
  /** Called once, before anything else. When it fails the backend is left out. */
  init?(args: unknown, env: BackendEnv): void | Promise<void>
  lookup?(node: string): LookupResult | Promise<LookupResult>
  /** Names of all nodes it knows. */
  listNodes?(): readonly string[] | Promise<readonly string[]>
  /** This node listens at `address`. */
  register?(node: string, address: Address): void | Promise<void>
  /** This node stops. */
  unregister?(node: string): void | Promise<void>
  /** The last call: whatever is under way may be abandoned. */
  close?(): void
}

export type DiscoveryEntry =
  | 'static'
  | 'file'
  | 'dns'
  | DiscoveryBackend
  | { readonly backend: DiscoveryBackend; readonly args: unknown }

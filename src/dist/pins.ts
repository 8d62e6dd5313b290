/**
 * Keys and pins while the node runs: the operator's side of trust. What is changed here counts
 * from the next handshake on; channels that are up stay (`disconnectNode` ends one). Nothing a peer
 * sends reaches these functions. Source: the cluster spec, 4.9 (`distKeys`).
 *
 * All of them throw `BadArgument` on a node without a carrier: it has no keys.
 */
import { BadArgument, type Caller } from '../../runtime/index.ts'
import { show, systemOf } from '../../runtime/kernel.ts'
import type { PinLookup, PinResult, TrustedNode, TrustMode } from '../identity/index.ts'
import type { Metric } from '../metrics/index.ts'
import type { PeerAuth } from './peer-auth.ts'
import { Router } from './router.ts'

/** This node's public key, 32 raw bytes: what its peers pin. */
export function publicKey(caller: Caller): Uint8Array {
  return authOf(caller).keys.keypair.publicKey.slice()
}

/** The pins, by name. A pin file placed while the node runs is among them once it was asked for. */
export function pins(caller: Caller): readonly TrustedNode[] {
  return authOf(caller).trust.listTrusted()
}

/**
 * The pin of a name: in memory, or a file placed meanwhile. `{ tag: 'error' }` when its file is
 * there and is no key: the name is then refused.
 */
export async function lookupPin(caller: Caller, node: string): Promise<PinLookup> {
  const lookup = await authOf(caller).trust.lookupPin(node)
  return lookup.tag === 'pinned' ? { ...lookup, publicKey: lookup.publicKey.slice() } : lookup
}

/**
 * Pins `key`, 32 raw bytes, for a node, in memory and on disk; replaces the pin that is there.
 * Errors: `invalidNodeName`, `invalidKeySize`, `trustStoreFull`, `pinWriteFailed`.
 */
export function pinKey(caller: Caller, node: string, key: Uint8Array): Promise<PinResult> {
  return authOf(caller).trust.storeKey(node, key)
}

/**
 * Forgets the pin of a node; ok when there was none. With trust on first use its next key is pinned
 * anew, in strict mode it is refused. Errors: `invalidNodeName`, `pinWriteFailed`.
 */
export function unpinKey(caller: Caller, node: string): Promise<PinResult> {
  return authOf(caller).trust.deleteKey(node)
}

/** `tofu` or `strict`. */
export function trustMode(caller: Caller): TrustMode {
  return authOf(caller).trust.trustMode
}

/** Changes the trust mode; the pins stay. Throws `BadArgument` for anything but the two modes. */
export function setTrustMode(caller: Caller, mode: TrustMode): void {
  if (mode !== 'tofu' && mode !== 'strict') {
    throw new BadArgument(`mode: expected 'tofu' or 'strict', got ${show(mode)}`)
  }
  authOf(caller).trust.setTrustMode(mode)
}

/** The node's counters and histograms, as plain data; none without a carrier. */
export function metrics(caller: Caller): readonly Metric[] {
  return authIn(caller)?.metrics.read() ?? []
}

function authOf(caller: Caller): PeerAuth {
  const auth = authIn(caller)
  if (auth === undefined) throw new BadArgument('this node has no carrier, and so no keys')
  return auth
}

function authIn(caller: Caller): PeerAuth | undefined {
  const { route } = systemOf(caller)
  return route instanceof Router ? route.auth : undefined
}

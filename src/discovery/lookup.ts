/**
 * Finding the addresses of one node, as a rule: the backends are asked in order, the first that
 * knows any ends the search, and what came of it is remembered for a while (the cluster spec, 3.7).
 *
 * Invariants: a name is being asked about at most once at a time, however many want to know; an
 * answer counts only if it is the one that is waited for; an address that led nowhere is not given
 * again before the backends have been asked again. A backend that fails is one that knows nothing.
 */
import type { Address } from '../carrier/carrier.ts'
import { isSameAddress } from './address.ts'

/** What is known of one name; undefined when nothing is. */
export type Lookup =
  | {
      readonly tag: 'asking'
      /** Which backend is being asked. */
      readonly backend: number
      /** False: something changed meanwhile, and what comes of it is not remembered. */
      readonly keep: boolean
    }
  | { readonly tag: 'known'; readonly addresses: readonly Address[]; readonly untilMs: number }
  | { readonly tag: 'missing'; readonly untilMs: number }

export type LookupEvent =
  | { readonly tag: 'wanted' }
  /** What a backend answered; no addresses: it knows none, or failed. */
  | {
      readonly tag: 'answered'
      readonly backend: number
      readonly addresses: readonly Address[]
    }
  /** Dialling that address did not lead to the node. */
  | { readonly tag: 'unreachable'; readonly address: Address }
  /** The node went away, or was given another address: what is known may be wrong. */
  | { readonly tag: 'changed' }

export type LookupAction =
  | { readonly tag: 'ask'; readonly backend: number }
  /** Everybody who wants to know is told. */
  | { readonly tag: 'tell'; readonly addresses: readonly Address[] }

export type LookupEnv = {
  readonly nowMs: number
  /** How many there are. */
  readonly backends: number
  readonly hitMs: number
  readonly missMs: number
}

type Step = readonly [Lookup | undefined, readonly LookupAction[]]

const none: readonly Address[] = []

export function stepLookup(lookup: Lookup | undefined, event: LookupEvent, env: LookupEnv): Step {
  switch (event.tag) {
    case 'wanted':
      return wanted(lookup, env)
    case 'answered':
      return answered(lookup, event.backend, event.addresses, env)
    case 'unreachable':
      return [without(lookup, event.address), []]
    case 'changed':
      return [lookup?.tag === 'asking' ? { ...lookup, keep: false } : undefined, []]
  }
}

function wanted(lookup: Lookup | undefined, env: LookupEnv): Step {
  if (lookup?.tag === 'asking') return [lookup, []]
  if (lookup !== undefined && env.nowMs < lookup.untilMs) {
    const addresses = lookup.tag === 'known' ? lookup.addresses : none
    return [lookup, [{ tag: 'tell', addresses }]]
  }
  return askFrom(0, true, env)
}

function answered(
  lookup: Lookup | undefined,
  backend: number,
  addresses: readonly Address[],
  env: LookupEnv,
): Step {
  if (lookup?.tag !== 'asking' || lookup.backend !== backend) return [lookup, []]
  if (addresses.length === 0) return askFrom(backend + 1, lookup.keep, env)
  const untilMs = env.nowMs + env.hitMs
  return [lookup.keep ? { tag: 'known', addresses, untilMs } : undefined, [tell(addresses)]]
}

function askFrom(backend: number, keep: boolean, env: LookupEnv): Step {
  if (backend < env.backends) return [{ tag: 'asking', backend, keep }, [{ tag: 'ask', backend }]]
  const untilMs = env.nowMs + env.missMs
  return [keep ? { tag: 'missing', untilMs } : undefined, [tell(none)]]
}

function without(lookup: Lookup | undefined, address: Address): Lookup | undefined {
  if (lookup?.tag !== 'known') return lookup
  const addresses = lookup.addresses.filter((known) => !isSameAddress(known, address))
  return addresses.length === 0 ? undefined : { ...lookup, addresses }
}

function tell(addresses: readonly Address[]): LookupAction {
  return { tag: 'tell', addresses }
}

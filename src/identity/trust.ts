/**
 * The trust decision: may a peer that presents this key use this name? A pure rule, asked before
 * the peer proves that it holds the key; nothing is stored by asking.
 *
 * | lookup            | tofu                    | strict               |
 * |-------------------|-------------------------|----------------------|
 * | not pinned        | accept as new           | reject untrustedKey  |
 * | pin equals        | accept                  | accept               |
 * | pin differs       | reject keyMismatch      | reject keyMismatch   |
 * | pin unreadable    | reject pinUnreadable    | reject pinUnreadable |
 *
 * Invariant: no mode ever replaces a pin. Source: the cluster spec, 4.5 and 4.6. Added here: our
 * own name needs our own key, our own key fits no other name, and a pin that cannot be read refuses
 * the peer, since taking it for absent would let first use replace it.
 */

export type TrustMode = 'tofu' | 'strict'

export type PinLookup =
  | { readonly tag: 'notPinned' }
  | { readonly tag: 'pinned'; readonly publicKey: Uint8Array }
  | { readonly tag: 'error'; readonly reason: 'pinUnreadable'; readonly message: string }

export type TrustQuestion = {
  readonly mode: TrustMode
  readonly lookup: PinLookup
  /** What the peer claims, unproven. */
  readonly name: string
  readonly publicKey: Uint8Array
  readonly selfName: string
  readonly selfKey: Uint8Array
}

type TrustDecision =
  /** `isNew`: to be pinned once it has proved key and cookie. */
  | { readonly tag: 'accept'; readonly isNew: boolean }
  | {
      readonly tag: 'reject'
      readonly reason: 'keyMismatch' | 'untrustedKey' | 'pinUnreadable' | 'ownKeyReflected'
      /** The key expected, when the presented one differs from it. */
      readonly expected?: Uint8Array
    }

export function decideTrust(question: TrustQuestion): TrustDecision {
  const { mode, lookup, name, publicKey, selfName, selfKey } = question
  const isOwnKey = Buffer.compare(publicKey, selfKey) === 0
  if (name === selfName) {
    if (isOwnKey) return { tag: 'accept', isNew: false }
    return { tag: 'reject', reason: 'keyMismatch', expected: selfKey }
  }
  if (isOwnKey) return { tag: 'reject', reason: 'ownKeyReflected' }
  if (lookup.tag === 'error') return { tag: 'reject', reason: lookup.reason }
  if (lookup.tag === 'pinned') {
    if (Buffer.compare(publicKey, lookup.publicKey) === 0) return { tag: 'accept', isNew: false }
    return { tag: 'reject', reason: 'keyMismatch', expected: lookup.publicKey }
  }
  return mode === 'tofu'
    ? { tag: 'accept', isNew: true }
    : { tag: 'reject', reason: 'untrustedKey' }
}

/**
 * Two ends of a channel for codec tests, without nodes: identifiers are interned by their text, so
 * that `===` and deep equality hold after a round trip. `cap` bounds how many of each an end takes.
 */
import {
  Pid,
  type PidParts,
  pidKey,
  type Reference,
  type RefParts,
  RemoteReference,
  refKey,
} from '../../../runtime/identifier.ts'
import type { TermSpace } from '../../../src/wire/index.ts'

export type Interned = {
  pid(parts: PidParts): Pid
  reference(parts: RefParts): Reference
}

/** One table of identifiers, shared by the ends of a test channel. */
export function interned(): Interned {
  const pids = new Map<string, Pid>()
  const references = new Map<string, Reference>()
  return {
    pid(parts) {
      const made = new Pid(parts)
      const known = pids.get(pidKey(made)) ?? made
      pids.set(pidKey(made), known)
      return known
    },
    reference(parts) {
      const made = new RemoteReference(parts)
      const known = references.get(refKey(made)) ?? made
      references.set(refKey(made), known)
      return known
    },
  }
}

export const alice = { name: 'alice@127.0.0.1', creation: 0xdeadbeef } as const
export const bob = { name: 'bob@127.0.0.1', creation: 7 } as const

/** The two ends of one channel: alice's view and bob's. */
export function channel(table: Interned, cap = Number.POSITIVE_INFINITY) {
  let taken = 0
  const take = <T>(make: () => T): T | undefined => {
    taken += 1
    return taken > cap ? undefined : make()
  }
  const end = (local: TermSpace['local'], peer: TermSpace['peer']): TermSpace => ({
    local,
    peer,
    pid: (parts) => take(() => table.pid(parts)),
    reference: (parts) => take(() => table.reference(parts)),
  })
  return { alice: end(alice, bob), bob: end(bob, alice) }
}

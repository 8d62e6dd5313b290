/**
 * The space of identifiers of a fuzzed channel: equal parts give the same value, so that terms can
 * be compared; few are taken, so that the cap is met; and one pid that the recordings never hold
 * fails, as it would when memory runs out while a term is built. Forgets everything per input.
 */
import {
  Pid,
  type PidParts,
  pidKey,
  type Reference,
  type RefParts,
  RemoteReference,
  refKey,
} from '../../runtime/identifier.ts'
import type { TermSpace } from '../../src/wire/index.ts'
import { alice, bob } from '../support/vectors/term-space.ts'

const identifiersMax = 5
/** Index of the pid that cannot be made: a number of two bytes. */
export const failingIndex = 0x3e57

export class FuzzSpace implements TermSpace {
  readonly local = bob
  readonly peer = alice
  readonly #pids = new Map<string, Pid>()
  readonly #references = new Map<string, Reference>()

  clear(): void {
    this.#pids.clear()
    this.#references.clear()
  }

  /** The same channel as its other end sees it. */
  turned(): TermSpace {
    return {
      local: this.peer,
      peer: this.local,
      pid: (parts) => this.pid(parts),
      reference: (parts) => this.reference(parts),
    }
  }

  pid(parts: PidParts): Pid | undefined {
    if (parts.index === failingIndex) throw new RangeError('no memory left for a pid')
    return this.#intern(this.#pids, new Pid(parts), pidKey)
  }

  reference(parts: RefParts): Reference | undefined {
    return this.#intern(this.#references, new RemoteReference(parts), refKey)
  }

  #intern<T>(table: Map<string, T>, made: T, keyOf: (value: T) => string): T | undefined {
    const key = keyOf(made)
    const known = table.get(key)
    if (known !== undefined) return known
    if (this.#pids.size + this.#references.size >= identifiersMax) return undefined
    table.set(key, made)
    return made
  }
}

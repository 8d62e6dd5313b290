/**
 * All claims this node knows, its own among them: by name, strongest first.
 *
 * Invariant: a node has at most one claim of a name, and it is for a process of its own.
 */
import { type NameKey, nodeOf, type Pid } from '../../../runtime/index.ts'
import { type Claim, type Claimed, compareClaims } from './claim.ts'
import { keyOfName } from './name.ts'

const none: readonly Claimed[] = []

export class Claims {
  readonly #byKey = new Map<string, readonly Claimed[]>()

  /** Who has the name. */
  holder(name: NameKey): Pid | undefined {
    return this.#byKey.get(keyOfName(name))?.[0]?.pid
  }

  /** Those of one name, strongest first. */
  of(key: string): readonly Claimed[] {
    return this.#byKey.get(key) ?? none
  }

  ofNode(key: string, node: string): Claimed | undefined {
    return this.of(key).find((claim) => claim.node === node)
  }

  names(): NameKey[] {
    return [...this.#byKey.values()].flatMap(([claim]) => (claim === undefined ? [] : claim.name))
  }

  *all(): Generator<{ readonly key: string; readonly node: string }> {
    for (const [key, claims] of this.#byKey) for (const { node } of claims) yield { key, node }
  }

  /** What `node` says of the name from now on. False for a claim that is none: see above. */
  put(key: string, node: string, claim: Claim): boolean {
    if (keyOfName(claim.name) !== key || nodeOf(claim.pid) !== node) return false
    const { name, pid, since, rank } = claim
    const others = this.of(key).filter((known) => known.node !== node)
    const claims = [...others, { name, pid, since, rank, node }]
    this.#byKey.set(key, claims.length === 1 ? claims : claims.sort(compareClaims))
    return true
  }

  remove(key: string, node: string): void {
    const left = this.of(key).filter((known) => known.node !== node)
    if (left.length === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, left)
  }
}

/**
 * What one node's map includes: for each node, a time on that node's clock up to which everything
 * it held is part of this map. It rises when the whole map of a node is merged, or found equal, and
 * then by all that node had seen in turn; a delta alone proves nothing about what came before it.
 *
 * The lowest time over all members is what this node *confirms*: it has seen every write up to
 * there, whoever made it. When all members confirm a time, whatever is absent by then is settled.
 */
import { type Hlc, maxHlc, zeroHlc } from '../hlc/index.ts'
import { limits } from '../limits.ts'

export class Seen {
  readonly #upTo = new Map<string, Hlc>()
  readonly #nodesMax: number

  /** `nodesMax`: nodes followed, default `limits.crdtNodesMax`; of others nothing is confirmed. */
  constructor(nodesMax: number = limits.crdtNodesMax) {
    this.#nodesMax = nodesMax
  }

  /** `zeroHlc` for a node of which nothing was seen. */
  upTo(node: string): Hlc {
    return this.#upTo.get(node) ?? zeroHlc
  }

  /** All that `other` has seen is part of this map now. */
  merge(other: Iterable<readonly [node: string, upTo: Hlc]>): void {
    for (const [node, upTo] of other) {
      const known = this.#upTo.get(node)
      if (known === undefined && this.#upTo.size >= this.#nodesMax) continue
      this.#upTo.set(node, known === undefined ? upTo : maxHlc(known, upTo))
    }
  }

  /** Forgets nodes that are no members any more. */
  retain(members: ReadonlySet<string>): void {
    for (const node of this.#upTo.keys()) if (!members.has(node)) this.#upTo.delete(node)
  }

  entries(): ReadonlyMap<string, Hlc> {
    return this.#upTo
  }
}

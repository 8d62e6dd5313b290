/**
 * Draws one input of the cluster target: what alice says to bob's services, one to six bodies of
 * service frames, and between them what happens at bob's. Bodies are mutated recordings; a list in
 * them may be longer than it may be, and news about members and tables also come as
 * broadcasts.
 */
import type { Random } from '../../runtime/platform/platform.ts'
import { limits } from '../../src/limits.ts'
import { alice, bob } from '../support/vectors/term-space.ts'
import { gossipOf, recordDeltas, recordNews, recordServices, treeOf } from './cluster-recording.ts'
import { below, chance, mutatedBody, oneOf } from './mutate.ts'
import { donorsOf } from './recording.ts'
import { branch, bytesOfTerm, countNodes, replaceNode, type TermTree } from './term-tree.ts'

/** `goOn`: something that bob asked for happens. */
export type ClusterStep =
  | { readonly tag: 'body'; readonly bytes: Uint8Array }
  | { readonly tag: 'goOn' }

/** Around what lists may hold. */
const lengths = [
  ...[limits.membershipPeersMax, limits.membershipTriedMax, limits.broadcastIdsMax],
  ...[limits.replicaHeadsMax, limits.replicaChunkOpsMax],
  ...[limits.verdictPartsMax, limits.verdictEntriesMax, limits.verdictListedMax],
] as const

/** Values just within and just outside of what fields may hold. */
const oddValues: readonly unknown[] = [
  ...[
    0,
    1,
    -1,
    0.5,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
    true,
    null,
  ],
  ...[undefined, 2n ** 64n, new Map(), new Set([1]), [], {}, { tag: 'join' }, new Uint8Array(0)],
  ...['', '/', '@', 'a@h', bob.name, alice.name, `${'n'.repeat(limits.nodeNameMaxBytes)}@h`],
  ...['x'.repeat(limits.broadcastTopicMaxChars), `/${'x'.repeat(limits.broadcastKeyMaxChars + 1)}`],
  { constructor: 'y', toString: 'z' },
]

export function clusterInputs(): (random: Random) => readonly ClusterStep[] {
  const frames = recordServices()
  const news = recordNews().map((term) => ['members', term] as const)
  const deltas = recordDeltas().map((term) => ['table', term] as const)
  const told = [...news, ...deltas]
  const odd = oddValues.map(treeOf)
  const terms = [...frames.map(({ term }) => term), ...told.map(([, term]) => term)]
  const donors = [...donorsOf(terms.map((term) => ({ term }))), ...odd]

  const changed = (random: Random, term: TermTree): Uint8Array => {
    if (chance(random, 0.2)) return mutatedBody(random, term, donors)
    if (chance(random, 0.1)) return bytesOfTerm(withLongList(random, term))
    let tree = term
    for (let left = below(random, 4); left > 0; left--) {
      const from = chance(random, 0.3) ? odd : donors
      tree = replaceNode(tree, below(random, countNodes(tree)), () => oneOf(random, from))
    }
    return bytesOfTerm(tree)
  }
  const body = (random: Random): Uint8Array => {
    if (chance(random, 0.85)) return changed(random, oneOf(random, frames).term)
    const [topic, term] = oneOf(random, told)
    return bytesOfTerm(treeOf(['broadcast', gossipOf(topic, changed(random, term))]))
  }
  return (random) =>
    Array.from({ length: 1 + below(random, 6) }, () =>
      chance(random, 0.3) ? { tag: 'goOn' } : { tag: 'body', bytes: body(random) },
    )
}

/** The term with the items of one list repeated up to a limit, or beyond. */
function withLongList(random: Random, tree: TermTree): TermTree {
  const at = below(random, countNodes(tree))
  const length = oneOf(random, lengths) + below(random, 3) - 1
  return replaceNode(tree, at, (node) => {
    if (node.tag !== 'array' || node.items.length === 0) return node
    return branch(
      'array',
      Array.from({ length }, (_, index) => node.items[index % node.items.length] ?? node),
    )
  })
}

/**
 * Bookkeeping of links, monitors, calls and spawns between two connected nodes: what one side
 * believes, the other must believe too, once nothing is on its way any more. A disagreement that
 * lasts is a link that will never fire, or memory that is never given back.
 */
import { pidKey } from '../../runtime/index.ts'
import { type System, systemOf } from '../../runtime/kernel.ts'
import { nodes } from '../../src/dist/index.ts'
import type { Node } from '../../src/node/node.ts'

/** One line per disagreement; empty when all books agree. */
export function disagreements(running: readonly Node[]): readonly string[] {
  const found: string[] = []
  const known = new Map(running.map((node) => [node.name, node]))
  const connected = new Map(running.map((node) => [node.name, new Set(nodes(node))]))
  for (const [name, peers] of connected) {
    for (const peer of peers) {
      const [a, b] = [known.get(name), known.get(peer)]
      if (a === undefined || b === undefined || !connected.get(peer)?.has(name)) continue
      found.push(...between(systemOf(a), systemOf(b)))
    }
  }
  return found
}

/** What `a` holds that `b` does not know of. */
function between(a: System, b: System): string[] {
  const mine = a.peers.get(b.node)
  const theirs = b.peers.get(a.node)
  const found: string[] = []
  const missing = (what: string, keys: Iterable<unknown>, known: ReadonlySet<unknown>): void => {
    for (const key of keys) {
      if (!known.has(key)) found.push(`${a.node} has ${what} ${key} that ${b.node} does not know`)
    }
  }
  const idsOf = (table: ReadonlyMap<number, unknown> | undefined): Set<unknown> =>
    new Set(table?.keys())
  missing('a monitor', idsOf(mine?.monitors), idsOf(theirs?.watches))
  missing('a watch', idsOf(mine?.watches), idsOf(theirs?.monitors))
  missing('a call', idsOf(mine?.calls), idsOf(theirs?.inboundCalls))
  missing('an inbound call', idsOf(mine?.inboundCalls), idsOf(theirs?.calls))
  missing('a spawn request', idsOf(mine?.spawns), new Set())
  missing('an unlink without acknowledgement', mine?.unlinking.keys() ?? [], new Set())
  missing('a link', linksOf(a, b.node), linksOf(b, a.node))
  return found
}

/** Links with processes of `node`, each as the same text on both sides. */
function linksOf(system: System, node: string): Set<unknown> {
  const keys = new Set<string>()
  for (const [process, pids] of system.peers.get(node)?.links ?? []) {
    for (const pid of pids) keys.add([pidKey(process.pid), pidKey(pid)].sort().join(' with '))
  }
  return keys
}

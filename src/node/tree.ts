/**
 * The supervision tree of a node as one readable value:
 *
 *   skein.root     oneForOne
 *   ├─ skein.cluster   restForOne: links, kernel, membership, broadcast
 *   └─ the program's root, added when the applications run (`program.ts`)
 *
 * A crash in the cluster never restarts the program, and the other way round.
 */
import type { Module } from '../../runtime/index.ts'
import { type ChildSpec, child, type Supervisor, supervisor } from '../../stdlib/index.ts'

/** Restarts of the root's children within ten seconds before the node gives up. */
const rootIntensity = 10

export function rootModules(
  cluster: readonly ChildSpec[],
): readonly [Module<Supervisor, undefined>, Module<Supervisor, undefined>] {
  const clusterModule = supervisor('skein.cluster', (_: undefined) => ({
    strategy: 'restForOne',
    intensity: rootIntensity,
    periodMs: 10_000,
    children: cluster,
  }))
  const root = supervisor('skein.root', (_: undefined) => ({
    strategy: 'oneForOne',
    intensity: rootIntensity,
    periodMs: 10_000,
    children: cluster.length > 0 ? [child(clusterModule, undefined, { id: 'cluster' })] : [],
  }))
  return [root, clusterModule]
}

/**
 * The cluster of a node: what runs on top of its channels, as children of its tree, in the order in
 * which they depend on each other.
 */
import { Exit } from '../../runtime/index.ts'
import type { LocalNode, System } from '../../runtime/kernel.ts'
import type { ChildSpec } from '../../stdlib/index.ts'
import { Broadcasting, broadcastOptions } from '../broadcast/index.ts'
import type { Discovery } from '../discovery/index.ts'
import { type Dist, partOf } from '../dist/index.ts'
import { limits } from '../limits.ts'
import { MemberList, Own } from '../members/index.ts'
import { membershipOptions, Overlay } from '../membership/index.ts'
import { verdictOptions } from '../membership/verdict/index.ts'
import { type ReplicaContext, Replicas, replicaOptions } from '../replica/index.ts'
import { type Global, globalChildren } from '../services/global/index.ts'
import { groupsChildren } from '../services/groups/index.ts'
import { ServiceProxies } from '../services/proxy/index.ts'
import { type Registry, registryChildren } from '../services/registry/index.ts'
import { OverlayRouter } from '../services/router/index.ts'
import type { NodeOptions } from './options.ts'

/** Children for the tree, above those of dist. A node that hides has its names for itself. */
export function clusterChildren(
  system: System,
  dist: Dist,
  discovery: Discovery,
  registry: Registry,
  global: Global,
  nodeOptions: NodeOptions,
): readonly ChildSpec[] {
  const { cluster = {}, name, dataDir = `data/${name}`, join = [], hidden = false } = nodeOptions
  if (cluster === false || hidden) return []
  const options = membershipOptions({ contactNodes: join, ...cluster.membership })
  const directory = `${dataDir}/membership`
  const overlay = new Overlay({ system, dist, discovery, options, directory })
  const broadcasting = new Broadcasting(
    system,
    dist,
    overlay,
    broadcastOptions(cluster.broadcast ?? {}),
  )
  const verdict = verdictOptions(cluster.verdict)
  const own = new Own(cluster)
  const list = new MemberList({ system, dist, overlay, broadcasting, options: verdict, own })
  const { metrics } = dist
  const replica: ReplicaContext = {
    system,
    dist,
    overlay,
    broadcasting,
    list,
    metrics,
    options: replicaOptions(cluster.replica ?? {}),
  }
  dist.router.parts.add(new Replicas(replica))
  const overlayRouter = new OverlayRouter({ system, dist, overlay, list, registry })
  const proxies = new ServiceProxies(overlayRouter)
  return [
    overlay.child,
    broadcasting.child,
    list.child,
    ...registryChildren(registry, replica),
    overlayRouter.child,
    ...proxies.children,
    ...globalChildren(global, replica),
    ...groupsChildren(replica),
  ]
}

/** Says goodbye to the cluster, so that nobody has to find out. Bounded, and never fails. */
export async function leaveCluster(host: LocalNode): Promise<void> {
  const list = partOf(host, MemberList)
  const overlay = partOf(host, Overlay)
  await host.run(async (self) => {
    if (list !== undefined) await quietly(list.leave(self, limits.clusterLeaveMaxMs))
    if (overlay !== undefined) await quietly(overlay.leave(self, limits.clusterLeaveMaxMs))
  })
}

/** Whoever does not answer has ended, or is too slow to wait for. */
async function quietly(leaving: Promise<unknown>): Promise<void> {
  try {
    await leaving
  } catch (error) {
    if (!(error instanceof Exit)) throw error
  }
}

/** Puts the global names of a node together: alone, and as part of a cluster. */
import type { System } from '../../../runtime/kernel.ts'
import { type ChildSpec, child } from '../../../stdlib/index.ts'
import { globalRegistry } from '../../../stdlib/name.ts'
import type { Metrics } from '../../metrics/index.ts'
import { type ReplicaContext, TableReplica } from '../../replica/index.ts'
import { type Claim, isClaim } from './claim.ts'
import { Global, globalServerName } from './global.ts'
import { globalModule } from './server.ts'

/** What the nodes call the tables in which they copy each other's claims. */
const tableName = 'skein.global'

/** Opens the registry `global` of a node; one without a carrier has it for itself. */
export function openGlobal(system: System, metrics: Metrics | undefined): Global {
  const global = new Global(system, metrics)
  system.registries.open(globalRegistry, global)
  return global
}

/** It takes part in a cluster: children for a `restForOne` supervisor, in this order. */
export function globalChildren(global: Global, context: ReplicaContext): ChildSpec[] {
  const { system, dist } = context
  const { router, metrics } = dist
  const replica = new TableReplica<Claim>(context, {
    name: tableName,
    isValue: isClaim,
    onChange: (change) => global.changed(change),
  })
  global.spreadBy(replica)
  const module = globalModule({ system, router, metrics, global })
  system.modules.addShielded(module)
  return [replica.child, child(module, undefined, { id: 'global', name: globalServerName })]
}

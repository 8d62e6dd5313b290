/** The registry as part of a cluster: what carries its entries, as children of the node's tree. */
import { type ChildSpec, child } from '../../../stdlib/index.ts'
import { type ReplicaContext, TableReplica } from '../../replica/index.ts'
import type { Registry } from './registry.ts'
import { registryModule, registryName } from './server.ts'
import { isServiceValue, type ServiceValue } from './value.ts'

/** What the nodes call the tables in which they copy each other's registrations. */
const tableName = 'services'

/** Children for a `restForOne` supervisor, in this order. */
export function registryChildren(registry: Registry, context: ReplicaContext): ChildSpec[] {
  const replica = new TableReplica<ServiceValue>(context, {
    name: tableName,
    isValue: isServiceValue,
    onChange: (change) => registry.changed(change),
  })
  registry.spreadBy(replica)
  const module = registryModule(registry)
  context.system.modules.addShielded(module)
  return [replica.child, child(module, undefined, { id: 'services', name: registryName })]
}

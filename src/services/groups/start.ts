/** Puts the process groups of a node together, and makes scopes for a program's own trees. */
import { BadArgument, type Module } from '../../../runtime/index.ts'
import { processOfSelf } from '../../../runtime/kernel.ts'
import { type ChildSpec, child, genServer, next } from '../../../stdlib/index.ts'
import { partOf } from '../../dist/index.ts'
import { noOverlay } from '../../membership/index.ts'
import { type ReplicaContext, TableReplica } from '../../replica/index.ts'
import { Groups } from './groups.ts'
import { type GroupEntry, isGroupEntry } from './membership.ts'

const serverName = 'skein.groups'

/** Children for a `restForOne` supervisor, in this order. */
export function groupsChildren(context: ReplicaContext): ChildSpec[] {
  const { system, dist } = context
  const groups = new Groups(system, dist.metrics)
  const replica = new TableReplica<GroupEntry>(context, {
    name: serverName,
    isValue: isGroupEntry,
    onChange: (change) => groups.changed(change),
  })
  groups.spreadBy(replica)
  dist.router.parts.add(groups)
  // Started again after the replica: what that one has told may have been missed.
  const module = genServer<Record<never, never>>(serverName)({
    init: () => {
      groups.reread()
      return next(null)
    },
    info: (state) => next(state),
  })
  system.modules.addShielded(module)
  return [replica.child, child(module, undefined, { id: 'groups', name: serverName })]
}

/**
 * A scope of groups; see `groupScope`. Refuses to start, with a `BadArgument`, without a local
 * name, for a scope that runs here already, and on a node that takes no part in a cluster.
 */
export const GroupScope: Module<Record<never, never>, undefined> = genServer<Record<never, never>>(
  'skein.groupScope',
)({
  init: (_: undefined, self) => {
    const { name } = processOfSelf(self)
    if (name === null) throw new BadArgument('name: a scope is started under a local name')
    const groups = partOf(self, Groups)
    if (groups === undefined) throw noOverlay(self, 'groupScope')
    if (!groups.open(name)) throw new BadArgument(`name: a scope '${name}' runs already`)
    self.onExit(() => groups.close(name))
    return next(null)
  },
  info: (state) => next(state),
})

/**
 * A scope as a child, under the local name `scope`; list `GroupScope` in the node's `modules`. When
 * it ends, the processes of this node leave its groups and its monitors end.
 */
export function groupScope(scope: string): ChildSpec {
  return child(GroupScope, undefined, { id: scope, name: scope })
}

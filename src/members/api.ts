/**
 * Who is in the cluster. The list is this node's own: it grows by what others say of themselves,
 * and a member is `down` by this node's verdict alone, reached after others were asked too. Losing
 * the channel to a node is another event (`monitorNodes`), which comes at once and says less.
 */
import { BadArgument, type Caller, type Self } from '../../runtime/index.ts'
import { processOfSelf, systemOf } from '../../runtime/kernel.ts'
import { call, local } from '../../stdlib/index.ts'
import { partOf } from '../dist/index.ts'
import type { Description } from './own.ts'
import { type Member, type MembersServer, membersName } from './server.ts'
import { MemberList } from './start.ts'

/** Every node known, this one included, sorted by name; those lost stay in it for a while. */
export async function members(caller: Caller): Promise<readonly Member[]> {
  const list = await call(caller, server(partIn(caller, 'members')), 'list')
  return [...list].sort((a, b) => (a.node < b.node ? -1 : 1))
}

/**
 * Tells the calling process of members: `{ tag: 'memberUp' | 'memberSuspect' | 'memberUpdated',
 * node, creation }`, `{ tag: 'memberDown', node, creation, reason }`, and `{ tag: 'resync', source:
 * 'members' }` when events may have been missed. Asking again changes nothing.
 */
export function subscribeMembers(self: Self): void {
  partIn(self, 'subscribeMembers').subscriptions.add(processOfSelf(self))
}

export function unsubscribeMembers(self: Self): void {
  partIn(self, 'unsubscribeMembers').subscriptions.remove(processOfSelf(self))
}

/**
 * Changes what this node says of itself; what is not given stays. Throws `BadArgument` for more
 * than a description may hold, naming the field.
 */
export async function describeSelf(caller: Caller, description: Description): Promise<void> {
  const part = partIn(caller, 'describeSelf')
  part.own.describe(description)
  const { version, metadata } = part.own
  await call(caller, server(part), 'describe', { version, metadata })
}

function server({ module }: MemberList): ReturnType<typeof local<MembersServer>> {
  return local(module, membersName)
}

function partIn(caller: Caller, what: string): MemberList {
  const part = partOf(caller, MemberList)
  if (part !== undefined) return part
  const { node } = systemOf(caller)
  throw new BadArgument(`${what}: ${node} has no overlay: it has no carrier, or hides`)
}

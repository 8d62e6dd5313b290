/**
 * Who is in the cluster. The list is this node's own: it grows by what others say of themselves,
 * and a member is `down` by this node's verdict alone, reached after others were asked too. Losing
 * the channel to a node is another event (`monitorNodes`), which comes at once and says less.
 */
import type { Caller, Self } from '../../runtime/index.ts'
import { checkOptions, processOfSelf } from '../../runtime/kernel.ts'
import { call, local } from '../../stdlib/index.ts'
import { partOf } from '../dist/index.ts'
import { checkContact, joinOverlay, leaveOverlay, noOverlay } from '../membership/index.ts'
import type { Description } from './own.ts'
import { type Member, type MembersServer, membersName } from './server.ts'
import { MemberList } from './start.ts'

/**
 * Joins the cluster through `contact`, and takes part again after `leave`. The contact is dialled
 * and asked meanwhile; when it cannot be reached it is tried again, and so are all the node has
 * known. Throws `BadArgument` for what is no node name, and for the node itself.
 */
export async function join(caller: Caller, contact: string): Promise<void> {
  const part = partIn(caller, 'join')
  checkContact(caller, contact)
  await call(caller, server(part), 'comeBack')
  await joinOverlay(caller, contact)
}

/**
 * Leaves the cluster: all members are told (`memberDown` with reason `left`), the neighbours let
 * go, and the node looks for no others until it joins again or is started anew. Its channels stay.
 */
export async function leave(caller: Caller): Promise<void> {
  await call(caller, server(partIn(caller, 'leave')), 'leave')
  await leaveOverlay(caller)
}

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
  checkOptions('describeSelf', description, ['version', 'metadata'])
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
  throw noOverlay(caller, what)
}

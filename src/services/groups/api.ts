/**
 * Process groups (OTP `pg`): processes of any node under names that are any data, to be sent to one
 * by one. All functions act at once. `scope` is the one of the node, unless another is named that
 * runs here (`groupScope`); a scope that does not, and a node that takes no part in a cluster, is
 * the caller's mistake (`BadArgument`), as is what can name no group: data that cannot be sent, or
 * takes more than 1 KiB.
 */
import {
  BadArgument,
  type Caller,
  type Pid,
  type Reason,
  type Reference,
  type Self,
} from '../../../runtime/index.ts'
import { checkPid, type Process, processOfSelf, systemOf } from '../../../runtime/kernel.ts'
import { partOf } from '../../dist/index.ts'
import { noOverlay } from '../../membership/index.ts'
import { defaultScope, Groups, keyOf } from './groups.ts'
import type { Scope } from './scope.ts'

export type GroupJoined =
  | { readonly tag: 'ok' }
  /** `noproc`, or `{ tag: 'systemLimit', limit, max }`: nobody has joined then. */
  | { readonly tag: 'error'; readonly reason: Reason }

export type GroupLeft =
  | { readonly tag: 'ok' }
  | { readonly tag: 'error'; readonly reason: 'notJoined' }

/** A group and who is in it, as often as each has joined. */
export type GroupView = { readonly group: unknown; readonly members: readonly Pid[] }

type Pids = Pid | readonly Pid[]

/**
 * Processes of this node join a group, once more each time; one named twice joins twice. A process
 * may be in a group 100 times, and a node's processes 100,000 times in all. Throws `BadArgument`
 * for a process of another node.
 */
export function joinGroup(
  caller: Caller,
  group: unknown,
  pids: Pids,
  scope: string = defaultScope,
): GroupJoined {
  const { groups, found } = placeOf(caller, 'joinGroup', scope)
  const { alive, dead } = processesOf(caller, 'joinGroup', pids)
  if (dead > 0) return { tag: 'error', reason: 'noproc' }
  const reason = groups.join(found, group, alive)
  return reason === undefined ? { tag: 'ok' } : { tag: 'error', reason }
}

/** Each leaves once. Those who are not in the group are passed over: `notJoined` if that is all. */
export function leaveGroup(
  caller: Caller,
  group: unknown,
  pids: Pids,
  scope: string = defaultScope,
): GroupLeft {
  const { groups, found } = placeOf(caller, 'leaveGroup', scope)
  const { alive } = processesOf(caller, 'leaveGroup', pids)
  const isLeft = groups.leave(found, group, alive)
  return isLeft ? { tag: 'ok' } : { tag: 'error', reason: 'notJoined' }
}

/** The members of a group on all nodes, as often as each has joined; those of this node first. */
export function groupMembers(
  caller: Caller,
  group: unknown,
  scope: string = defaultScope,
): readonly Pid[] {
  return placeOf(caller, 'groupMembers', scope).found.members(keyOf(group))
}

/** Those of this node. */
export function localGroupMembers(
  caller: Caller,
  group: unknown,
  scope: string = defaultScope,
): readonly Pid[] {
  return placeOf(caller, 'localGroupMembers', scope).found.localMembers(keyOf(group))
}

/** The groups somebody is in, in no promised order. */
export function whichGroups(caller: Caller, scope: string = defaultScope): unknown[] {
  return placeOf(caller, 'whichGroups', scope).found.groups()
}

/** Those a process of this node is in. */
export function whichLocalGroups(caller: Caller, scope: string = defaultScope): unknown[] {
  return placeOf(caller, 'whichLocalGroups', scope).found.localGroups()
}

/**
 * All groups of a scope as they are, and from then on every change as a message, `{ tag:
 * 'groupJoin' | 'groupLeave', ref, scope, group, pids }`: who has both knows at any time what
 * `groupMembers` gives.
 */
export function monitorGroups(
  self: Self,
  scope: string = defaultScope,
): { readonly ref: Reference; readonly groups: readonly GroupView[] } {
  const { found } = placeOf(self, 'monitorGroups', scope)
  return { ref: found.listeners.add(processOfSelf(self), null), groups: found.view() }
}

/** The same for one group, which nobody need be in. */
export function monitorGroup(
  self: Self,
  group: unknown,
  scope: string = defaultScope,
): { readonly ref: Reference; readonly members: readonly Pid[] } {
  const { found } = placeOf(self, 'monitorGroup', scope)
  const key = keyOf(group)
  return { ref: found.listeners.add(processOfSelf(self), key), members: found.members(key) }
}

/**
 * No message of that monitor comes any more; those in the mailbox stay there. False when the
 * calling process has no such monitor in the scope.
 */
export function demonitorGroups(self: Self, ref: Reference, scope: string = defaultScope): boolean {
  return placeOf(self, 'demonitorGroups', scope).found.listeners.remove(processOfSelf(self), ref)
}

function placeOf(
  caller: Caller,
  what: string,
  scope: string,
): { readonly groups: Groups; readonly found: Scope } {
  const groups = partOf(caller, Groups)
  if (groups === undefined) throw noOverlay(caller, what)
  return { groups, found: groups.scope(scope) }
}

/** Those that live, and how many of them do not. */
function processesOf(
  caller: Caller,
  what: string,
  pids: Pids,
): { readonly alive: readonly Process[]; readonly dead: number } {
  const alive: Process[] = []
  let dead = 0
  for (const pid of Array.isArray(pids) ? pids : [pids]) {
    checkPid(what, pid)
    const found = systemOf(caller).lookup(pid)
    if (found.tag === 'local') alive.push(found.process)
    else if (found.tag === 'dead') dead += 1
    else throw new BadArgument(`${what}: ${String(pid)} is a process of another node`)
  }
  return { alive, dead }
}

/**
 * One process in one group, as its node tells all: how often it has joined. An entry per process
 * and group, so that a group may have any number of members and one that comes or goes costs one
 * entry.
 *
 * Invariant: the key of an entry follows from it, so that no process is twice in a group.
 */
import { isPid, type Pid } from '../../../runtime/index.ts'
import { recordOfPid, runtimeLimits } from '../../../runtime/kernel.ts'
import { limits } from '../../limits.ts'
import { termKey } from '../../wire/index.ts'

export type GroupEntry = {
  readonly scope: string
  /** Any data. */
  readonly group: unknown
  readonly pid: Pid
  /** 1 to `groupJoinsMax`. */
  readonly joins: number
}

export type GroupKey =
  | { readonly tag: 'ok'; readonly key: string }
  /** What in the group is why it cannot be one. */
  | { readonly tag: 'error'; readonly message: string }

/** What a group is known by within its scope: equal data, equal keys. */
export function groupKey(group: unknown): GroupKey {
  const result = termKey(group, 'group')
  if (result.tag === 'error') {
    return { tag: 'error', message: `${result.path}: ${result.reason} cannot name a group` }
  }
  if (result.key.length <= limits.groupKeyMaxBytes) return result
  const message = `group: takes ${result.key.length} bytes, at most ${limits.groupKeyMaxBytes}`
  return { tag: 'error', message }
}

/** The key of an entry, of processes of one node. */
export function entryKey(scope: string, group: string, pid: Pid): string {
  const { index, serial } = recordOfPid(pid)
  return `${index}.${serial} ${scope.length} ${scope}${group}`
}

/** Whatever a peer may have sent. Whether its group can be one is seen when it is used. */
export function isGroupEntry(value: unknown): value is GroupEntry {
  if (typeof value !== 'object' || value === null) return false
  if (!('scope' in value && 'group' in value && 'pid' in value && 'joins' in value)) return false
  const { scope, pid, joins } = value
  return isScopeName(scope) && isPid(pid) && isJoins(joins)
}

function isScopeName(scope: unknown): scope is string {
  return typeof scope === 'string' && scope.length > 0 && scope.length <= runtimeLimits.nameMaxBytes
}

function isJoins(joins: unknown): boolean {
  return (
    typeof joins === 'number' &&
    Number.isInteger(joins) &&
    joins > 0 &&
    joins <= limits.groupJoinsMax
  )
}

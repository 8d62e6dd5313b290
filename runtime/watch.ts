/**
 * The list of those who are told when a process ends: monitors, and callers it owes an answer
 * (OTP's call is a monitor, too). Intrusive, so that entering and leaving it costs no hashing.
 */
import type { Reason } from './exit.ts'
import type { Process } from './process.ts'

export interface Watch {
  /** Whose end it waits for; null while it is in no list of this node. */
  readonly target: Process | null
  before: Watch | null
  after: Watch | null
  /** Leaves the list, and tells. */
  fire(reason: Reason): void
}

export function watch(target: Process, entry: Watch): void {
  entry.after = target.watchers
  if (target.watchers !== null) target.watchers.before = entry
  target.watchers = entry
}

export function unwatch(entry: Watch): void {
  const { target, before, after } = entry
  if (before !== null) before.after = after
  else if (target !== null && target.watchers === entry) target.watchers = after
  if (after !== null) after.before = before
  entry.before = null
  entry.after = null
}

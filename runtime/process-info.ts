/**
 * What a process of this node looks like from outside, at this moment (OTP `process_info/1`).
 * Everything in it is known, nothing estimated: JavaScript counts no reductions and gives no heap
 * to a process, so neither is here (rule P12).
 */
import { BoundedProcess } from './bounded-process.ts'
import { checkPid } from './check.ts'
import { BadArgument } from './exit.ts'
import type { Pid } from './identifier.ts'
import { type Caller, callerProcess, systemOf } from './local-node.ts'
import type { Subject } from './messages.ts'
import { Monitor, RemoteMonitor } from './monitors.ts'
import { BUSY, HIGH, type Process, QUEUED, RUNNING, STARTING, SUSPENDED } from './process.ts'

/**
 * `running`: its code is on the stack. `runnable`: it waits for its turn. `busy`: its code awaits
 * something that is not mail, a call or the outside world, or is between two awaits. `suspended`:
 * it sent to a full mailbox and is held back. `waiting`: for mail.
 */
export type ProcessStatus = 'running' | 'runnable' | 'busy' | 'suspended' | 'waiting'

export type ProcessInfo = {
  readonly pid: Pid
  /** Name of the module it runs. */
  readonly module: string
  /** Local name; null without one. */
  readonly name: string | null
  /** Who spawned it; null when host code did. */
  readonly parent: Pid | null
  readonly status: ProcessStatus
  readonly priority: 'normal' | 'high'
  readonly trapExit: boolean
  readonly messageQueueLength: number
  /** What its bounded mailbox has dropped so far; 0 without a bound. */
  readonly messagesDropped: number
  /** Operation of the call an async handler is at work on; null otherwise. */
  readonly handling: string | null
  readonly links: readonly Pid[]
  /** What it monitors, newest first: pids, and names monitored as such. */
  readonly monitors: readonly Subject[]
  /** Who monitors it, newest first, as often as each does. */
  readonly monitoredBy: readonly Pid[]
}

/**
 * Information about a process of this node; undefined when it is dead. Throws `BadArgument` for a
 * pid of another node: only that node knows.
 */
export function processInfo(caller: Caller, pid: Pid): ProcessInfo | undefined {
  checkPid('processInfo', pid)
  const found = systemOf(caller).lookup(pid)
  if (found.tag === 'remote') {
    throw new BadArgument(`processInfo: ${String(pid)} is of another node`)
  }
  if (found.tag === 'dead') return undefined
  const { process } = found
  return {
    pid: process.pid,
    module: process.module,
    name: process.name,
    parent: process.parent,
    status: process === callerProcess(caller) ? 'running' : statusOf(process),
    priority: (process.flags & HIGH) === 0 ? 'normal' : 'high',
    trapExit: process.trapping,
    messageQueueLength: process.messageCount,
    messagesDropped: process instanceof BoundedProcess ? process.dropped : 0,
    handling: process.pause?.serving?.op ?? null,
    links: [...(process.links ?? [])],
    monitors: [...held(process)].map(({ subject }) => subject),
    monitoredBy: [...watching(process)].map(({ owner }) => ('pid' in owner ? owner.pid : owner)),
  }
}

function statusOf(process: Process): ProcessStatus {
  const { flags } = process
  if ((flags & RUNNING) !== 0) return 'running'
  if ((flags & SUSPENDED) !== 0) return 'suspended'
  if ((flags & BUSY) !== 0) return 'busy'
  if ((flags & (QUEUED | STARTING)) !== 0) return 'runnable'
  return process.waiter !== null || process.receiver !== null ? 'waiting' : 'busy'
}

function* held(process: Process): Generator<Monitor> {
  for (let each = process.monitors; each !== null; each = each.ownedAfter) yield each
}

function* watching(process: Process): Generator<Monitor | RemoteMonitor> {
  for (let each = process.watchers; each !== null; each = each.after) {
    if (each instanceof Monitor || each instanceof RemoteMonitor) yield each
  }
}

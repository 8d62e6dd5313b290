/**
 * The end of a process by an exception (rules Z1, Z4): reported once, where it was thrown. Those
 * that die of the exit signals that follow are not reported again, and `Exit` with an orderly
 * reason is no crash.
 */
import { ancestorsOf } from './ancestors.ts'
import { isOrderly, type Reason, reasonOfThrown } from './exit.ts'
import type { Pid } from './identifier.ts'
import { limits } from './limits.ts'
import type { Links } from './links.ts'
import type { Process } from './process.ts'
import { terminate } from './terminate.ts'

/** Ends `process` with the reason of what its code threw. */
export function crash(process: Process, thrown: unknown): void {
  const reason = reasonOfThrown(thrown)
  if (process.alive) reportCrash(process, reason)
  terminate(process, reason)
}

export function reportCrash(process: Process, reason: Reason): void {
  if (isOrderly(reason)) return
  const { pid, module, name, system, messageCount } = process
  const max = limits.crashReportPidsMax
  system.trace.log('error', 'process crashed', {
    pid,
    module,
    name,
    ancestors: ancestorsOf(process, max),
    messageQueueLength: messageCount,
    links: firstOf(process.links, max),
    reason,
  })
}

/** A process with a million links is told of with few. */
function firstOf(links: Links | null, max: number): Pid[] {
  const first: Pid[] = []
  for (const pid of links ?? []) {
    if (first.length >= max) break
    first.push(pid)
  }
  return first
}

/**
 * The end of a process by an exception (rules Z1, Z4): reported once, where it was thrown. Those
 * that die of the exit signals that follow are not reported again, and `Exit` with an orderly
 * reason is no crash.
 */
import { isOrderly, type Reason, reasonOfThrown } from './exit.ts'
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
  const { pid, module, name, system } = process
  system.trace.log('error', 'process crashed', { pid, module, name, reason })
}

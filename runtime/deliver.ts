/**
 * Delivery to a local mailbox, the hottest path of the runtime. A message to the dead vanishes. A
 * process that waits, and has looked at all its mail, is offered the message at once: if it takes
 * it, neither mailbox nor run queue is touched. That holds as long as the turn's budget lasts.
 */
import { limits } from './limits.ts'
import { DEAD, HIGH, type Process, QUEUED, REPORTED } from './process.ts'
import type { Waiter } from './receive.ts'

export function deliver(process: Process, message: unknown): void {
  if ((process.flags & DEAD) !== 0) return
  const { waiter } = process
  if (waiter !== null && handOver(process, waiter, message)) return
  process.push(message)
  if (process.mayBeHigh) reportHigh(process)
  if ((process.flags & QUEUED) === 0) process.system.scheduler.wake(process)
}

/** True when the message has gone where it belongs. */
function handOver(process: Process, waiter: Waiter, message: unknown): boolean {
  if (!waiter.direct || (process.flags & (QUEUED | HIGH)) !== 0) return false
  if (!process.allSeen || !process.system.scheduler.charge()) return false
  if (waiter.offer(message)) return true
  // A predicate may have sent something here itself, which then still has to be looked at.
  if (!process.allSeen) return false
  process.pushSeen(message)
  reportHigh(process)
  return true
}

function reportHigh(process: Process): void {
  const messages = process.messageCount
  if (messages <= limits.mailboxHighMessages || (process.flags & REPORTED) !== 0) return
  process.flags |= REPORTED
  const { pid, module } = process
  process.system.trace.emit({ tag: 'mailboxHigh', pid, module, messages })
}

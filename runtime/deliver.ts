/**
 * Delivery to a local mailbox, the hottest path of the runtime. A message to the dead vanishes. A
 * process that waits, and has looked at all its mail, is offered the message at once: if it takes
 * it, neither mailbox nor run queue is touched. That holds as long as the turn's budget lasts.
 */
import { limits } from './limits.ts'
import { DEAD, HIGH, type Process, QUEUED, REPORTED } from './process.ts'

export function deliver(process: Process, message: unknown): void {
  const { flags, waiter } = process
  if ((flags & DEAD) !== 0) return
  if (
    waiter?.direct &&
    (flags & (QUEUED | HIGH)) === 0 &&
    process.allSeen &&
    process.system.scheduler.charge()
  ) {
    if (waiter.offer(message)) return
    // A predicate may have sent something here itself, which then still has to be looked at.
    if (process.allSeen) {
      process.pushSeen(message)
      reportHigh(process)
      return
    }
  }
  process.push(message)
  if (process.mayBeHigh) reportHigh(process)
  process.system.scheduler.wake(process)
}

function reportHigh(process: Process): void {
  const messages = process.messageCount
  if (messages <= limits.mailboxHighMessages || (process.flags & REPORTED) !== 0) return
  process.flags |= REPORTED
  const { pid, module } = process
  process.system.trace.emit({ tag: 'mailboxHigh', pid, module, messages })
}

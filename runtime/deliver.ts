/**
 * Delivery to a local mailbox, the hottest path of the runtime. A message to the dead vanishes. A
 * process that waits for just any message, with no mail queued, gets it at once without passing
 * through the run queue, as long as the turn's budget lasts.
 */
import { limits } from './limits.ts'
import { DEAD, HIGH, type Process, QUEUED, REPORTED } from './process.ts'
import { disarm } from './timeouts.ts'

export function deliver(process: Process, message: unknown): void {
  const { flags, waiter, system } = process
  if ((flags & DEAD) !== 0) return
  if (
    waiter !== null &&
    waiter.matches === null &&
    waiter.direct &&
    (flags & (QUEUED | HIGH)) === 0 &&
    !process.hasMail &&
    system.scheduler.charge()
  ) {
    process.waiter = null
    disarm(waiter)
    waiter.resolve(message)
    return
  }
  process.push(message)
  if ((flags & REPORTED) === 0 && process.messageCount > limits.mailboxHighMessages) {
    process.flags |= REPORTED
    system.trace.emit({
      tag: 'mailboxHigh',
      pid: process.pid,
      module: process.module,
      messages: process.messageCount,
    })
  }
  system.scheduler.wake(process)
}

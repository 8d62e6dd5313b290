/**
 * Runs one process for a while: begins its body, feeds its callback, or wakes its parked receive.
 * Whatever a body throws ends that process and nothing else.
 */
import { crash } from './crash.ts'
import { limits } from './limits.ts'
import { isEmpty } from './mailbox.ts'
import { waitFor } from './pause.ts'
import { BUSY, DEAD, type Process, type Receiver, RUNNING, STARTING, SUSPENDED } from './process.ts'

export function dispatch(process: Process): void {
  if ((process.flags & STARTING) !== 0) {
    begin(process)
    return
  }
  if (process.waiter !== null) process.waiter.look()
  else if (process.receiver !== null) {
    if ((process.flags & (BUSY | RUNNING | SUSPENDED)) !== 0) return
    serve(process, process.receiver, limits.messagesPerTurn, false)
  }
}

function begin(process: Process): void {
  const start = process.receiver
  process.receiver = null
  process.flags &= ~STARTING
  process.flags |= RUNNING
  try {
    start?.receive(null)
  } catch (error) {
    crash(process, error)
  }
  process.flags &= ~RUNNING
  if (process.hasMail && process.receiver !== null) process.system.scheduler.wake(process)
}

/**
 * Hands mail to a callback process that is neither at work nor held, until it is empty, busy, dead,
 * or has had `atMost` messages; also when the slice is over, unless it is to run on `overtime`.
 */
export function serve(
  process: Process,
  receiver: Receiver,
  atMost: number,
  overtime: boolean,
): void {
  const { scheduler } = process.system
  process.flags |= RUNNING
  for (let left = atMost; left > 0; left--) {
    const message = process.shift()
    if (isEmpty(message)) break
    let pending: void | Promise<void>
    try {
      pending = receiver.receive(message)
    } catch (error) {
      crash(process, error)
      break
    }
    if (pending instanceof Promise) {
      waitFor(process, pending)
      break
    }
    if ((process.flags & (DEAD | BUSY | SUSPENDED)) !== 0) break
    if (!scheduler.charge() && !overtime) break
  }
  process.flags &= ~RUNNING
  if (process.hasMail && (process.flags & (DEAD | BUSY | SUSPENDED)) === 0) scheduler.wake(process)
}

/**
 * Runs one process for a while: begins its body, feeds its callback, or wakes its parked receive.
 * Whatever a body throws ends that process and nothing else.
 */
import { reasonOfThrown } from './exit.ts'
import { limits } from './limits.ts'
import { empty } from './mailbox.ts'
import { BUSY, DEAD, type Process, type Receiver, RUNNING, STARTING } from './process.ts'
import type { Waiter } from './receive.ts'
import { terminate } from './terminate.ts'
import { disarm } from './timeouts.ts'

export function dispatch(process: Process): void {
  if ((process.flags & STARTING) !== 0) {
    begin(process)
    return
  }
  if (process.waiter !== null) resume(process, process.waiter)
  else if (process.receiver !== null) serve(process, process.receiver)
}

function begin(process: Process): void {
  const start = process.begin
  process.begin = null
  process.flags &= ~STARTING
  process.flags |= RUNNING
  try {
    start?.(process)
  } catch (error) {
    terminate(process, reasonOfThrown(error))
  }
  process.flags &= ~RUNNING
  if (process.hasMail && process.receiver !== null) process.system.scheduler.wake(process)
}

/** Hands mail to a callback process until it is empty, busy, dead, or has had its turn. */
function serve(process: Process, receiver: Receiver): void {
  if ((process.flags & (BUSY | RUNNING)) !== 0) return
  const { scheduler } = process.system
  process.flags |= RUNNING
  for (let left = limits.messagesPerTurn; left > 0; left--) {
    const message = process.shift()
    if (message === empty) break
    let pending: void | Promise<void>
    try {
      pending = receiver.receive(message)
    } catch (error) {
      terminate(process, reasonOfThrown(error))
      break
    }
    if (pending instanceof Promise) {
      waitFor(process, pending)
      break
    }
    if ((process.flags & DEAD) !== 0 || !scheduler.charge()) break
  }
  process.flags &= ~RUNNING
  if (process.hasMail && (process.flags & (DEAD | BUSY)) === 0) scheduler.wake(process)
}

/** Holds the mail of a callback process back until `pending` settles. */
export function waitFor(process: Process, pending: Promise<void>): void {
  process.flags |= BUSY
  pending.then(
    () => {
      process.flags &= ~BUSY
      if (process.hasMail) process.system.scheduler.wake(process)
    },
    (error: unknown) => {
      process.flags &= ~BUSY
      terminate(process, reasonOfThrown(error))
    },
  )
}

/** Looks through the new mail of a parked receive. */
function resume(process: Process, waiter: Waiter): void {
  let message: unknown
  try {
    message = waiter.matches === null ? process.shift() : process.take(waiter.matches, true)
  } catch (error) {
    process.waiter = null
    disarm(waiter)
    waiter.reject(error)
    return
  }
  if (message === empty) return
  process.waiter = null
  disarm(waiter)
  waiter.resolve(message)
}

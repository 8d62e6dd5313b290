/**
 * Runs one process for a while: begins its body, feeds its callback, or wakes its parked receive.
 * Whatever a body throws ends that process and nothing else.
 */
import { crash } from './crash.ts'
import { limits } from './limits.ts'
import { empty } from './mailbox.ts'
import { BUSY, DEAD, type Process, type Receiver, RUNNING, STARTING } from './process.ts'

export function dispatch(process: Process): void {
  if ((process.flags & STARTING) !== 0) {
    begin(process)
    return
  }
  if (process.waiter !== null) process.waiter.look()
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
    crash(process, error)
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
      crash(process, error)
      break
    }
    if (pending instanceof Promise) {
      waitFor(process, pending)
      break
    }
    if ((process.flags & (DEAD | BUSY)) !== 0 || !scheduler.charge()) break
  }
  process.flags &= ~RUNNING
  if (process.hasMail && (process.flags & (DEAD | BUSY)) === 0) scheduler.wake(process)
}

/**
 * Holds the mail of a callback process back until `pending` settles; `then` or `failed` goes on
 * with it first. Whatever these throw, and a rejection nobody handles, ends the process.
 */
export function waitFor<T>(
  process: Process,
  pending: Promise<T>,
  then: (value: T) => void = nothing,
  failed: (error: unknown) => void = rethrow,
): void {
  process.flags |= BUSY
  pending.then(
    (value) => goOn(process, then, value),
    (error: unknown) => goOn(process, failed, error),
  )
}

/** `step` may wait again, which makes the process busy again. */
function goOn<T>(process: Process, step: (value: T) => void, value: T): void {
  process.flags &= ~BUSY
  try {
    step(value)
  } catch (error) {
    crash(process, error)
  }
  if (process.hasMail && (process.flags & BUSY) === 0) process.system.scheduler.wake(process)
}

function nothing(): void {
  // The promise was all there was to wait for.
}

function rethrow(error: unknown): never {
  throw error
}

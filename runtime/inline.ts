/**
 * Inline execution: a callback process runs on the stack of who sends to it, instead of waiting in
 * the run queue. Not in OTP; a behaviour asks for it (`inline` of a gen_server), off by default.
 *
 * It is one of the schedules that are legal anyway: a process runs inline only while it has nothing
 * to do, is not held back, and what it gets lies first in its mailbox. So order, selective hooks of
 * `sys` and crashes are the same. Depth is bounded, every message charges the budget of the turn,
 * and where turns are watched nothing runs inline, so that the watch names who really ran.
 */
import { crash } from './crash.ts'
import { serve } from './dispatch.ts'
import { limits } from './limits.ts'
import { waitFor } from './pause.ts'
import {
  BOUNDED,
  BUSY,
  DEAD,
  INLINE_CALLS,
  INLINE_CASTS,
  type Process,
  QUEUED,
  RUNNING,
  STARTING,
  SUSPENDED,
} from './process.ts'

const occupied = DEAD | STARTING | RUNNING | BUSY | SUSPENDED | BOUNDED
/** An unoccupied process that has mail is in a run queue: asking for the bit is cheaper. */
const engaged = occupied | QUEUED

/** Whether a call by `caller` may run `process` now; if so `handInline` must follow. */
export function mayRunInline(process: Process, caller: Process | null): boolean {
  if ((process.flags & (engaged | INLINE_CALLS)) !== INLINE_CALLS) return false
  const { scheduler, turnWatch } = process.system
  if (turnWatch !== null || process === caller) return false
  if (caller !== null && (caller.flags & SUSPENDED) !== 0) return false
  return scheduler.charge() && scheduler.enter()
}

/** Gives an idle process a message, which it handles before this returns. */
export function handInline(process: Process, message: unknown): void {
  process.flags |= RUNNING
  try {
    const pending = process.receiver?.receive(message)
    if (pending instanceof Promise) waitFor(process, pending)
  } catch (error) {
    crash(process, error)
  }
  process.system.scheduler.leave()
  // What came meanwhile has queued the process.
  process.flags &= ~RUNNING
}

/**
 * Works off the mail of a process to which casts have piled up in its sender's turn. The sender
 * pays for it, also beyond its slice: who produces faster than others can run would else hold the
 * event loop just as long, and fill the memory besides.
 */
export function drainInline(process: Process): void {
  if ((process.flags & (occupied | INLINE_CASTS)) !== INLINE_CASTS) return
  const waiting = process.messageCount
  if (waiting < limits.inlineCastsMin) return
  const { receiver, system } = process
  if (receiver === null || system.turnWatch !== null || !system.scheduler.enter()) return
  try {
    serve(process, receiver, waiting, true)
  } finally {
    system.scheduler.leave()
  }
}

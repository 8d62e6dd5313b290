/**
 * The way of messages and calls into a local mailbox, as opposed to what the runtime itself says
 * (exits, DOWNs, timeouts), which is `deliver`ed and never refused. Only this way ends as a dead
 * letter, and only here a bound counts.
 */
import { BoundedProcess } from './bounded-process.ts'
import { deadLetter } from './dead-letter.ts'
import { deliver } from './deliver.ts'
import { BOUNDED, DEAD, type Process } from './process.ts'

/** `sender` is the process of this node that sent it; null for anyone else. */
export function post(process: Process, message: unknown, sender: Process | null): void {
  if ((process.flags & (DEAD | BOUNDED)) === 0) deliver(process, message)
  else if ((process.flags & DEAD) !== 0) {
    deadLetter(process.system, process.node, process.pid, message)
  } else if (process instanceof BoundedProcess) process.admit(message, sender)
}

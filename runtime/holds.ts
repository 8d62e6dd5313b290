/**
 * Senders held back because what they sent to is full: a mailbox, or the queue to another node (OTP
 * `busy_dist_port`). A held process runs on to its next primitive that is awaited (`receive`, a
 * call, `wait`, `yield`) and finds it done only when all who hold it have room again; a behaviour
 * handles no message until then. JavaScript cannot stop it earlier.
 *
 * Two processes that fill each other's bounded mailboxes hold each other until a timeout or the
 * end of one lets go, as with any bounded queue: bound the mailboxes of those at the leaves.
 */
import { type Process, SUSPENDED } from './process.ts'

/** What is full. */
export interface Holder {
  /** A process that it holds has ended. */
  forget(sender: Process): void
}

type Hold = {
  readonly by: Set<Holder>
  /** What goes on once nobody holds it. */
  readonly waiting: (() => void)[]
}

export class Holds {
  readonly #held = new Map<Process, Hold>()

  /** How many processes are held. */
  get size(): number {
    return this.#held.size
  }

  hold(sender: Process, by: Holder): void {
    const hold = this.#held.get(sender) ?? { by: new Set(), waiting: [] }
    hold.by.add(by)
    this.#held.set(sender, hold)
    sender.flags |= SUSPENDED
  }

  /** `by` has room again. */
  release(sender: Process, by: Holder): void {
    const hold = this.#held.get(sender)
    if (!hold?.by.delete(by) || hold.by.size > 0) return
    this.#held.delete(sender)
    sender.flags &= ~SUSPENDED
    for (const go of hold.waiting) go()
    if (sender.hasMail) sender.system.scheduler.wake(sender)
  }

  /** Calls `go` once nobody holds `sender`; never, if it ends before. */
  after(sender: Process, go: () => void): void {
    const hold = this.#held.get(sender)
    if (hold === undefined) go()
    else hold.waiting.push(go)
  }

  /** A held process has ended: it holds nobody up and goes on nowhere. */
  ended(sender: Process): void {
    const hold = this.#held.get(sender)
    if (hold === undefined) return
    this.#held.delete(sender)
    for (const by of hold.by) by.forget(sender)
  }
}

/** The outcome of a primitive, for a process that may have to wait before it gets it. */
export function held<T>(process: Process, result: T | Promise<T>): Promise<T> {
  if ((process.flags & SUSPENDED) === 0 && result instanceof Promise) return result
  return Promise.resolve(result).then(
    (value) =>
      new Promise((resolve) => {
        process.system.holds.after(process, () => {
          if (process.alive) resolve(value)
        })
      }),
  )
}

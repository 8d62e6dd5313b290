/**
 * What the queue to one node does to those who send to it, and the rule for it. A process of which
 * more than `distSenderQueueMaxBytes` waits is held until half of that is left, and so is everybody
 * above `distQueueMaxBytes` (OTP `busy_dist_port`, zdbbl); large messages count for their senders
 * alone, since others are served between their fragments. Parts of the system are not held, their
 * messages are dropped and counted instead; host code, which nobody can hold, sends on. Far above
 * the limits a process is ended and host code is refused.
 *
 * Ends of processes, answers and withdrawals are taken whatever waits, or the peer would wait for
 * ever; a peer that takes none of them in loses its channel (`router.ts`, `link.ts`).
 *
 * Invariant: whoever is held here is let go when the queue has shrunk, its node is lost or the
 * attempt to reach it has failed, and forgotten when it ends.
 */
import {
  type Holder,
  type PidParts,
  Process,
  Request,
  type Signal,
  UNHELD,
} from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'

/** Far above the limit. */
export const overflowBytes = limits.distQueueMaxBytes * limits.distQueueOverflowFactor

/** What waits for a node, as one sender sees it. */
export type Waiting = {
  /** Of the sender itself. */
  readonly ownBytes: number
  /** Of that, what is not in the message that leaves now: one message alone is never too much. */
  readonly behindBytes: number
  /** Of all senders, without large messages. */
  readonly smallBytes: number
  /** Of all senders, in large messages. */
  readonly largeBytes: number
}

type Load = 'light' | 'busy' | 'overflow'

/** As a sender meets it that is about to send, or has sent, a message of `bytes`. */
export function loadOf(waiting: Waiting, bytes: number): Load {
  const { ownBytes, behindBytes, smallBytes, largeBytes } = waiting
  if (behindBytes > overflowBytes || smallBytes > overflowBytes) return 'overflow'
  const isLarge = bytes > limits.distFragmentBytes
  if (isLarge && largeBytes > limits.distLargeQueueMaxBytes) return 'overflow'
  const isBusy = ownBytes > limits.distSenderQueueMaxBytes || smallBytes > limits.distQueueMaxBytes
  return isBusy ? 'busy' : 'light'
}

/** A sender that was held may go on. */
export function isRelieved({ ownBytes, smallBytes }: Waiting): boolean {
  return (
    ownBytes <= limits.distSenderQueueMaxBytes / 2 && smallBytes <= limits.distQueueMaxBytes / 2
  )
}

/** Who a signal is from, as far as it matters here; the dead are answered for. */
type Origin = 'process' | 'system' | 'host'

export function originOf(sender: PidParts | null): Origin {
  if (!(sender instanceof Process) || !sender.alive) return 'host'
  return (sender.flags & UNHELD) === 0 ? 'process' : 'system'
}

/** `hold`: taken, and its sender is held. `end`: dropped, and its sender is ended. */
export type Verdict = 'take' | 'hold' | 'drop' | 'end'

export function verdict(load: Load, origin: Origin, signal: Signal): Verdict {
  if (load === 'light') return 'take'
  const kind = kindOf(signal)
  if (origin === 'process') {
    if (kind === 'other') return 'take'
    return load === 'overflow' && kind !== 'answer' ? 'end' : 'hold'
  }
  if (kind === 'message') return origin === 'system' || load === 'overflow' ? 'drop' : 'take'
  return kind === 'question' && load === 'overflow' ? 'drop' : 'take'
}

/**
 * `message`: may be dropped, as what is sent to the dead is. `question`: who asks is told that it
 * was dropped. `relation`: taken unless its sender ends. `answer`: of a server to its caller.
 * `other`: what follows from what others have done, which holds nobody.
 */
function kindOf(signal: Signal): 'message' | 'question' | 'relation' | 'answer' | 'other' {
  switch (signal.tag) {
    case 'send':
    case 'exit':
      return 'message'
    case 'reply':
      return signal.ref instanceof Request ? 'answer' : 'message'
    case 'call':
    case 'spawn':
      return 'question'
    case 'link':
    case 'monitor':
      return 'relation'
    default:
      return 'other'
  }
}

export class Pressure implements Holder {
  readonly #held = new Set<Process>()
  #dropped = 0

  /** Processes held now. */
  get held(): number {
    return this.#held.size
  }

  /** Signals dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  drop(): void {
    this.#dropped++
  }

  hold(sender: Process): void {
    if (!sender.alive) return
    this.#held.add(sender)
    sender.system.holds.hold(sender, this)
  }

  /** Lets those go who may, in the order in which they were held; all unless told otherwise. */
  release(may: (sender: Process) => boolean = () => true): void {
    if (this.#held.size === 0) return
    const free = [...this.#held].filter(may)
    for (const sender of free) this.#held.delete(sender)
    for (const sender of free) sender.system.holds.release(sender, this)
  }

  forget(sender: Process): void {
    this.#held.delete(sender)
  }
}

/**
 * A process with a bounded mailbox. The bound counts messages and calls; what the runtime itself
 * says (exits, DOWNs, timeouts, replies, the request to stop) has a lane of its own in that it is
 * neither counted nor refused, while its place among the messages of its sender stays (rule O1).
 *
 * A class of its own, so that processes without a bound pay nothing for it. Invariant: `#signals`
 * is a subset of the mailbox, so the messages that count are the others.
 */
import { show } from './check.ts'
import { deliver } from './deliver.ts'
import { BadArgument } from './exit.ts'
import type { Holder } from './holds.ts'
import { limits } from './limits.ts'
import { isEmpty } from './mailbox.ts'
import { BOUNDED, Process, UNHELD } from './process.ts'
import { Request } from './request.ts'

export type MailboxOptions = {
  /** Messages that may wait. */
  readonly max: number
  /**
   * What happens to one more. `suspend`: it is taken, and a sender of this node is held at its
   * next awaited primitive until half of the mailbox is free. `dropNewest`: it is dropped and
   * counted. `fail`: a call is refused, a message is taken. Whatever the policy, calls that are
   * not taken fail with `overloaded`, and above four times `max` nothing is taken.
   */
  readonly overflow: 'suspend' | 'dropNewest' | 'fail'
}

export class BoundedProcess extends Process implements Holder {
  #max = Number.POSITIVE_INFINITY
  #overflow: MailboxOptions['overflow'] = 'fail'
  /** The message being delivered counts. */
  #admitting = false
  /** What the mailbox holds and does not count. */
  readonly #signals = new Set<unknown>()
  /** Senders held back until there is room. */
  readonly #holding = new Set<Process>()
  #dropped = 0

  bound({ max, overflow }: MailboxOptions): void {
    this.#max = max
    this.#overflow = overflow
    this.flags |= BOUNDED
  }

  /** Messages dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  override push(message: unknown): void {
    if (!this.#admitting) this.#signals.add(message)
    super.push(message)
  }

  override shift(): unknown {
    return this.#taken(super.shift())
  }

  override take(matches: (message: unknown) => boolean, onlyNew: boolean): unknown {
    return this.#taken(super.take(matches, onlyNew))
  }

  /** Takes a message or call in, or does with it what the policy says. */
  admit(message: unknown, sender: Process | null): void {
    const waiting = this.messageCount - this.#signals.size
    const full = waiting >= this.#max
    if (full && !this.#bends(message, waiting)) {
      this.#refuse(message)
      return
    }
    this.#admitting = true
    try {
      deliver(this, message)
    } finally {
      this.#admitting = false
    }
    // Who has suspended it must stay able to resume it.
    const holds = full && this.#overflow === 'suspend' && !isSystemRequest(message)
    if (holds && sender?.alive && sender !== this && (sender.flags & UNHELD) === 0) {
      this.#holding.add(sender)
      this.system.holds.hold(sender, this)
    }
  }

  /** Lets all go that it holds back: there is room, or it has ended. */
  relieve(): void {
    for (const sender of this.#holding) this.system.holds.release(sender, this)
    this.#holding.clear()
  }

  forget(sender: Process): void {
    this.#holding.delete(sender)
  }

  /** Above the bound, whether it is taken all the same. */
  #bends(message: unknown, waiting: number): boolean {
    if (waiting >= this.#max * limits.mailboxHardFactor) return false
    if (isSystemRequest(message)) return true
    if (this.#overflow === 'fail') return !(message instanceof Request)
    return this.#overflow === 'suspend'
  }

  #refuse(message: unknown): void {
    if (message instanceof Request) {
      message.fail('overloaded', null)
      return
    }
    const dropped = ++this.#dropped
    // At 1, 2, 4, 8 and so on: under a flood the telling must not cost more than the dropping.
    if ((dropped & (dropped - 1)) !== 0) return
    const { pid, module } = this
    this.system.trace.emit({ tag: 'mailboxFull', pid, module, dropped })
  }

  #taken(message: unknown): unknown {
    if (isEmpty(message)) return message
    if (this.#signals.size > 0) this.#signals.delete(message)
    if (this.#holding.size > 0 && (this.messageCount - this.#signals.size) * 2 <= this.#max) {
      this.relieve()
    }
    return message
  }
}

/** Throws `BadArgument` naming the field and the value. */
export function checkMailbox(options: unknown): asserts options is MailboxOptions {
  const { max, overflow } = fieldsOf(options)
  if (!isBound(max)) {
    throw new BadArgument(`mailbox.max: expected a whole number above 0, got ${show(max)}`)
  }
  if (!isOverflow(overflow)) {
    const expected = overflows.join(', ')
    throw new BadArgument(`mailbox.overflow: expected ${expected}, got ${show(overflow)}`)
  }
}

export function isMailboxOptions(options: unknown): options is MailboxOptions {
  const { max, overflow } = fieldsOf(options)
  return isBound(max) && isOverflow(overflow)
}

const overflows: readonly unknown[] = ['suspend', 'dropNewest', 'fail']

function fieldsOf(options: unknown): { readonly max?: unknown; readonly overflow?: unknown } {
  return typeof options === 'object' && options !== null ? options : {}
}

function isBound(max: unknown): boolean {
  return typeof max === 'number' && Number.isSafeInteger(max) && max > 0
}

function isOverflow(overflow: unknown): boolean {
  return overflows.includes(overflow)
}

/** A server must hear who wants to stop it, or to go on, above all when it is overloaded. */
function isSystemRequest(message: unknown): boolean {
  if (message instanceof Request) return message.op === '$sys'
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$stop'
  )
}

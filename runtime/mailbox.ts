/**
 * A mailbox: messages in order of arrival, taken from the front or from the middle.
 *
 * The oldest lies in an inline slot, so that the usual depth of one never allocates; the others,
 * and what a waiting receive has looked at in vain, are in a backlog made late. An idle mailbox is
 * two fields of its process; a private method would be a third.
 *
 * Invariant: what lies in the inline slot is older than the backlog, and no waiting receive has
 * looked at it.
 */
import { Backlog, empty, isEmpty } from './backlog.ts'
import { limits } from './limits.ts'

export { empty, isEmpty } from './backlog.ts'

export class Mailbox {
  #first: unknown = empty
  #backlog: Backlog | null = null

  get messageCount(): number {
    const rest = this.#backlog === null ? 0 : this.#backlog.count
    return isEmpty(this.#first) ? rest : rest + 1
  }

  /** Whether it is worth counting if there are more messages than `limits.mailboxHighMessages`. */
  get mayBeHigh(): boolean {
    return this.#backlog !== null && this.#backlog.count >= limits.mailboxHighMessages
  }

  get hasMail(): boolean {
    return !isEmpty(this.#first) || (this.#backlog !== null && !this.#backlog.isEmpty)
  }

  /** True when a waiting receive has looked at every message in here. */
  get allSeen(): boolean {
    return isEmpty(this.#first) && (this.#backlog === null || this.#backlog.allSeen)
  }

  push(message: unknown): void {
    const backlog = this.#backlog
    if (isEmpty(this.#first) && (backlog === null || backlog.isEmpty)) this.#first = message
    else if (backlog !== null) backlog.push(message)
    else {
      this.#backlog = new Backlog()
      this.#backlog.push(message)
    }
  }

  /** `push` of a message that the waiting receive has looked at, as at all before it. */
  pushSeen(message: unknown): void {
    this.#backlog ??= new Backlog()
    this.#backlog.push(message)
    this.#backlog.markSeen()
  }

  /** The oldest message, or `empty`. */
  shift(): unknown {
    const first = this.#first
    const backlog = this.#backlog
    if (!isEmpty(first)) {
      this.#first = empty
      backlog?.rewind()
      return first
    }
    return backlog === null ? empty : backlog.shift()
  }

  /**
   * The oldest message for which `matches` is true, or `empty`. With `onlyNew`, messages that an
   * earlier call without success has looked at are skipped.
   */
  take(matches: (message: unknown) => boolean, onlyNew: boolean): unknown {
    const first = this.#first
    let skip = 0
    if (!isEmpty(first)) {
      if (matches(first)) return this.shift()
      this.#first = empty
      this.#backlog ??= new Backlog()
      this.#backlog.unshift(first)
      skip = 1
    }
    const backlog = this.#backlog
    return backlog === null ? empty : backlog.take(matches, onlyNew, skip)
  }

  /** Makes the next look of a waiting receive begin at the oldest message. */
  rewind(): void {
    this.#backlog?.rewind()
  }

  /** Every message, oldest first; the mailbox is empty afterwards. */
  drain(): unknown[] {
    const messages: unknown[] = []
    while (this.hasMail) messages.push(this.shift())
    this.#backlog = null
    return messages
  }
}

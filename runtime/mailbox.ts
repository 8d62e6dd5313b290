/**
 * A mailbox: messages in order of arrival, taken from the front or from the middle.
 *
 * The first message of an idle mailbox sits in an inline slot, so that the usual depth of one
 * never allocates; the array behind it is created late, reset when empty and dropped when it had
 * grown. Taking from the middle leaves a hole, and holes are swept at a quarter, so that a
 * selective receive over a long backlog stays linear. `savedAt` lets a waiting receive test only
 * what arrived since its last look (OTP's save pointer).
 */

/** Marks an empty slot; never a message. */
export const empty: unique symbol = Symbol('empty')

const keepSlots = 32

export class Mailbox {
  #first: unknown = empty
  #rest: unknown[] | null = null
  #head = 0
  #tail = 0
  #holes = 0
  /** Where the next look of a waiting selective receive begins; -1 for the inline slot. */
  #savedAt = -1

  get messageCount(): number {
    return (this.#first === empty ? 0 : 1) + this.#tail - this.#head - this.#holes
  }

  get hasMail(): boolean {
    return this.#first !== empty || this.#tail - this.#head > this.#holes
  }

  push(message: unknown): void {
    if (this.#first === empty && this.#tail === this.#head) {
      this.#first = message
      return
    }
    if (this.#rest === null) this.#rest = []
    this.#rest[this.#tail++] = message
  }

  /** The oldest message, or `empty`. */
  shift(): unknown {
    const first = this.#first
    if (first !== empty) {
      this.#first = empty
      this.#savedAt = -1
      return first
    }
    const rest = this.#rest
    if (rest === null) return empty
    while (this.#head < this.#tail) {
      const message = rest[this.#head]
      rest[this.#head++] = empty
      if (message === empty) {
        this.#holes--
        continue
      }
      this.#savedAt = -1
      this.#settle()
      return message
    }
    return empty
  }

  /**
   * The oldest message for which `matches` is true, or `empty`. With `onlyNew`, messages that an
   * earlier call without success has looked at are skipped.
   */
  take(matches: (message: unknown) => boolean, onlyNew: boolean): unknown {
    const from = onlyNew ? this.#savedAt : -1
    if (from < 0 && this.#first !== empty && matches(this.#first)) return this.shift()
    const rest = this.#rest
    if (rest !== null) {
      for (let at = Math.max(from, this.#head); at < this.#tail; at++) {
        const message = rest[at]
        if (message === empty || !matches(message)) continue
        this.#savedAt = -1
        this.#removeAt(rest, at)
        return message
      }
    }
    this.#savedAt = this.hasMail ? this.#tail : -1
    return empty
  }

  /** Makes the next look of a waiting receive begin at the oldest message. */
  rewind(): void {
    this.#savedAt = -1
  }

  /** Every message, oldest first; the mailbox is empty afterwards. */
  drain(): unknown[] {
    const messages: unknown[] = []
    for (let message = this.shift(); message !== empty; message = this.shift()) {
      messages.push(message)
    }
    this.#rest = null
    return messages
  }

  #removeAt(rest: unknown[], at: number): void {
    rest[at] = empty
    if (at === this.#head) this.#head++
    else this.#holes++
    if (this.#holes * 4 > this.#tail - this.#head) this.#sweepHoles(rest)
    this.#settle()
  }

  #sweepHoles(rest: unknown[]): void {
    let to = 0
    for (let at = this.#head; at < this.#tail; at++) {
      if (rest[at] !== empty) rest[to++] = rest[at]
    }
    rest.fill(empty, to, this.#tail)
    this.#head = 0
    this.#tail = to
    this.#holes = 0
  }

  /** Resets the array when it is empty, and moves its live part down when half of it is spent. */
  #settle(): void {
    const rest = this.#rest
    if (rest === null) return
    if (this.#tail - this.#head === this.#holes) {
      if (rest.length > keepSlots) this.#rest = null
      this.#head = 0
      this.#tail = 0
      this.#holes = 0
      return
    }
    if (this.#head > keepSlots && this.#head * 2 > this.#tail) {
      const live = this.#tail - this.#head
      rest.copyWithin(0, this.#head, this.#tail)
      rest.fill(empty, live, this.#tail)
      this.#head = 0
      this.#tail = live
    }
  }
}

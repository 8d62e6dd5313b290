/**
 * A mailbox: messages in order of arrival, taken from the front or from the middle.
 *
 * Positions count from 0, which is an inline slot: an idle mailbox takes its next message there, so
 * that the usual depth of one never allocates. Position n above 0 is `#rest[n - 1]`, an array made
 * late, reset when the mailbox is empty and dropped when it had grown. Taking from the middle
 * leaves a hole, and holes are swept at a quarter, so that a selective receive over a long backlog
 * stays linear. `#savedAt` lets a waiting receive test only what arrived since its last look (OTP's
 * save pointer).
 */

/** Marks an empty slot; never a message. */
export const empty: unique symbol = Symbol('empty')

const keepSlots = 32

export class Mailbox {
  #first: unknown = empty
  #rest: unknown[] | null = null
  /** Position of the oldest message. Both are 0 when there is none. */
  #head = 0
  /** Position behind the newest message. */
  #tail = 0
  /** Positions between the two whose message has been taken. */
  #holes = 0
  /** Position at which the next look of a waiting selective receive begins. */
  #savedAt = 0

  get messageCount(): number {
    return this.#tail - this.#head - this.#holes
  }

  get hasMail(): boolean {
    return this.#tail - this.#head > this.#holes
  }

  /** True when a waiting receive has looked at every message in here. */
  get allSeen(): boolean {
    return this.#savedAt === this.#tail
  }

  push(message: unknown): void {
    const at = this.#tail++
    if (at === 0) {
      this.#first = message
      return
    }
    if (this.#rest === null) this.#rest = []
    this.#rest[at - 1] = message
  }

  /** `push` of a message that the waiting receive has looked at, as at all before it. */
  pushSeen(message: unknown): void {
    this.push(message)
    this.#savedAt = this.#tail
  }

  /** The oldest message, or `empty`. */
  shift(): unknown {
    if (this.#tail === 0) return empty
    this.#savedAt = 0
    if (this.#head === 0) {
      const message = this.#first
      this.#first = empty
      this.#head = 1
      if (this.#tail === 1) {
        this.#head = 0
        this.#tail = 0
      } else if (this.#holes > 0) this.#settle()
      return message
    }
    const rest = this.#rest!
    let at = this.#head
    if (this.#holes > 0) for (; rest[at - 1] === empty; at++) this.#holes--
    const message = rest[at - 1]
    rest[at - 1] = empty
    this.#head = at + 1
    this.#settle()
    return message
  }

  /**
   * The oldest message for which `matches` is true, or `empty`. With `onlyNew`, messages that an
   * earlier call without success has looked at are skipped.
   */
  take(matches: (message: unknown) => boolean, onlyNew: boolean): unknown {
    const from = onlyNew ? Math.max(this.#savedAt, this.#head) : this.#head
    if (from === 0 && this.#tail > 0 && matches(this.#first)) return this.shift()
    const rest = this.#rest
    const at = rest === null ? -1 : this.#find(rest, matches, Math.max(from, 1))
    if (rest === null || at < 0) {
      this.#savedAt = this.#tail
      return empty
    }
    const message = rest[at - 1]
    this.#savedAt = 0
    this.#removeAt(rest, at)
    return message
  }

  /** Makes the next look of a waiting receive begin at the oldest message. */
  rewind(): void {
    this.#savedAt = 0
  }

  /** Every message, oldest first; the mailbox is empty afterwards. */
  drain(): unknown[] {
    const messages: unknown[] = []
    while (this.hasMail) messages.push(this.shift())
    this.#rest = null
    return messages
  }

  /** Position of the first match from `from` on, or -1. Holes are asked about only if there are. */
  #find(rest: unknown[], matches: (message: unknown) => boolean, from: number): number {
    if (this.#holes === 0) {
      for (let at = from; at < this.#tail; at++) if (matches(rest[at - 1])) return at
    } else {
      for (let at = from; at < this.#tail; at++) {
        if (rest[at - 1] !== empty && matches(rest[at - 1])) return at
      }
    }
    return -1
  }

  #removeAt(rest: unknown[], at: number): void {
    rest[at - 1] = empty
    if (at === this.#head) this.#head++
    else if (at === this.#tail - 1) this.#tail--
    else this.#holes++
    if (this.#holes * 4 > this.#tail - this.#head) this.#sweepHoles(rest)
    this.#settle()
  }

  #sweepHoles(rest: unknown[]): void {
    let to = 0
    for (let at = Math.max(this.#head, 1); at < this.#tail; at++) {
      if (rest[at - 1] !== empty) rest[to++] = rest[at - 1]
    }
    rest.fill(empty, to, this.#tail - 1)
    this.#head = Math.min(this.#head, 1)
    this.#tail = to + 1
    this.#holes = 0
  }

  /** Resets the array when it is empty, and moves its live part down when half of it is spent. */
  #settle(): void {
    const head = this.#head
    const tail = this.#tail
    if (tail - head === this.#holes) {
      if (this.#rest !== null && this.#rest.length > keepSlots) this.#rest = null
      this.#head = 0
      this.#tail = 0
      this.#holes = 0
    } else if (head > keepSlots && head * 2 > tail) this.#moveDown(head, tail)
  }

  /** A loop, because `copyWithin` costs several times as much per message. */
  #moveDown(head: number, tail: number): void {
    const rest = this.#rest!
    for (let at = head; at < tail; at++) {
      rest[at - head] = rest[at - 1]
      rest[at - 1] = empty
    }
    this.#head = 1
    this.#tail = tail - head + 1
  }
}

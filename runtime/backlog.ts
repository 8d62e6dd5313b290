/**
 * The messages of a mailbox that do not fit its inline slot: an array with positions, taken from
 * the front or from the middle. Taking from the middle leaves a hole, and holes are swept at a
 * quarter, so that a selective receive over a long backlog stays linear.
 *
 * Invariant: without messages all positions are 0; the slot at `head` is never a hole.
 */

/** Marks an empty slot; never a message. */
export const empty: unique symbol = Symbol('empty')

/**
 * Asked several times for every message. The type is asked first because comparing values of mixed
 * types calls into V8's runtime, and messages are of all types.
 */
export function isEmpty(message: unknown): message is typeof empty {
  return typeof message === 'symbol' && message === empty
}

const keepSlots = 32
const usualSlotsMax = 1_024

export class Backlog {
  #slots: unknown[] = []
  /** Length to grow to at once. */
  #usualSlots = 0
  /** Position of the oldest message. */
  #head = 0
  /** Position behind the newest message. */
  #tail = 0
  /** Positions between the two whose message has been taken. */
  #holes = 0
  /** Position at which the next look of a waiting selective receive begins (OTP's save pointer). */
  #savedAt = 0

  get count(): number {
    return this.#tail - this.#head - this.#holes
  }

  get isEmpty(): boolean {
    return this.#tail === 0
  }

  /** True when a waiting receive has looked at every message in here. */
  get allSeen(): boolean {
    return this.#savedAt === this.#tail
  }

  push(message: unknown): void {
    // The array would grow though half of it is spent.
    if (this.#head > keepSlots && this.#tail === this.#slots.length) this.#moveDown()
    const at = this.#tail++
    if (at === keepSlots && this.#usualSlots > at) this.#slots.length = this.#usualSlots
    this.#slots[at] = message
  }

  /** Puts a message before the oldest. */
  unshift(message: unknown): void {
    if (this.#head > 0) this.#slots[--this.#head] = message
    else {
      this.#slots.unshift(message)
      this.#tail++
    }
  }

  markSeen(): void {
    this.#savedAt = this.#tail
  }

  /** Makes the next look of a waiting receive begin at the oldest message. */
  rewind(): void {
    this.#savedAt = 0
  }

  /** The oldest message, or `empty`. */
  shift(): unknown {
    const tail = this.#tail
    if (tail === 0) return empty
    const slots = this.#slots
    const head = this.#head
    const message = slots[head]
    slots[head] = empty
    this.#savedAt = 0
    this.#head = head + 1
    if (head + 1 === tail || this.#holes > 0) this.#settle()
    return message
  }

  /**
   * The oldest message for which `matches` is true, or `empty`. The first `skip` are passed over
   * and, with `onlyNew`, those that an earlier call without success has looked at.
   */
  take(matches: (message: unknown) => boolean, onlyNew: boolean, skip: number): unknown {
    const start = this.#head + skip
    const seen = onlyNew && skip === 0 ? this.#savedAt : 0
    const at = this.#find(matches, Math.max(start, seen))
    if (at < 0) {
      this.#savedAt = this.#tail
      return empty
    }
    const message = this.#slots[at]
    this.#savedAt = 0
    this.#removeAt(at)
    return message
  }

  /** Position of the first match from `from` on, or -1. Holes are asked about only if there are. */
  #find(matches: (message: unknown) => boolean, from: number): number {
    const slots = this.#slots
    if (this.#holes === 0) {
      for (let at = from; at < this.#tail; at++) if (matches(slots[at])) return at
    } else {
      for (let at = from; at < this.#tail; at++) {
        if (!isEmpty(slots[at]) && matches(slots[at])) return at
      }
    }
    return -1
  }

  #removeAt(at: number): void {
    this.#slots[at] = empty
    if (at === this.#head) this.#head++
    else if (at === this.#tail - 1) this.#tail--
    else this.#holes++
    if (this.#holes * 4 > this.#tail - this.#head) this.#sweepHoles()
    this.#settle()
  }

  #sweepHoles(): void {
    const slots = this.#slots
    let to = 0
    for (let at = this.#head; at < this.#tail; at++) {
      if (!isEmpty(slots[at])) slots[to++] = slots[at]
    }
    slots.fill(empty, to, this.#tail)
    this.#head = 0
    this.#tail = to
    this.#holes = 0
  }

  /** Restores the invariant, and drops an array that had grown. */
  #settle(): void {
    if (this.#tail - this.#head === this.#holes) {
      this.#head = 0
      this.#tail = 0
      this.#holes = 0
      this.#savedAt = 0
      if (this.#slots.length > keepSlots) this.#drop()
      return
    }
    for (; this.#holes > 0 && isEmpty(this.#slots[this.#head]); this.#head++) this.#holes--
  }

  /** Memory is given back; whoever gets many messages at once gets them again. */
  #drop(): void {
    this.#usualSlots = Math.min(this.#slots.length, usualSlotsMax)
    this.#slots = []
  }

  /** A loop, because `copyWithin` costs several times as much per message. */
  #moveDown(): void {
    const slots = this.#slots
    const head = this.#head
    if (head * 2 < this.#tail) return
    for (let at = head; at < this.#tail; at++) {
      slots[at - head] = slots[at]
      slots[at] = empty
    }
    this.#head = 0
    this.#tail -= head
    this.#savedAt = Math.max(this.#savedAt - head, 0)
  }
}

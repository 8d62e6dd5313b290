/**
 * What happens next in the light simulation: a four-way heap keyed by (time, order of setting),
 * with a queue in front of it for what is due at once. With latency 0 nearly everything is, and
 * then the heap holds nothing but timers.
 *
 * Invariant: items leave in order of time, and of setting where times are equal. Whatever stands in
 * the heap with a time that has come was set before that time came, so it goes ahead of the queue.
 */
const startSize = 1024
const width = 4

export class EventHeap<Item> {
  #times = new Float64Array(startSize)
  #orders = new Float64Array(startSize)
  readonly #items: Item[] = []
  #size = 0
  #order = 0
  #due: Item[] = []
  #dueHead = 0

  /** Copies, for a run that starts anew from here. Nothing may be due at that moment. */
  copy(): EventHeap<Item> {
    if (this.#due.length > this.#dueHead) throw new Error('something is due: let it happen first')
    const twin = new EventHeap<Item>()
    twin.#times = this.#times.slice()
    twin.#orders = this.#orders.slice()
    for (let at = 0; at < this.#size; at++) twin.#items.push(this.#items[at]!)
    twin.#size = this.#size
    twin.#order = this.#order
    return twin
  }

  get size(): number {
    return this.#size + this.#due.length - this.#dueHead
  }

  push(timeMs: number, nowMs: number, item: Item): void {
    if (timeMs <= nowMs) {
      this.#due.push(item)
      return
    }
    if (this.#size === this.#times.length) this.#grow()
    const order = this.#order++
    let at = this.#size++
    while (at > 0) {
      const up = Math.floor((at - 1) / width)
      if (this.#times[up]! <= timeMs) break
      this.#move(up, at)
      at = up
    }
    this.#place(at, timeMs, order, item)
  }

  /** When the next item is due; `nowMs` if that is at once, Infinity if there is none. */
  nextMs(nowMs: number): number {
    if (this.#dueHead < this.#due.length) return nowMs
    return this.#size > 0 ? Math.max(nowMs, this.#times[0]!) : Number.POSITIVE_INFINITY
  }

  /** The next item; undefined when there is none. */
  pop(nowMs: number): Item | undefined {
    const waiting = this.#dueHead < this.#due.length
    if (waiting && (this.#size === 0 || this.#times[0]! > nowMs)) return this.#popDue()
    return this.#size > 0 ? this.#popHeap() : undefined
  }

  #popDue(): Item | undefined {
    const item = this.#due[this.#dueHead++]
    if (this.#dueHead === this.#due.length) {
      this.#due = []
      this.#dueHead = 0
    } else if (this.#dueHead === 65_536) {
      this.#due = this.#due.slice(this.#dueHead)
      this.#dueHead = 0
    }
    return item
  }

  #popHeap(): Item | undefined {
    const first = this.#items[0]
    const last = --this.#size
    const timeMs = this.#times[last]!
    const order = this.#orders[last]!
    const item = this.#items.pop()!
    if (last === 0) return first
    let at = 0
    for (;;) {
      const from = at * width + 1
      if (from >= last) break
      let least = from
      const end = Math.min(from + width, last)
      for (let child = from + 1; child < end; child++) if (this.#before(child, least)) least = child
      const leastMs = this.#times[least]!
      if (leastMs > timeMs || (leastMs === timeMs && this.#orders[least]! > order)) break
      this.#move(least, at)
      at = least
    }
    this.#place(at, timeMs, order, item)
    return first
  }

  #before(a: number, b: number): boolean {
    const apart = this.#times[a]! - this.#times[b]!
    return apart < 0 || (apart === 0 && this.#orders[a]! < this.#orders[b]!)
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#times[from]!, this.#orders[from]!, this.#items[from]!)
  }

  #place(at: number, timeMs: number, order: number, item: Item): void {
    this.#times[at] = timeMs
    this.#orders[at] = order
    this.#items[at] = item
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2)
    const orders = new Float64Array(this.#times.length * 2)
    times.set(this.#times)
    orders.set(this.#orders)
    this.#times = times
    this.#orders = orders
  }
}

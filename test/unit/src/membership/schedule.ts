/**
 * What is to happen in virtual time, as a binary heap by time and then by the order in which it was
 * decided.
 */
export type Scheduled = {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class Schedule {
  readonly #heap: Scheduled[] = []

  push(item: Scheduled): void {
    const heap = this.#heap
    let at = heap.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(item, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = item
  }

  /** Takes out the next one, if its time is `endMs` or before. */
  popUntil(endMs: number): Scheduled | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.atMs > endMs) return undefined
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first
  }

  #sink(item: Scheduled): void {
    const heap = this.#heap
    let at = 0
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (!isBefore(heap[below]!, item)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = item
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

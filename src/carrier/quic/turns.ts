/**
 * When connections are driven. Datagrams of one turn of the event loop are all given to quiche
 * first, then each touched connection is driven once in a `setImmediate`, which flushes once: a
 * flush per datagram is five times slower. Writes are flushed in a microtask, after the segment
 * that made them.
 *
 * Invariant: when a drive throws (a handler of the layer above did) the exception is raised as
 * uncaught, and that connection and the rest of the set get a turn of their own.
 */
export interface Driven {
  /** Reads, runs callbacks, sends. */
  drive(): void
  /** Sends what was written since. */
  flushWrites(): void
}

export class Turns {
  readonly #touched = new Set<Driven>()
  readonly #written = new Set<Driven>()
  readonly #runTouched = (): void => this.#run()
  readonly #runWritten = (): void => this.#flush()

  /** True when a turn is due. */
  get pending(): boolean {
    return this.#touched.size > 0
  }

  /** `driven` is driven in a later turn, once however often it is touched. */
  touch(driven: Driven): void {
    if (this.#touched.size === 0) setImmediate(this.#runTouched)
    this.#touched.add(driven)
  }

  /** `driven` is flushed once the present synchronous segment is over. */
  wrote(driven: Driven): void {
    if (this.#written.size === 0) queueMicrotask(this.#runWritten)
    this.#written.add(driven)
  }

  #run(): void {
    const batch = [...this.#touched]
    this.#touched.clear()
    runAll(batch, (driven) => driven.drive(), this)
  }

  #flush(): void {
    const batch = [...this.#written]
    this.#written.clear()
    runAll(batch, (driven) => driven.flushWrites(), this)
  }
}

function runAll(batch: readonly Driven[], step: (driven: Driven) => void, turns: Turns): void {
  let done = 0
  try {
    for (const driven of batch) {
      step(driven)
      done += 1
    }
  } finally {
    for (const driven of batch.slice(done)) turns.touch(driven)
  }
}

/**
 * The live processes of a node: slots with serials. A slot is used again with a higher serial, so
 * `(index, serial)` never names two processes within one creation (OTP rule P6).
 */
import { limits } from './limits.ts'
import type { Process } from './process.ts'

export class ProcessTable {
  /** The process in each slot; of one that is free, the serial it had last. */
  readonly #slots: (Process | number)[] = []
  readonly #free: number[] = []
  #live = 0

  get size(): number {
    return this.#live
  }

  /** Index of a slot for the next process, which `put` must follow; undefined when it is full. */
  claim(): number | undefined {
    if (this.#live >= limits.processesMax) return undefined
    return this.#free.pop() ?? this.#slots.push(0) - 1
  }

  /** The serial of whoever comes to live in a slot that has been claimed. */
  serialFor(index: number): number {
    const last = this.#slots[index]
    return typeof last === 'number' ? last + 1 : 1
  }

  put(process: Process): void {
    this.#slots[process.index] = process
    this.#live++
  }

  find(index: number, serial: number): Process | undefined {
    const process = this.#slots[index]
    return typeof process === 'object' && process.serial === serial ? process : undefined
  }

  remove(process: Process): void {
    if (this.#slots[process.index] !== process) return
    this.#slots[process.index] = process.serial
    this.#free.push(process.index)
    this.#live--
  }

  *[Symbol.iterator](): Generator<Process> {
    for (const process of this.#slots) if (typeof process === 'object') yield process
  }
}

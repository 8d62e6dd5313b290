/**
 * The live processes of a node: slots with serials. A slot is used again with a higher serial, so
 * `(index, serial)` never names two processes within one creation (OTP rule P6).
 */
import { limits } from './limits.ts'
import type { Process } from './process.ts'

export class ProcessTable {
  readonly #slots: (Process | null)[] = []
  readonly #serials: number[] = []
  readonly #free: number[] = []
  #live = 0

  get size(): number {
    return this.#live
  }

  /** Takes a slot and fills it; undefined when the table is full. */
  add(create: (index: number, serial: number) => Process): Process | undefined {
    if (this.#live >= limits.processesMax) return undefined
    const index = this.#free.pop() ?? this.#slots.push(null) - 1
    const serial = (this.#serials[index] ?? 0) + 1
    const process = create(index, serial)
    this.#slots[index] = process
    this.#serials[index] = serial
    this.#live++
    return process
  }

  find(index: number, serial: number): Process | undefined {
    const process = this.#slots[index]
    return process && process.serial === serial ? process : undefined
  }

  remove(process: Process): void {
    if (this.#slots[process.index] !== process) return
    this.#slots[process.index] = null
    this.#free.push(process.index)
    this.#live--
  }

  *[Symbol.iterator](): Generator<Process> {
    for (const process of this.#slots) if (process) yield process
  }
}

/**
 * The peers of one process's links, local and remote, in the order they were made. Nearly every
 * process has one link, to whoever started it: that one is held inline, since a `Set` costs more to
 * make than the rest of a short life.
 */
import type { Pid } from './identifier.ts'

export class Links {
  /** Older than all in `#more`. */
  #first: Pid | null = null
  #more: Set<Pid> | null = null
  #taking: Iterator<Pid> | null = null

  has(pid: Pid): boolean {
    return this.#first === pid || this.#more?.has(pid) === true
  }

  add(pid: Pid): void {
    if (this.#first === pid) return
    if (this.#first === null && !this.#more?.size) this.#first = pid
    else {
      this.#more ??= new Set()
      this.#more.add(pid)
    }
  }

  /** True when it was there. */
  delete(pid: Pid): boolean {
    if (this.#first !== pid) return this.#more?.delete(pid) === true
    this.#first = null
    return true
  }

  *[Symbol.iterator](): Generator<Pid> {
    if (this.#first !== null) yield this.#first
    if (this.#more !== null) yield* this.#more
  }

  /** Gives one after the other, then null, when a process has ended and makes no more links. */
  take(): Pid | null {
    const first = this.#first
    if (first !== null) {
      this.#first = null
      return first
    }
    if (this.#more === null) return null
    this.#taking ??= this.#more.values()
    const step = this.#taking.next()
    return step.done ? null : step.value
  }
}

/**
 * The names that processes of this node have, by process. An exit hook tells of them when a process
 * ends, within its end, so that they are gone before anybody hears of it.
 */
import type { Reason } from '../../../runtime/index.ts'
import type { Process } from '../../../runtime/kernel.ts'
import type { Key } from './name.ts'

export class OwnNames {
  readonly #ended: (key: Key, reason: Reason) => void
  /** By the text of the key. Kept until the process ends, so that it has one hook in its life. */
  readonly #owners = new Map<Process, Map<string, Key>>()
  #size = 0

  /** `ended` is told of every name that a process has when it ends, which it then has no more. */
  constructor(ended: (key: Key, reason: Reason) => void) {
    this.#ended = ended
  }

  get size(): number {
    return this.#size
  }

  /** The process must live and not have the name. */
  add(process: Process, key: Key): void {
    this.#size += 1
    const names = this.#owners.get(process)
    if (names !== undefined) names.set(key.text, key)
    else this.#watch(process, new Map([[key.text, key]]))
  }

  /** The process must have the name. */
  remove(process: Process, key: Key): void {
    this.#size -= 1
    this.#owners.get(process)?.delete(key.text)
  }

  #watch(process: Process, names: Map<string, Key>): void {
    this.#owners.set(process, names)
    process.exitHooks ??= []
    process.exitHooks.push((reason) => {
      this.#owners.delete(process)
      this.#size -= names.size
      for (const key of names.values()) this.#ended(key, reason)
    })
  }
}

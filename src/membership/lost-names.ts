/**
 * The names of lost nodes on disk, so that a node that was started again still looks for the other
 * half of its cluster. One name per line; what cannot be read or is no name is left out, and what
 * cannot be written is a warning: the list is a help, and never keeps a node from working.
 *
 * Invariant: the file is whole, since storage replaces it; the last list given is the one kept.
 */
import type { System } from '../../runtime/kernel.ts'
import { validateNodeName } from '../identity/index.ts'
import { limits } from '../limits.ts'

const mode = 0o600
const directoryMode = 0o700
const fileMaxBytes = limits.membershipLostMax * (limits.nodeNameMaxBytes + 1)

export class LostNames {
  readonly #system: System
  readonly #directory: string
  #next: readonly string[] | undefined
  #writing = false

  constructor(system: System, directory: string) {
    this.#system = system
    this.#directory = directory
  }

  /** Those kept by an earlier life of this node. */
  async read(): Promise<readonly string[]> {
    const found = await this.#system.platform.storage.read(this.#path, fileMaxBytes)
    if (found.tag === 'error') {
      if (found.reason !== 'notFound') this.#warn('cannot be read', found.reason)
      return []
    }
    const lines = new TextDecoder().decode(found.bytes).split('\n')
    return lines.filter((line) => validateNodeName(line).tag === 'ok')
  }

  /** Keeps these instead. */
  keep(names: readonly string[]): void {
    this.#next = names
    if (!this.#writing) void this.#write()
  }

  async #write(): Promise<void> {
    const { storage } = this.#system.platform
    this.#writing = true
    while (this.#next !== undefined) {
      const names = this.#next
      this.#next = undefined
      const bytes = new TextEncoder().encode(names.map((name) => `${name}\n`).join(''))
      try {
        const made = await storage.makeDirectory(this.#directory, directoryMode)
        const kept = made.tag === 'ok' ? await storage.write(this.#path, bytes, mode) : made
        if (kept.tag === 'error') this.#warn('cannot be kept', kept.reason)
      } catch (error) {
        // A platform of the program's own may do worse than answer.
        this.#warn('cannot be kept', String(error))
      }
    }
    this.#writing = false
  }

  get #path(): string {
    return `${this.#directory}/lost-nodes`
  }

  #warn(what: string, reason: string): void {
    this.#system.trace.log('warning', `the list of lost nodes ${what}`, { reason })
  }
}

/**
 * Pids of processes on other nodes, interned so that `===` holds for the same process. Held
 * weakly: a pid nobody keeps costs nothing. The table has a bound; past it, pids that are not
 * known yet are refused, which the codec reports as an undecodable message.
 */
import { Pid, type PidParts } from './identifier.ts'
import { limits } from './limits.ts'
import type { System } from './system.ts'
import { WeakTable } from './weak-table.ts'

export class RemoteProcess implements PidParts {
  readonly system: System
  readonly node: string
  readonly creation: number
  readonly index: number
  readonly serial: number

  constructor(system: System, parts: PidParts) {
    this.system = system
    this.node = parts.node
    this.creation = parts.creation
    this.index = parts.index
    this.serial = parts.serial
  }
}

/** Entries looked at, when the table is full, for pids that nobody keeps any more. */
const sweptWhenFull = 1_000

export class RemotePids {
  readonly #system: System
  readonly #max: number
  readonly #pids = new WeakTable<string, Pid>()

  constructor(system: System, max: number = limits.remotePidsMax) {
    this.#system = system
    this.#max = max
  }

  /** How many are known, those included whose pid was collected and not yet swept. */
  get size(): number {
    return this.#pids.size
  }

  /** The pid of a process elsewhere; undefined when the table is full. */
  intern(parts: PidParts): Pid | undefined {
    const key = keyOf(parts)
    const known = this.#pids.get(key)
    if (known !== undefined) return known
    if (this.#pids.size >= this.#max) this.#pids.sweep(sweptWhenFull)
    if (this.#pids.size >= this.#max) return undefined
    const pid = new Pid(new RemoteProcess(this.#system, parts))
    this.#pids.set(key, pid)
    return pid
  }

  /** Remembers a pid of this node, which may come back when its process is no more. */
  keep(pid: Pid, parts: PidParts): void {
    if (this.#pids.size < this.#max) this.#pids.set(keyOf(parts), pid)
  }
}

function keyOf({ node, creation, index, serial }: PidParts): string {
  return `${node}.${creation}.${index}.${serial}`
}

/**
 * Pids of processes on other nodes, interned so that `===` holds for the same process. Held
 * weakly: a pid nobody keeps costs nothing. What a peer says of its own processes is in a table of
 * its own, what anyone says of third nodes in a common one, so that no peer can use up the room of
 * another. Each has a bound; past it, pids that are not known yet are refused, which the codec
 * reports as an undecodable message.
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
  readonly #own = new Map<string, WeakTable<string, Pid>>()
  readonly #common = new WeakTable<string, Pid>()

  constructor(system: System, max: number = limits.remotePidsMax) {
    this.#system = system
    this.#max = max
  }

  /** How many are known, those included whose pid was collected and not yet swept. */
  get size(): number {
    let size = this.#common.size
    for (const table of this.#own.values()) size += table.size
    return size
  }

  /** The pid of a process elsewhere, as `from` told; undefined when the table is full. */
  intern(parts: PidParts, from?: string): Pid | undefined {
    const key = keyOf(parts)
    const known = this.#own.get(parts.node)?.get(key) ?? this.#common.get(key)
    if (known !== undefined) return known
    const table = from === parts.node ? this.#tableOf(from) : this.#common
    if (table.size >= this.#max) table.sweep(sweptWhenFull)
    if (table.size >= this.#max) return undefined
    const pid = new Pid(new RemoteProcess(this.#system, parts))
    table.set(key, pid)
    return pid
  }

  /** Remembers a pid of this node, which may come back when its process is no more. */
  keep(pid: Pid, parts: PidParts): void {
    if (this.#common.size < this.#max) this.#common.set(keyOf(parts), pid)
  }

  #tableOf(node: string): WeakTable<string, Pid> {
    const table = this.#own.get(node) ?? new WeakTable()
    this.#own.set(node, table)
    return table
  }
}

function keyOf({ node, creation, index, serial }: PidParts): string {
  return `${node}.${creation}.${index}.${serial}`
}

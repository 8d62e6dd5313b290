/**
 * A simulated machine: a name, a host, a disk, and the power of the node that runs on it now. It
 * outlives its nodes, as a real machine does.
 *
 * Invariant: once the power is cut nothing of that node runs any more, no timer, no turn, no file
 * operation: a crash is not an orderly end, so no hook and no exit signal of it is seen anywhere.
 * Code that is awaiting something at that moment stays parked for ever.
 */
import { nodePlatform } from '../../runtime/platform/node.ts'
import type { Platform, Storage } from '../../runtime/platform/platform.ts'
import { type SimPlatformOptions, simPlatform, type World } from '../../runtime/platform/sim.ts'
import type { SimDisk } from '../../runtime/platform/sim-storage.ts'
import type { Address } from '../carrier/carrier.ts'
import type { Node } from '../node/node.ts'

/** What a node finds on its disk: all of it, its key alone, or nothing. */
export type DiskState = 'kept' | 'keysOnly' | 'blank'

const port = 4000

export class Machine {
  readonly name: string
  readonly host: string
  readonly address: Address
  disk: SimDisk = new Map()
  power: Power | undefined
  /** The node, once it has started. */
  node: Node | undefined
  /** Nodes begun on this machine. */
  boots = 0

  /** `name` is the node's: its host half is the machine's host. */
  constructor(name: string) {
    this.name = name
    this.host = name.slice(name.indexOf('@') + 1)
    this.address = { host: this.host, port }
  }

  get dataDir(): string {
    return `data/${this.name}`
  }

  prepareDisk(state: DiskState): void {
    if (state === 'kept') return
    const keys = [...this.disk].filter(([path]) => path.startsWith(`${this.dataDir}/keys/node.`))
    this.disk = new Map(state === 'keysOnly' ? keys : [])
  }
}

/** The platform of one incarnation of a node, with a switch. */
export class Power {
  readonly platform: Platform
  readonly #timers = new Set<object>()
  readonly #claims: (() => void)[] = []
  #on = true

  constructor(world: World, options: SimPlatformOptions) {
    const base = simPlatform(world, options)
    const after = (ms: number, fn: () => void): object => {
      const timer = world.after(ms, () => {
        this.#timers.delete(timer)
        if (this.#on) fn()
      })
      this.#timers.add(timer)
      return timer
    }
    const soon = (fn: () => void): void =>
      base.turn.soon(() => {
        if (this.#on) fn()
      })
    this.platform = {
      ...base,
      clock: {
        ...base.clock,
        after,
        cancel: (timer) => {
          if (this.#timers.delete(timer)) base.clock.cancel(timer)
        },
      },
      turn: { ...base.turn, soon, later: (fn) => void after(0, fn) },
      storage: this.#guarded(base.storage),
      onUnhandledRejection: (claim) => {
        const release = nodePlatform().onUnhandledRejection(claim)
        this.#claims.push(release)
        return release
      },
    }
  }

  get on(): boolean {
    return this.#on
  }

  /** Timers set, and neither fired nor cancelled. */
  get timers(): number {
    return this.#timers.size
  }

  cut(): void {
    this.#on = false
    for (const release of this.#claims) release()
  }

  /** A machine without power answers nobody and writes nothing. */
  #guarded(storage: Storage): Storage {
    const guard = <T>(work: () => Promise<T>): Promise<T> =>
      this.#on ? work() : new Promise(() => undefined)
    return {
      read: (path, maxBytes) => guard(() => storage.read(path, maxBytes)),
      write: (path, bytes, mode) => guard(() => storage.write(path, bytes, mode)),
      remove: (path) => guard(() => storage.remove(path)),
      list: (path) => guard(() => storage.list(path)),
      makeDirectory: (path, mode) => guard(() => storage.makeDirectory(path, mode)),
    }
  }
}

/** Logs on a simulated machine. */

import type { Platform } from '../../../../runtime/platform/platform.ts'
import { seededRandom, simPlatform, World } from '../../../../runtime/platform/sim.ts'
import type { SimDisk } from '../../../../runtime/platform/sim-storage.ts'
import { type OpenedLog, openLog } from '../../../../src/log/index.ts'
import { Disk } from '../../../../src/testing/disk.ts'
import { turn } from '../../../support/until.ts'

export const directory = 'logs'

/** A machine whose disk takes its time and can lose its power. */
export class Machine {
  readonly files: SimDisk
  readonly disk: Disk
  readonly platform: Pick<Platform, 'storage' | 'turn'>
  readonly #world: World

  constructor(files: SimDisk, seed = 1, latencyMaxMs = 0) {
    this.files = files
    this.#world = new World(seed)
    const random = seededRandom(seed)
    this.disk = new Disk(files, {
      random,
      after: (ms, step) => void this.#world.after(ms, step),
      latencyMs: () => latencyMaxMs * random.unit(),
    })
    this.platform = { storage: this.disk, turn: simPlatform(this.#world).turn }
  }

  async open(name = 'store'): Promise<OpenedLog> {
    const log = await this.finish(openLog({ platform: this.platform, directory, name }))
    if (log.tag === 'error') throw new Error(`${log.reason}: ${log.message}`)
    return log
  }

  /** Runs the machine for `ms` of its time. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#world.nowMs + ms
    do await turn()
    while (this.#world.advance(endMs))
  }

  /** Runs it until `work` is done. */
  async finish<Result>(work: Promise<Result>): Promise<Result> {
    let finished = false
    const finish = (): void => {
      finished = true
    }
    void work.then(finish, finish)
    while (!finished) await this.pass(1)
    return work
  }
}

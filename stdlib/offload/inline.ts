/**
 * Tasks on the node's own thread, each in a later turn: what a pool does where no threads may be
 * started, above all in simulation. Arguments and results are copied and moved as between threads,
 * so that a program meets the same data in both.
 *
 * Difference from threads: a task that computes without awaiting cannot be interrupted, only left.
 */
import type { Platform } from '../../runtime/index.ts'
import { reasonOfThrown } from '../../runtime/kernel.ts'
import type { Executor, Work } from './executor.ts'
import { failure, messageOf, type OffloadResult, runTask } from './task.ts'

export class Inline implements Executor {
  readonly #module: object
  readonly #turn: Platform['turn']

  constructor(module: object, turn: Platform['turn']) {
    this.#module = module
    this.#turn = turn
  }

  run(work: Work): Promise<OffloadResult> {
    return new Promise((resolve) => {
      const leave = (): void => resolve(failure('aborted'))
      work.signal.addEventListener('abort', leave, { once: true })
      this.#turn.later(async () => {
        if (work.signal.aborted) return
        const result = await this.#run(work)
        work.signal.removeEventListener('abort', leave)
        resolve(result)
      })
    })
  }

  async close(): Promise<void> {
    // There is nothing to end: the pool has aborted what it began.
  }

  async #run({ task, arg, transfer }: Work): Promise<OffloadResult> {
    try {
      const copy: unknown = structuredClone(arg, { transfer: [...transfer] })
      const { result, moved } = await runTask(this.#module, task, copy)
      return structuredClone(result, { transfer: [...moved] })
    } catch (error) {
      if (!(error instanceof Error && error.name === 'DataCloneError')) {
        return failure(reasonOfThrown(error))
      }
      return failure({ tag: 'unsendable', message: messageOf(error) })
    }
  }
}

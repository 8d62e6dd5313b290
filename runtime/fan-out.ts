/**
 * Long fan-outs in bounded pieces: when a process or a node with very many links and monitors
 * ends, a turn fires a bounded number of them and the rest follow in later turns, in order, so
 * that the event loop is never held. Fan-outs run one after another.
 */
import { limits } from './limits.ts'
import type { Turn } from './platform/platform.ts'

type Job = { readonly steps: Iterator<() => void>; readonly done: () => void }

export class FanOut {
  readonly #turn: Turn
  readonly #jobs: Job[] = []
  #running = false

  constructor(turn: Turn) {
    this.#turn = turn
  }

  run(steps: Iterator<() => void>, done: () => void): void {
    this.#jobs.push({ steps, done })
    if (!this.#running) this.#work()
  }

  readonly #work = (): void => {
    this.#running = true
    try {
      for (let left = limits.fanOutPerTurn; left > 0 && this.#running; left--) this.#step()
    } finally {
      // Also after a step that threw: the others must still hear.
      if (this.#running) this.#turn.later(this.#work)
    }
  }

  #step(): void {
    const job = this.#jobs[0]
    if (job === undefined) {
      this.#running = false
      return
    }
    const step = job.steps.next()
    if (step.done) {
      this.#jobs.shift()
      job.done()
    } else step.value()
  }
}

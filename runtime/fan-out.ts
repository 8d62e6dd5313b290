/**
 * Long fan-outs in bounded pieces: when a process or a node with very many links and monitors
 * ends, a turn fires a bounded number of them and the rest follow in later turns, in order, so
 * that the event loop is never held. Fan-outs run one after another.
 */
import { limits } from './limits.ts'
import type { Turn } from './platform/platform.ts'

/** Work in pieces. */
export interface Job {
  /** Carries out the next piece. False when there was none left. */
  step(): boolean
}

/** Pieces told by a generator, for fan-outs too rare for a class of their own. */
class Steps implements Job {
  readonly #steps: Iterator<() => void>
  readonly #done: () => void

  constructor(steps: Iterator<() => void>, done: () => void) {
    this.#steps = steps
    this.#done = done
  }

  step(): boolean {
    const step = this.#steps.next()
    if (step.done) this.#done()
    else step.value()
    return step.done !== true
  }
}

export class FanOut {
  readonly #turn: Turn
  /** Those from `#head` on are to be done: taking from the front of a long array is linear. */
  #jobs: Job[] = []
  #head = 0
  #running = false

  constructor(turn: Turn) {
    this.#turn = turn
  }

  /** Nothing is being told, so that who is told out of turn overtakes nobody. */
  get idle(): boolean {
    return !this.#running
  }

  run(steps: Iterator<() => void>, done: () => void): void {
    this.runJob(new Steps(steps, done))
  }

  runJob(job: Job): void {
    this.#jobs.push(job)
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
    const job = this.#jobs[this.#head]
    if (job === undefined) {
      this.#running = false
      return
    }
    if (job.step()) return
    this.#head++
    if (this.#head * 2 < this.#jobs.length) return
    this.#jobs = this.#jobs.slice(this.#head)
    this.#head = 0
  }
}

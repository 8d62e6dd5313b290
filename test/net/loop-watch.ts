/**
 * How long turns hold the event loop. A timer that comes late may have waited for our own turn or
 * for the operating system, which had other processes to run; only processor time that was used
 * meanwhile is ours, so the lesser of both counts.
 */
import { createHistogram } from 'node:perf_hooks'

export type LoopHeld = { readonly p99Ms: number; readonly maxMs: number }

const everyMs = 5

export class LoopWatch {
  readonly #held = createHistogram()
  #lastMs = performance.now()
  #lastCpu = process.cpuUsage()

  constructor() {
    setInterval(() => this.#look(), everyMs).unref()
  }

  /** Since the last time it was asked. */
  take(): LoopHeld {
    this.#look()
    const { max } = this.#held
    const held = { p99Ms: this.#held.percentile(99) / 1000, maxMs: max / 1000 }
    this.#held.reset()
    return held
  }

  #look(): void {
    const nowMs = performance.now()
    const { user, system } = process.cpuUsage(this.#lastCpu)
    const heldMicros = Math.min((nowMs - this.#lastMs) * 1000, user + system)
    this.#held.record(Math.max(1, Math.round(heldMicros)))
    this.#lastMs = nowMs
    this.#lastCpu = process.cpuUsage()
  }
}

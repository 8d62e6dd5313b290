/** How late the event loop is: a timer of 1 ms, again and again, and by how much it was missed. */
import { quantile } from '../median.ts'
import { sharedNowMs } from './node.ts'

export type Lateness = { readonly p99Ms: number; readonly maxMs: number; readonly samples: number }

type Sample = { readonly atMs: number; readonly lateMs: number }

export class Probe {
  readonly #samples: Sample[] = []
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.#arm()
  }

  /** What came due between two moments of the shared clock. */
  between(fromMs: number, toMs: number): Lateness {
    const seen = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    const lateMs = seen.map((sample) => sample.lateMs)
    if (lateMs.length === 0) return { p99Ms: toMs - fromMs, maxMs: toMs - fromMs, samples: 0 }
    return { p99Ms: quantile(lateMs, 0.99), maxMs: Math.max(...lateMs), samples: lateMs.length }
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #arm(): void {
    const dueMs = sharedNowMs() + 1
    this.#timer = setTimeout(() => {
      const atMs = sharedNowMs()
      this.#samples.push({ atMs, lateMs: Math.max(0, atMs - dueMs) })
      this.#arm()
    }, 1)
  }
}

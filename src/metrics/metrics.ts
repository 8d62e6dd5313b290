/**
 * The figures of one node: counters and histograms, told apart by name and labels. One registry
 * per node, handed down to whoever counts; nothing is exported from here but plain data.
 *
 * Invariants: counting never throws and never grows without bound. Labels come from fixed sets or
 * from peers that are proven, never from what a stranger claims; should they become too many all
 * the same, the new ones are counted together, under `{ overflow: 'true' }`. Names are those of the
 * cluster spec, section 22, with the prefix `skein`.
 */
import { limits } from '../limits.ts'

export type MetricLabels = Readonly<Record<string, string>>

export type Metric =
  | {
      readonly kind: 'counter'
      readonly name: string
      readonly labels: MetricLabels
      readonly value: number
    }
  | {
      readonly kind: 'histogram'
      /** The unit is the last part of the name: `..._ms`. */
      readonly name: string
      readonly labels: MetricLabels
      readonly count: number
      readonly sum: number
      readonly max: number
      /** How many values were at most `upTo`, and above the bound before; the last has none. */
      readonly buckets: readonly { readonly upTo: number; readonly count: number }[]
    }

type Counter = Extract<Metric, { readonly kind: 'counter' }> & { value: number }

type Histogram = Omit<Extract<Metric, { readonly kind: 'histogram' }>, 'buckets'> & {
  count: number
  sum: number
  max: number
  readonly counts: number[]
}

const bounds: readonly number[] = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  Number.POSITIVE_INFINITY,
]
const overflow: MetricLabels = { overflow: 'true' }

export class Metrics {
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, Histogram>()

  /** Adds `by` to a counter, which begins at 0. */
  count(name: string, labels: MetricLabels = {}, by = 1): void {
    const [key, kept] = this.#keyOf(this.#counters, name, labels)
    const counter = this.#counters.get(key) ?? { kind: 'counter', name, labels: kept, value: 0 }
    counter.value += by
    this.#counters.set(key, counter)
  }

  /** Adds a value to a histogram. */
  record(name: string, labels: MetricLabels, value: number): void {
    const [key, kept] = this.#keyOf(this.#histograms, name, labels)
    const known = this.#histograms.get(key)
    const histogram: Histogram = known ?? {
      kind: 'histogram',
      name,
      labels: kept,
      count: 0,
      sum: 0,
      max: 0,
      counts: bounds.map(() => 0),
    }
    histogram.count++
    histogram.sum += value
    histogram.max = Math.max(histogram.max, value)
    const at = bounds.findIndex((bound) => value <= bound)
    if (at >= 0) histogram.counts[at]!++
    this.#histograms.set(key, histogram)
  }

  /** A copy of all figures: counters, then histograms, each in the order of their first use. */
  read(): readonly Metric[] {
    const counters = [...this.#counters.values()].map((counter) => ({ ...counter }))
    return [...counters, ...[...this.#histograms.values()].map(shown)]
  }

  /** The series to add to, and its labels: those of the overflow when there are too many. */
  #keyOf(
    series: ReadonlyMap<string, unknown>,
    name: string,
    labels: MetricLabels,
  ): readonly [string, MetricLabels] {
    const key = keyOf(name, labels)
    const held = this.#counters.size + this.#histograms.size
    if (series.has(key) || held < limits.metricSeriesMax) return [key, labels]
    return [keyOf(name, overflow), overflow]
  }
}

function shown({ counts, ...histogram }: Histogram): Metric {
  return { ...histogram, buckets: bounds.map((upTo, at) => ({ upTo, count: counts[at] ?? 0 })) }
}

function keyOf(name: string, labels: MetricLabels): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}

/** The name of a series, from one in camelCase. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

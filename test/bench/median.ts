/** Statistics of rounds and of what was seen within one: middle, spread, quantiles. Pure. */

/** The middle value; the mean of the two middle ones when there is an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: no values')
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half]!
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2
}

/** (max - min) / median: 0 when all rounds agree. */
export function spread(values: readonly number[]): number {
  const range = Math.max(...values) - Math.min(...values)
  return range === 0 ? 0 : range / Math.abs(median(values))
}

/** The least value that at least the share `q` of all values do not exceed (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('quantile: no values')
  if (!(q > 0 && q <= 1)) throw new RangeError(`quantile: expected a share above 0, got ${q}`)
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(q * sorted.length) - 1]!
}

/**
 * Work for threads: plain functions of a module of its own, which runs there without any of the
 * program around it.
 */
import type { TaskContext } from 'skein'

/** How many primes there are below `limit`. */
export function countPrimes(limit: number): number {
  const composite = new Uint8Array(limit)
  let primes = 0
  for (let n = 2; n < limit; n++) {
    if (composite[n] === 1) continue
    primes += 1
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1
  }
  return primes
}

/** The values divided by their greatest; the result is moved back, not copied. */
export function normalize(values: Float64Array, context: TaskContext): Float64Array {
  const greatest = values.reduce((most, value) => Math.max(most, value), 0)
  const result = values.map((value) => value / greatest)
  context.transfer(result.buffer)
  return result
}

/** Looks for something that does not exist, and never gives up. */
export function searchForever(): never {
  for (let n = 3; ; n += 2) if (n % 2 === 0) break
  throw new Error('an odd number was even')
}

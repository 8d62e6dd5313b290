/** How replicas behave, all of a node alike. */
import { BadArgument } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'

export type ReplicaOptions = {
  /** Compare with a random neighbour so often, +-25 %; 0: only with new ones. Default 30,000. */
  readonly antiEntropyMs: number
  /** One author is asked no more often. Default 100. */
  readonly pullEveryMs: number
  /** An author that is silent for so long while it is asked is asked again later. Default 5,000. */
  readonly pullTimeoutMs: number
  /** Own changes are told no more often; the first one at once. Default 10. */
  readonly flushEveryMs: number
}

const defaults: ReplicaOptions = {
  antiEntropyMs: 30_000,
  pullEveryMs: 100,
  pullTimeoutMs: 5_000,
  flushEveryMs: 10,
}

/**
 * The default options with some replaced. Throws `BadArgument`, naming the field and what was
 * given, for a field that is unknown, no whole number or out of range.
 */
export function replicaOptions(given: Partial<ReplicaOptions>): ReplicaOptions {
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, field)) throw new BadArgument(`replica: unknown option '${field}'`)
    const min = field === 'antiEntropyMs' ? 0 : 1
    const max = limits.optionMaxMs
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      const expected = `expected a whole number of at most ${max} and at least ${min}`
      throw new BadArgument(`replica: ${field}: ${expected}, got ${show(value)}`)
    }
  }
  return { ...defaults, ...given }
}

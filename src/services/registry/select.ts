/**
 * Which of several instances is taken. Pure but for the choice of the program itself: chance and
 * the figures of the paths are handed in.
 */
import { BadArgument } from '../../../runtime/index.ts'
import { show } from '../../../runtime/kernel.ts'
import type { Instance } from './instance.ts'

/**
 * `local`: this node's own, else the first in the stable order. `random`: any, with equal chances.
 * `nearest`: by the round trip to its node, this node's own first; where none is known, `local`.
 * A function gets all instances, at least one, in the stable order; with undefined it takes none.
 */
export type Prefer =
  | 'local'
  | 'random'
  | 'nearest'
  | ((instances: readonly Instance[]) => Instance | undefined)

export type SelectEnv = {
  readonly node: string
  /** Uniform in [0, 1). */
  readonly unit: () => number
  /** Undefined without a path to that node. */
  readonly roundTripMs: (node: string) => number | undefined
}

/** Throws `BadArgument` for what is no preference. */
export function checkPrefer(prefer: unknown): asserts prefer is Prefer {
  const isKnown = prefer === 'local' || prefer === 'random' || prefer === 'nearest'
  if (isKnown || typeof prefer === 'function') return
  const expected = `'local', 'random', 'nearest' or a function`
  throw new BadArgument(`prefer: expected ${expected}, got ${show(prefer)}`)
}

/**
 * The instance to take; undefined when there is none. Throws what the program's function throws,
 * and `BadArgument` when it gives what it was not given.
 */
export function select(
  prefer: Prefer,
  instances: readonly Instance[],
  env: SelectEnv,
): Instance | undefined {
  if (instances.length === 0) return undefined
  if (prefer === 'random') return instances[Math.floor(env.unit() * instances.length)]
  if (prefer === 'nearest') return nearest(instances, env)
  if (prefer === 'local') return instances[0]
  const chosen = prefer(instances)
  if (chosen === undefined || instances.includes(chosen)) return chosen
  throw new BadArgument(`prefer: expected one of the instances it was given, got ${show(chosen)}`)
}

function nearest(
  instances: readonly Instance[],
  { node, roundTripMs }: SelectEnv,
): Instance | undefined {
  let best: Instance | undefined
  let bestMs = Number.POSITIVE_INFINITY
  for (const instance of instances) {
    const ms = instance.node === node ? -1 : (roundTripMs(instance.node) ?? Number.NaN)
    // Not true of what is unknown.
    if (!(ms < bestMs)) continue
    best = instance
    bestMs = ms
  }
  return best ?? instances[0]
}

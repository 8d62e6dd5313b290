/**
 * A target: one way into the node, fed with mutated recordings. It tells what it reached, so that a
 * run which never got past the first check does not count, and throws for what must not be: a
 * decoder that throws, or breaks what it promises.
 */
import type { Random } from '../../runtime/platform/platform.ts'

export type Trial = {
  /** The input was cut into whole frames: what came after was the decoders' to refuse. */
  readonly passedFraming: boolean
}

export type Target = {
  readonly name: string
  /** All that a run of enough inputs must reach. */
  readonly required: readonly string[]
  /** Draws one input and feeds it; `reach` counts what it led to. Throws for a fault. */
  readonly tryOne: (random: Random, reach: (what: string) => void) => Trial | Promise<Trial>
}

/** A promise of the code under test that did not hold. */
export function broken(promise: string, input: Uint8Array): Error {
  const hex = Buffer.from(input.subarray(0, 200)).toString('hex')
  return new Error(`${promise}; input ${hex}${input.length > 200 ? '...' : ''}`)
}

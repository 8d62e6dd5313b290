/**
 * How long a backend that does not answer is still asked, as a rule: after `discoveryTimeoutsMax`
 * timeouts in a row it rests for `discoveryRestMs`, so that one that hangs does not slow down every
 * lookup, nor pile up work it never finishes. Any answer, a late or a bad one too, ends the series.
 */
import { limits } from '../limits.ts'

export type Patience = { readonly timeouts: number; readonly restUntilMs: number }

export const fresh: Patience = { timeouts: 0, restUntilMs: Number.NEGATIVE_INFINITY }

export function isResting({ restUntilMs }: Patience, nowMs: number): boolean {
  return nowMs < restUntilMs
}

export function afterTimeout({ timeouts }: Patience, nowMs: number): Patience {
  if (timeouts + 1 < limits.discoveryTimeoutsMax) return { ...fresh, timeouts: timeouts + 1 }
  // Asked again after its rest, it has one try.
  return { timeouts, restUntilMs: nowMs + limits.discoveryRestMs }
}

/**
 * How far a node trusts itself: Lifeguard's local health (section IV), fed by what a node can see
 * of its own slowness. The score lengthens its probes; and the time in which its loop stood still
 * does not count against anybody, since a refutation may be waiting unread for just that long.
 *
 * Invariant: `attendedMs` never goes back and never runs faster than the clock. A stretch of
 * absence counts once, however many timers were late by it.
 */
import type { VerdictOptions } from './options.ts'

export type Health = {
  /** 0: healthy; at most `localHealthMax`. */
  readonly score: number
  /** Time in which our own loop stood still, in all. */
  readonly absentMs: number
  /** Until when absence has been counted. */
  readonly countedMs: number
}

export const goodHealth: Health = {
  score: 0,
  absentMs: 0,
  countedMs: Number.NEGATIVE_INFINITY,
}

/** The clock by which suspicions run: it stands while we do. */
export function attendedMs({ absentMs }: Health, nowMs: number): number {
  return nowMs - absentMs
}

/** Something happens at `nowMs` that was due `lateMs` earlier. */
export function attend(
  health: Health,
  { nowMs, lateMs }: { readonly nowMs: number; readonly lateMs: number },
  options: VerdictOptions,
): Health {
  const absentMs = Math.min(lateMs, nowMs - health.countedMs)
  if (!options.localHealth || absentMs < options.lagThresholdMs) return health
  const worse = 1 + Math.floor(Math.log2(absentMs / options.lagThresholdMs))
  const sick = scored(health, worse, options)
  return { ...sick, absentMs: health.absentMs + absentMs, countedMs: nowMs }
}

/** The score moves by so much, within its bounds. */
export function scored(health: Health, by: number, options: VerdictOptions): Health {
  if (!options.localHealth) return health
  const score = Math.max(0, Math.min(options.localHealthMax, health.score + by))
  return score === health.score ? health : { ...health, score }
}

/** How long the answer to a probe is waited for. */
export function probeWaitMs({ score }: Health, { probeTimeoutMs }: VerdictOptions): number {
  return probeTimeoutMs * (1 + score)
}

/**
 * How long a suspicion lasts among so many live members once `confirmations` others share it
 * (Lifeguard, section III-B): from beta * min with none, down to min with `options.confirmations`,
 * each one counting less than the one before. Where too few members are left to confirm anything it
 * is min at once.
 */
export function suspicionMs(
  members: number,
  confirmations: number,
  options: VerdictOptions,
): number {
  const { suspicionAlpha, suspicionBeta, probeIntervalMs } = options
  const least = suspicionAlpha * Math.max(1, Math.log10(Math.max(1, members))) * probeIntervalMs
  const wanted = Math.min(options.confirmations, members - 2)
  if (wanted < 1) return least
  const share = Math.log(Math.min(confirmations, wanted) + 1) / Math.log(wanted + 1)
  return least * (suspicionBeta - (suspicionBeta - 1) * share)
}

/**
 * When an interval ticks, pure: at whole multiples of its period after its start, so that lateness
 * never adds up. Ticks missed while the event loop was held are left out, not made up for: one late
 * tick comes, and the next is on its mark again. (OTP sends all that were missed, in one burst.)
 */
export type Interval = { readonly startMs: number; readonly everyMs: number }

/** The tick after `tick`, as seen at `nowMs`: its number and its moment, which lies ahead. */
export function tickAfter(
  { startMs, everyMs }: Interval,
  tick: number,
  nowMs: number,
): { readonly tick: number; readonly dueMs: number } {
  const passed = Math.floor((nowMs - startMs) / everyMs)
  const next = Math.max(tick, passed) + 1
  return { tick: next, dueMs: startMs + next * everyMs }
}

/**
 * Restart intensity (rules V8, V9), pure: more than `intensity` restarts within `periodMs` and the
 * supervisor gives up. Each attempt counts once, a group restart too. OTP keeps the times in a
 * list it walks at every restart; here at most `intensity + 1` times are kept. Milliseconds,
 * inclusive, where OTP counts whole seconds.
 */
export type Restarts = readonly number[]

/** The times after one more restart at `nowMs`, and whether that was one too many. */
export function addRestart(
  restarts: Restarts,
  nowMs: number,
  intensity: number,
  periodMs: number,
): { readonly restarts: Restarts; readonly exceeded: boolean } {
  const recent = restarts.filter((atMs) => nowMs - atMs <= periodMs)
  recent.push(nowMs)
  return { restarts: recent, exceeded: recent.length > intensity }
}

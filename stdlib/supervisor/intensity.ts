/**
 * Restart intensity (rules V8, V9), pure: more than `intensity` restarts within `periodMs` and the
 * supervisor gives up. Each attempt counts once, a group restart too. Milliseconds, inclusive,
 * where OTP counts whole seconds.
 *
 * OTP keeps the times in a list it walks at every restart, which makes a storm of n restarts cost
 * n². Here they are a queue of two lists: counting one costs the same however many there are. At
 * most `intensity + 1` times are kept.
 */
type Time = { readonly atMs: number; readonly next: Time | null }

export type Restarts = {
  readonly length: number
  /** Oldest first. */
  readonly old: Time | null
  /** Newest first, all later than those in `old`. */
  readonly recent: Time | null
}

export const noRestarts: Restarts = Object.freeze({ length: 0, old: null, recent: null })

/** The times after one more restart at `nowMs`, and whether that was one too many. */
export function addRestart(
  restarts: Restarts,
  nowMs: number,
  intensity: number,
  periodMs: number,
): { readonly restarts: Restarts; readonly exceeded: boolean } {
  let { old } = restarts
  let recent: Time | null = { atMs: nowMs, next: restarts.recent }
  let length = restarts.length + 1
  for (;;) {
    if (old === null) {
      old = reversed(recent)
      recent = null
    }
    // The newest is never too old, so that the queue does not run empty here.
    if (old === null || nowMs - old.atMs <= periodMs) break
    old = old.next
    length--
  }
  return { restarts: { length, old, recent }, exceeded: length > intensity }
}

function reversed(times: Time | null): Time | null {
  let result: Time | null = null
  for (let time = times; time !== null; time = time.next) {
    result = { atMs: time.atMs, next: result }
  }
  return result
}

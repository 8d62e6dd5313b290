/** Waiting for conditions, never for time: the harness's deadline ends a wait in vain. */
import type { World } from '../../runtime/platform/sim.ts'

const pollMs = 1

/** Lets the event loop turn until `condition` holds. Throws after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean,
  timeoutMs = 9000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Advances virtual time until `condition` holds. Throws when nothing is left to happen. */
export async function untilIn(world: World, what: string, condition: () => boolean): Promise<void> {
  await turn()
  while (!condition()) {
    // A condition may wait for calm, which no timer brings about.
    if (!world.advance()) world.after(pollMs, () => undefined)
    if (world.nowMs > virtualMaxMs) throw new Error(`in vain: ${what}`)
    await turn()
  }
}

/** Virtual time by which every condition of a test must have come true. */
const virtualMaxMs = 3_600_000

/** Lets all promise continuations run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

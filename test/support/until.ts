/** Waiting for conditions, in real and in virtual time. */
import type { World } from '../../runtime/platform/sim.ts'

const pollMs = 1
/** Virtual time by which every condition of a test must have come true. */
const virtualMaxMs = 3_600_000

/** Waits until `condition` holds. Rejects, naming `what`, after `timeoutMs`. */
export function until(what: string, condition: () => boolean, timeoutMs = 9000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearInterval(poll)
      finish()
    }
    const look = (): void => {
      try {
        if (condition()) settle(resolve)
        else if (performance.now() > endMs) settle(() => reject(new Error(`in vain: ${what}`)))
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const poll = setInterval(look, pollMs)
  })
}

/** Advances virtual time until `condition` holds. Rejects, naming `what`, after an hour of it. */
export async function untilIn(world: World, what: string, condition: () => boolean): Promise<void> {
  await turn()
  while (!condition()) {
    // A condition may wait for calm, which no timer brings about.
    if (!world.advance()) world.after(pollMs, () => undefined)
    if (world.nowMs > virtualMaxMs) throw new Error(`in vain: ${what}`)
    await turn()
  }
}

/** Lets all promise continuations run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

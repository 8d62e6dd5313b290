/**
 * Runs one callback of an event handler and gives what came of it as a value: the manager and the
 * other handlers live on whatever it does. An outcome that is thrown counts as returned, as for
 * servers. A promise that takes longer than the limit is a failure, and what it says later is not
 * heard: one handler cannot hold the others up for ever.
 */
import type { Reason, Self } from '../../runtime/index.ts'
import { type Process, processOfSelf, reasonOfThrown } from '../../runtime/kernel.ts'
import { isEventOutcome } from './outcome.ts'

export type Ran =
  | { readonly tag: 'returned'; readonly value: unknown }
  | { readonly tag: 'failed'; readonly reason: Reason }

/** Gives a promise only where the callback did. */
export function attempt(self: Self, limitMs: number, work: () => unknown): Ran | Promise<Ran> {
  let value: unknown
  try {
    value = work()
  } catch (thrown) {
    return ofThrown(thrown)
  }
  if (!(value instanceof Promise)) return { tag: 'returned', value }
  return within(processOfSelf(self), limitMs, value)
}

/** Never settles once the process has ended: nothing of it runs then. */
function within(process: Process, limitMs: number, pending: Promise<unknown>): Promise<Ran> {
  return new Promise((resolve) => {
    const settle = (ran: Ran): void => {
      timeout?.cancel()
      if (process.alive) resolve(ran)
    }
    const timeout =
      limitMs === Number.POSITIVE_INFINITY
        ? null
        : process.system.timeouts.add(limitMs, () => settle({ tag: 'failed', reason: 'timeout' }))
    pending.then(
      (value: unknown) => settle({ tag: 'returned', value }),
      (thrown: unknown) => settle(ofThrown(thrown)),
    )
  })
}

function ofThrown(thrown: unknown): Ran {
  if (isEventOutcome(thrown)) return { tag: 'returned', value: thrown }
  return { tag: 'failed', reason: reasonOfThrown(thrown) }
}

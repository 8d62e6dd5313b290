/**
 * Draining: when the operator asks the program to end (SIGTERM, SIGINT) its node stops in order,
 * as `stop` does, and the program ends by itself because nothing keeps it alive. Bounded: a node
 * that has not drained after `limits.drainMaxMs` is ended, and a second request does so at once
 * with the exit code of a shell for that signal.
 */
import type { System } from '../../runtime/kernel.ts'
import { limits } from '../limits.ts'

/** What a shell gives for a program that a signal ended: 128 and its number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Returns the function that gives the signals back; call it when the node has stopped. */
export function drainOnSignals(system: System, stop: () => Promise<void>): () => void {
  const { platform, trace } = system
  let draining = false
  return platform.onEndRequest((signal) => {
    if (draining) {
      platform.endNow(exitCodes[signal])
      return
    }
    draining = true
    trace.log('info', 'the node drains', { signal })
    const overdue = platform.clock.after(limits.drainMaxMs, () => {
      trace.log('error', 'the node has not drained in time', { afterMs: limits.drainMaxMs })
      platform.endNow(1)
    })
    stop().then(
      () => platform.clock.cancel(overdue),
      (error: unknown) => {
        trace.log('error', 'the node could not drain', { error })
        platform.endNow(1)
      },
    )
  })
}

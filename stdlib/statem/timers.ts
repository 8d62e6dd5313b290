/**
 * The timers of a state machine's process, by the id the engine gave each. When one fires its
 * expiry goes through the mailbox, behind the mail that is there, as OTP's does; the engine tells
 * whether it still counts. All of them end with the process.
 */
import { deliver, type Process } from '../../runtime/kernel.ts'
import type { TimerAction } from './timeouts.ts'

/** Lies in the mailbox when a timer has fired. */
export class Expired {
  readonly tag = 'expired'
  readonly key: string
  readonly id: number

  constructor(key: string, id: number) {
    this.key = key
    this.id = id
  }
}

export class OwnTimers {
  readonly #process: Process
  /** How to stop each that runs. */
  readonly #running = new Map<number, () => void>()

  constructor(process: Process) {
    this.#process = process
  }

  /** False when the node has no timer left (`limits.timersMax`). */
  arm({ key, id, by, ms }: Extract<TimerAction, { readonly tag: 'arm' }>): boolean {
    const { timers, platform } = this.#process.system
    const delayMs = by === 'after' ? ms : Math.max(0, ms - platform.clock.now())
    const timer = timers.set(delayMs, () => {
      this.#running.delete(id)
      deliver(this.#process, new Expired(key, id))
    })
    if (timer === undefined) return false
    this.#running.set(id, () => timers.cancel(timer))
    return true
  }

  disarm(id: number): void {
    this.#running.get(id)?.()
    this.#running.delete(id)
  }

  stop(): void {
    for (const cancel of this.#running.values()) cancel()
    this.#running.clear()
  }
}

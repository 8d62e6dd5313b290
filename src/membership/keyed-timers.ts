/**
 * Timers of a process by name, for rules whose timers are plain data; setting one replaces it.
 *
 * Invariant: a timer that was replaced or cancelled is not due any more, also when its message was
 * in the mailbox already.
 */
import type { Reference, Self } from '../../runtime/index.ts'

type Due = { readonly tag: '$due'; readonly key: string; readonly serial: number }
type Running<Timer> = { readonly ref: Reference; readonly serial: number; readonly timer: Timer }

export class KeyedTimers<Timer> {
  readonly #self: Self
  readonly #running = new Map<string, Running<Timer>>()
  #serial = 0

  constructor(self: Self) {
    this.#self = self
  }

  set(key: string, timer: Timer, afterMs: number): void {
    this.cancel(key)
    const serial = ++this.#serial
    const due: Due = { tag: '$due', key, serial }
    const ref = this.#self.sendAfter(Math.max(0, afterMs), this.#self.pid, due)
    this.#running.set(key, { ref, serial, timer })
  }

  cancel(key: string): void {
    const running = this.#running.get(key)
    if (running === undefined) return
    this.#self.cancelTimer(running.ref)
    this.#running.delete(key)
  }

  /** The timer that `message` says is due; undefined for any other message. */
  due(message: unknown): Timer | undefined {
    if (!isDue(message)) return undefined
    const running = this.#running.get(message.key)
    if (running === undefined || running.serial !== message.serial) return undefined
    this.#running.delete(message.key)
    return running.timer
  }
}

function isDue(message: unknown): message is Due {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$due'
  )
}

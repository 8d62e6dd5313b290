/**
 * Calls to backends, whose code is the user's or waits for a disk or a network: none throws, none
 * takes longer than `discoveryBackendTimeoutMs`, and one that hangs again and again is left alone
 * for a while (`patience.ts`).
 */
import { show } from '../../runtime/kernel.ts'
import type { Clock } from '../../runtime/platform/platform.ts'
import { limits } from '../limits.ts'
import type { BackendEnv, DiscoveryBackend } from './backend.ts'
import { afterTimeout, fresh, isResting, type Patience } from './patience.ts'

/** A backend at its place in the chain. */
export class Seat {
  readonly backend: DiscoveryBackend
  patience: Patience = fresh

  constructor(backend: DiscoveryBackend) {
    this.backend = backend
  }
}

/** `failed`: it threw, was late, gave nonsense or is not asked at present; the log has said so. */
export type Outcome<T> = { readonly tag: 'ok'; readonly value: T } | { readonly tag: 'failed' }

const failed = { tag: 'failed' } as const

export class Calls {
  readonly #clock: Clock
  readonly #log: BackendEnv['log']
  /** What ends the calls under way. */
  readonly #running = new Set<() => void>()
  #closed = false

  constructor(clock: Clock, log: BackendEnv['log']) {
    this.#clock = clock
    this.#log = log
  }

  /**
   * Does `work`, a call of the method `what`, and has what it gives read by `read`, which throws
   * for nonsense. What is there at once is given at once.
   */
  ask<T>(
    seat: Seat,
    what: string,
    work: () => unknown,
    read: (given: unknown) => T,
  ): Outcome<T> | Promise<Outcome<T>> {
    if (this.#closed || isResting(seat.patience, this.#clock.now())) return failed
    try {
      const given = work()
      if (!isThenable(given)) return { tag: 'ok', value: read(given) }
      return this.#wait(seat, what, Promise.resolve(given).then(read))
    } catch (error) {
      return this.#failure(seat, what, error)
    }
  }

  /** Ends what is under way; from now on nothing is asked. */
  close(): void {
    this.#closed = true
    for (const end of this.#running) end()
  }

  #wait<T>(seat: Seat, what: string, given: Promise<T>): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const settle = (outcome: () => Outcome<T>): void => {
        if (!this.#running.delete(abandon)) return
        this.#clock.cancel(timer)
        resolve(outcome())
      }
      const abandon = (): void => settle(() => failed)
      const timer = this.#clock.after(limits.discoveryBackendTimeoutMs, () =>
        settle(() => this.#timeout(seat, what)),
      )
      this.#running.add(abandon)
      given.then(
        (value) => {
          seat.patience = fresh
          settle(() => ({ tag: 'ok', value }))
        },
        (error: unknown) => {
          seat.patience = fresh
          settle(() => this.#failure(seat, what, error))
        },
      )
    })
  }

  #timeout(seat: Seat, what: string): typeof failed {
    const nowMs = this.#clock.now()
    seat.patience = afterTimeout(seat.patience, nowMs)
    this.#log('warning', 'discovery backend did not answer', {
      backend: seat.backend.name,
      what,
      ...(isResting(seat.patience, nowMs) && { restsMs: limits.discoveryRestMs }),
    })
    return failed
  }

  #failure(seat: Seat, what: string, error: unknown): typeof failed {
    const detail = error instanceof Error ? error.message : show(error)
    this.#log('warning', 'discovery backend failed', { backend: seat.backend.name, what, detail })
    return failed
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

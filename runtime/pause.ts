/**
 * Waiting of callback processes: while a promise is pending the process is busy and its mail waits.
 * A process waits for one promise at a time, so that the two functions it hands to promises are
 * made once in its life and not at every wait.
 */
import { crash } from './crash.ts'
import { BUSY, type Process } from './process.ts'
import type { Request } from './request.ts'

/** What goes on with the process afterwards. What it throws ends the process. */
export interface Continuation {
  proceed(value: unknown, serving: Request | null): void
  fail(error: unknown, serving: Request | null): void
}

const nothingMore: Continuation = {
  proceed: () => undefined,
  fail: (error) => {
    throw error
  },
}

export class Pause {
  readonly #process: Process
  /** The call it is about: if the process ends meanwhile, its caller hears why. */
  serving: Request | null = null
  #then: Continuation = nothingMore

  constructor(process: Process) {
    this.#process = process
  }

  wait(pending: Promise<unknown>, then: Continuation, serving: Request | null): void {
    this.#then = then
    this.serving = serving
    pending.then(this.#proceed, this.#fail)
  }

  readonly #proceed = (value: unknown): void => {
    const { serving } = this
    const then = this.#resume()
    try {
      then.proceed(value, serving)
    } catch (error) {
      crash(this.#process, error)
    }
    this.#next()
  }

  readonly #fail = (error: unknown): void => {
    const { serving } = this
    const then = this.#resume()
    try {
      then.fail(error, serving)
    } catch (thrown) {
      crash(this.#process, thrown)
    }
    this.#next()
  }

  #resume(): Continuation {
    this.#process.flags &= ~BUSY
    const then = this.#then
    this.#then = nothingMore
    this.serving = null
    return then
  }

  /** Mail may have come meanwhile; the continuation may have begun another wait. */
  #next(): void {
    const process = this.#process
    if (process.hasMail && (process.flags & BUSY) === 0) process.system.scheduler.wake(process)
  }
}

/**
 * Holds the mail of a callback process back until `pending` settles and `then` has had it, together
 * with `serving`, the call it is about.
 */
export function waitFor(
  process: Process,
  pending: Promise<unknown>,
  then: Continuation = nothingMore,
  serving: Request | null = null,
): void {
  process.flags |= BUSY
  process.pause ??= new Pause(process)
  process.pause.wait(pending, then, serving)
}

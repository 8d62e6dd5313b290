/**
 * Selective receive (rules R1 to R6): the oldest message that matches, the rest stay in order; a
 * timeout runs from entry; mail already there wins over it. A match in the mailbox is returned
 * without a promise, which is why the result is typed `Awaitable`: `await` it and do nothing else.
 *
 * A predicate must be pure. Two receives at once in one process are a mistake and throw.
 */
import { checkSignal, checkTimeout } from './check.ts'
import { BadArgument, Exit } from './exit.ts'
import { empty } from './mailbox.ts'
import type { Process } from './process.ts'
import { disarm, type Timed } from './timeouts.ts'

/** A value or a promise of it, to be awaited at once. */
export type Awaitable<T> = T | Promise<T>

export type ReceiveOptions<T = never> = {
  /**
   * Milliseconds to wait, 0 to 2^32-1; absent or Infinity: for ever. When they pass without a
   * match the receive gives `otherwise` if present, and throws `Exit('timeout')` if not.
   */
  readonly timeoutMs?: number
  readonly otherwise?: T
  /**
   * Gives the receive up when it is aborted: it throws `Exit('aborted')`, at once and whatever mail
   * there is when it has been aborted before.
   */
  readonly signal?: AbortSignal
}

export function receive<T, O>(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<O> | undefined,
): Awaitable<T | O> {
  checkReceive(process, options)
  const message = matches === null ? process.shift() : process.take(matches, false)
  if (message !== empty) {
    if (process.system.scheduler.charge()) {
      const { turnWatch } = process.system
      return turnWatch === null ? (message as T) : turnWatch.settled(process, message as T)
    }
    return new Promise((resolve) => {
      process.system.platform.turn.later(() => {
        if (process.alive) resolve(message as T)
      })
    })
  }
  if (options?.timeoutMs === 0) return otherwise<O>(options)
  return new Promise<T | O>((resolve, reject) => {
    const settle = resolve as (message: unknown) => void
    const settled = process.system.turnWatch?.settling(process, settle) ?? settle
    park(process, matches, options, settled, reject, true)
  })
}

/** A body parked in `receive`, waiting for mail. */
export class Waiter implements Timed {
  readonly process: Process
  readonly matches: ((message: unknown) => boolean) | null
  readonly options: ReceiveOptions<unknown> | undefined
  readonly resolve: (message: unknown) => void
  readonly reject: (error: unknown) => void
  /** May be resolved from a sender's stack: true for promises, false for generators. */
  readonly direct: boolean
  earlier: Timed | null = null
  later: Timed | null = null

  constructor(
    process: Process,
    matches: ((message: unknown) => boolean) | null,
    options: ReceiveOptions<unknown> | undefined,
    resolve: (message: unknown) => void,
    reject: (error: unknown) => void,
    direct: boolean,
  ) {
    this.process = process
    this.matches = matches
    this.options = options
    this.resolve = resolve
    this.reject = reject
    this.direct = direct
    options?.signal?.addEventListener('abort', this)
  }

  /** It waits no more, whatever the reason. */
  leave(): void {
    disarm(this)
    this.options?.signal?.removeEventListener('abort', this)
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.leave()
    if (this.process.waiter !== this) return
    this.process.waiter = null
    this.reject(new Exit('aborted', 'receive'))
  }

  /** Gives the body the oldest new message that matches; false when there is none. */
  look(): boolean {
    const { process, matches } = this
    let message: unknown
    try {
      message = matches === null ? process.shift() : process.take(matches, true)
    } catch (error) {
      process.waiter = null
      this.leave()
      this.reject(error)
      return true
    }
    if (message === empty) return false
    process.waiter = null
    this.leave()
    this.resolve(message)
    return true
  }

  /**
   * Gives the body a message that has just come, all mail before it having been looked at. False
   * when it does not match: the caller then puts it away.
   */
  offer(message: unknown): boolean {
    const { process, matches } = this
    // What a predicate does to this process must find nobody waiting.
    process.waiter = null
    if (matches !== null) {
      try {
        if (!matches(message)) {
          if (process.alive && process.waiter === null) process.waiter = this
          return !process.alive
        }
      } catch (error) {
        process.push(message)
        this.leave()
        this.reject(error)
        return true
      }
    }
    this.leave()
    if (process.alive) this.resolve(message)
    return true
  }

  expire(): void {
    // Mail that lies there already wins, also when its turn has yet to come (rule R5).
    if (this.process.waiter !== this || this.look()) return
    this.process.waiter = null
    this.leave()
    try {
      this.resolve(otherwise(this.options))
    } catch (error) {
      this.reject(error)
    }
  }
}

/** Leaves a waiter behind, which `deliver`, `dispatch` or the timeout will settle. */
export function park<O>(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<O> | undefined,
  resolve: (message: unknown) => void,
  reject: (error: unknown) => void,
  direct: boolean,
): void {
  const waiter = new Waiter(process, matches, options, resolve, reject, direct)
  process.waiter = waiter
  const timeoutMs = options?.timeoutMs ?? Number.POSITIVE_INFINITY
  if (timeoutMs !== Number.POSITIVE_INFINITY) process.system.timeouts.arm(timeoutMs, waiter)
}

export function otherwise<O>(options: ReceiveOptions<O> | undefined): O {
  if (options !== undefined && 'otherwise' in options) return options.otherwise as O
  throw new Exit('timeout', 'receive')
}

export function checkReceive(process: Process, options: ReceiveOptions<unknown> | undefined): void {
  if (process.waiter !== null) {
    throw new BadArgument('receive: this process is already waiting in another receive')
  }
  const timeoutMs = options?.timeoutMs
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs)
  const signal = options?.signal
  if (signal === undefined) return
  checkSignal('signal', signal)
  if (signal.aborted) throw new Exit('aborted', 'receive')
}

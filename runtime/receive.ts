/**
 * Selective receive (rules R1 to R6): the oldest message that matches, the rest stay in order; a
 * timeout runs from entry; mail already there wins over it. A match in the mailbox is returned
 * without a promise, which is why the result is typed `Awaitable`: `await` it and do nothing else.
 *
 * A predicate must be pure. Two receives at once in one process are a mistake and throw.
 */
import { checkOptions, checkSignal, checkTimeout, show } from './check.ts'
import { BadArgument, Exit } from './exit.ts'
import { isEmpty } from './mailbox.ts'
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

const receiveOptions: readonly string[] = ['timeoutMs', 'otherwise', 'signal']

export function receive<T, O>(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<O> | undefined,
): Awaitable<T | O> {
  checkReceive(process, matches, options)
  const message = matches === null ? process.shift() : process.take(matches, false)
  if (!isEmpty(message)) return given(process, message as T)
  if (options?.timeoutMs === 0) return otherwise<O>(options)
  return parked<T | O>(process, matches, options)
}

// Apart from `receive`, whose variables would else live on the heap for the closures' sake.
function given<T>(process: Process, message: T): Awaitable<T> {
  const { scheduler, turnWatch } = process.system
  if (!scheduler.charge()) return givenLater(process, message)
  return turnWatch === null ? message : turnWatch.settled(process, message)
}

function givenLater<T>(process: Process, message: T): Promise<T> {
  return new Promise((resolve) => {
    process.system.platform.turn.later(() => {
      if (process.alive) resolve(message)
    })
  })
}

function parked<T>(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<unknown> | undefined,
): Promise<T> {
  const { settlers, turnWatch } = process.system
  const answer = new Promise<unknown>(settlers.capture)
  const resolve = settlers.take()
  const settled = turnWatch === null ? resolve : turnWatch.settling(process, resolve)
  park(process, matches, options, settled, rejected)
  return answer as Promise<T>
}

/** Settles a promise by its `resolve` alone: its `reject` would be kept by every parked body. */
function rejected(error: unknown): unknown {
  return Promise.reject(error)
}

/** A body parked in `receive`, waiting for mail. There is one for every idle process. */
export class Waiter {
  readonly process: Process
  readonly matches: ((message: unknown) => boolean) | null
  readonly resolve: (message: unknown) => void
  /** What to resolve with in place of a message, to make the body throw. */
  readonly failure: (error: unknown) => unknown

  constructor(
    process: Process,
    matches: ((message: unknown) => boolean) | null,
    resolve: (message: unknown) => void,
    failure: (error: unknown) => unknown,
  ) {
    this.process = process
    this.matches = matches
    this.resolve = resolve
    this.failure = failure
  }

  /** May be resolved from a sender's stack: promises, but not generators. */
  get direct(): boolean {
    return this.failure === rejected
  }

  /** It waits no more, whatever the reason. */
  leave(): void {
    // Nothing else knows of it.
  }

  reject(error: unknown): void {
    this.resolve(this.failure(error))
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
    if (isEmpty(message)) return false
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
}

/** A waiter that gives up: after a time, or when a signal is aborted. */
class LimitedWaiter extends Waiter implements Timed {
  readonly options: ReceiveOptions<unknown>
  earlier: Timed | null = null
  later: Timed | null = null

  constructor(
    process: Process,
    matches: ((message: unknown) => boolean) | null,
    resolve: (message: unknown) => void,
    failure: (error: unknown) => unknown,
    options: ReceiveOptions<unknown>,
  ) {
    super(process, matches, resolve, failure)
    this.options = options
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options
    if (timeoutMs !== Number.POSITIVE_INFINITY) process.system.timeouts.arm(timeoutMs, this)
    signal?.addEventListener('abort', this)
  }

  override leave(): void {
    disarm(this)
    this.options.signal?.removeEventListener('abort', this)
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.leave()
    if (this.process.waiter !== this) return
    this.process.waiter = null
    this.reject(new Exit('aborted', 'receive'))
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

/**
 * Leaves a waiter behind, which `deliver`, `dispatch` or a limit of its own will settle: with a
 * message, or with what `failure` makes of an error.
 */
export function park<O>(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<O> | undefined,
  resolve: (message: unknown) => void,
  failure: (error: unknown) => unknown,
): void {
  process.waiter =
    options === undefined
      ? new Waiter(process, matches, resolve, failure)
      : new LimitedWaiter(process, matches, resolve, failure, options)
}

export function otherwise<O>(options: ReceiveOptions<O> | undefined): O {
  if (options !== undefined && 'otherwise' in options) return options.otherwise as O
  throw new Exit('timeout', 'receive')
}

export function checkReceive(
  process: Process,
  matches: ((message: unknown) => boolean) | null,
  options: ReceiveOptions<unknown> | undefined,
): void {
  if (process.waiter !== null) {
    throw new BadArgument('receive: this process is already waiting in another receive')
  }
  if (matches !== null && typeof matches !== 'function') {
    throw new BadArgument(`receive: expected a predicate, got ${show(matches)}`)
  }
  if (options === undefined) return
  checkOptions('receive', options, receiveOptions)
  const { timeoutMs, signal } = options
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs)
  if (signal === undefined) return
  checkSignal('signal', signal)
  if (signal.aborted) throw new Exit('aborted', 'receive')
}

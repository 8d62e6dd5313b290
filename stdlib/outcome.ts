/**
 * What a handler decides, as a value: answer, go on, or stop (OTP's `{reply, ...}`, `{noreply,
 * ...}`, `{stop, ...}`). State is threaded through; nothing else is changed by returning one.
 */
import { BadArgument, type Reason } from '../runtime/index.ts'
import { checkTimeout, isReason, show } from '../runtime/kernel.ts'

export type OutcomeOptions = {
  /**
   * Milliseconds without any message after which `info` gets `{ tag: 'timeout' }`. Every outcome
   * must set it anew. 0: only if no mail is waiting.
   */
  readonly timeoutMs?: number
  /** Runs `continue` with this value before any message that is already waiting. */
  readonly continue?: unknown
  /** Accepted for who comes from OTP, and ignored: memory is JavaScript's own affair (rule P12). */
  readonly hibernate?: boolean
}

/** The options of nearly every outcome. */
export const noOptions: OutcomeOptions = Object.freeze({})

/** For the compiler only: without it a `Reply` of anything would pass for a `Next`. */
declare const kind: unique symbol

/**
 * An async handler's promise is resolved with an outcome, which JavaScript first asks for `then`.
 * That is found here at once, and not missed in every prototype.
 */
function notThenable(prototype: object): void {
  Object.defineProperty(prototype, 'then', { value: undefined })
}

export class Reply<R, S> {
  static {
    notThenable(Reply.prototype)
  }

  declare readonly [kind]: 'reply'
  readonly value: R
  readonly state: S
  readonly options: OutcomeOptions

  constructor(value: R, state: S, options: OutcomeOptions) {
    this.value = value
    this.state = state
    this.options = options
  }
}

export class Next<S> {
  static {
    notThenable(Next.prototype)
  }

  declare readonly [kind]: 'next'
  readonly state: S
  readonly options: OutcomeOptions

  constructor(state: S, options: OutcomeOptions) {
    this.state = state
    this.options = options
  }
}

export class Stop<S> {
  declare readonly [kind]: 'stop'
  readonly reason: Reason
  /** Absent when the server stops from `init`, where there is no state yet. */
  readonly state: S | undefined

  constructor(reason: Reason, state: S | undefined) {
    this.reason = reason
    this.state = state
  }
}

export class StopReply<R, S> {
  declare readonly [kind]: 'stopReply'
  readonly reason: Reason
  readonly value: R
  readonly state: S

  constructor(reason: Reason, value: R, state: S) {
    this.reason = reason
    this.value = value
    this.state = state
  }
}

export class Ignore {
  readonly tag = 'ignore'
}

// No common ancestor: one of these is made per message, and `super()` costs more than its fields.
export type Outcome =
  | Reply<unknown, unknown>
  | Next<unknown>
  | Stop<unknown>
  | StopReply<unknown, unknown>
  | Ignore

/** Tells an outcome from a state, an error or a bad return value. */
export function isOutcome(value: unknown): value is Outcome {
  return (
    value instanceof Reply ||
    value instanceof Next ||
    value instanceof Stop ||
    value instanceof StopReply ||
    value instanceof Ignore
  )
}

/** Answers the call and goes on with `state`. */
export function reply<R, S>(value: R, state: S, options: OutcomeOptions = noOptions): Reply<R, S> {
  if (options !== noOptions) checkOptions(options)
  return new Reply(value, state, options)
}

/** Goes on with `state`; from a call's handler: the answer comes later, by `replyTo`. */
export function next<S>(state: S, options: OutcomeOptions = noOptions): Next<S> {
  if (options !== noOptions) checkOptions(options)
  return new Next(state, options)
}

/** Stops the server; from `init` without a state. A call being handled fails with `reason`. */
export function stop(reason: Reason): Stop<never>
export function stop<S>(reason: Reason, state: S): Stop<S>
export function stop<S>(reason: Reason, state?: S): Stop<S> {
  checkReason(reason)
  return new Stop(reason, state)
}

/** Runs `terminate`, then answers, then stops (rule G9). */
export function stopReply<R, S>(reason: Reason, value: R, state: S): StopReply<R, S> {
  checkReason(reason)
  return new StopReply(reason, value, state)
}

/** From `init`: there is nothing to run; the process ends `normal` (rule G2). */
export function ignore(): Ignore {
  return new Ignore()
}

export type CallOutcome<R, S> = Reply<R, S> | Next<S> | Stop<S> | StopReply<R, S>
export type CastOutcome<S> = Next<S> | Stop<S>
/** A plain state means `next(state)`. */
export type InitOutcome<S> = S | Next<S> | Stop<never> | Ignore

function checkOptions(options: OutcomeOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new BadArgument(`options: expected an object, got ${show(options)}`)
  }
  for (const field of Object.keys(options)) {
    if (field !== 'timeoutMs' && field !== 'continue' && field !== 'hibernate') {
      throw new BadArgument(`options: there is no option '${field}'`)
    }
  }
  const { hibernate } = options
  if (hibernate !== undefined && typeof hibernate !== 'boolean') {
    throw new BadArgument(`hibernate: expected true or false, got ${show(hibernate)}`)
  }
  if (options.timeoutMs === undefined) return
  checkTimeout('timeoutMs', options.timeoutMs)
  if ('continue' in options) {
    throw new BadArgument('options: timeoutMs and continue exclude each other')
  }
}

function checkReason(reason: Reason): void {
  if (isReason(reason)) return
  throw new BadArgument(`reason: expected a string or a tagged object, got ${show(reason)}`)
}

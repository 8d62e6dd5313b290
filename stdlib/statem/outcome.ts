/**
 * What a state machine's handler decides, as a value (rule F5): where to go, with which data, and
 * what else is to be done. OTP's `{next_state, ...}`, `{keep_state, ...}`, `{repeat_state, ...}`
 * and `{stop_and_reply, ...}`; stopping without replies is `stop`, as in a server.
 *
 * The types carry the name of the state, its data and the options, so that a handler's return type
 * can demand the data of the very state it enters.
 */
import { BadArgument, isReference, type Reason } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import type { From } from '../protocol.ts'
import { Answer, type AnyOptions, noWishes, type Wishes, wishesOf } from './options.ts'

/** For the compiler only: tells apart outcomes with the same fields. */
declare const kind: unique symbol
/** For the compiler only: the options as they were written. */
declare const asked: unique symbol

/** The data stays what it is. */
export const unchanged: unique symbol = Symbol('unchanged')

export class To<N extends string, D, O> {
  declare readonly [kind]: 'to'
  declare readonly [asked]: O
  readonly state: N
  readonly data: D
  readonly wishes: Wishes

  constructor(state: N, data: D, wishes: Wishes) {
    this.state = state
    this.data = data
    this.wishes = wishes
  }
}

export class Keep<D, O> {
  declare readonly [kind]: 'keep'
  declare readonly [asked]: O
  readonly data: D | typeof unchanged
  readonly wishes: Wishes

  constructor(data: D | typeof unchanged, wishes: Wishes) {
    this.data = data
    this.wishes = wishes
  }
}

export class Repeat<D, O> {
  declare readonly [kind]: 'repeat'
  declare readonly [asked]: O
  readonly data: D
  readonly wishes: Wishes

  constructor(data: D, wishes: Wishes) {
    this.data = data
    this.wishes = wishes
  }
}

export class StopAndReply<D> {
  declare readonly [kind]: 'stopAndReply'
  readonly reason: Reason
  readonly replies: readonly Answer[]
  readonly data: D | typeof unchanged

  constructor(reason: Reason, replies: readonly Answer[], data: D | typeof unchanged) {
    this.reason = reason
    this.replies = replies
    this.data = data
  }
}

/** Tells an outcome of a state machine from anything else a callback may throw. */
export function isStatemOutcome(value: unknown): boolean {
  return (
    value instanceof Keep ||
    value instanceof To ||
    value instanceof Repeat ||
    value instanceof StopAndReply
  )
}

/**
 * Enters `state` with its data; from `init`: begins there. Into the present state it is the same as
 * `keep`: nothing is entered and no postponed event is retried (rule F6).
 */
export function to<const N extends string, D, O extends AnyOptions = {}>(
  state: N,
  data: D,
  options?: O,
): To<N, D, O> {
  if (typeof state !== 'string') {
    throw new BadArgument(`to: expected the name of a state, got ${show(state)}`)
  }
  return new To<N, D, O>(state, data, options === undefined ? noWishes : wishesOf(options))
}

/** Stays in the state, with new data (OTP `keep_state`). */
export function keep<D, O extends AnyOptions = {}>(data: D, options?: O): Keep<D, O> {
  return new Keep<D, O>(data, options === undefined ? noWishes : wishesOf(options))
}

/** Stays in the state, with the data it has (OTP `keep_state_and_data`). */
export function stay<O extends AnyOptions = {}>(options?: O): Keep<never, O> {
  return new Keep<never, O>(unchanged, options === undefined ? noWishes : wishesOf(options))
}

/** Stays in the state and calls its `enter` again (rule F14); postponed events stay postponed. */
export function repeat<D, O extends AnyOptions = {}>(data: D, options?: O): Repeat<D, O> {
  return new Repeat<D, O>(data, options === undefined ? noWishes : wishesOf(options))
}

/**
 * Leaves the event for the next state: it is handled again, in its old order, once the state has
 * changed (rule F8). Serves as a handler: `casts: { push: postpone }`.
 */
export function postpone(): Keep<never, { readonly postpone: true }> {
  return new Keep<never, { readonly postpone: true }>(unchanged, { ...noWishes, postpone: true })
}

/** A reply for the `replies` of an outcome; the call may be an earlier one. */
export function answer<R>(from: From<R>, value: R): Answer {
  if (!isReference(from)) {
    throw new BadArgument(`answer: expected the \`from\` of a call, got ${show(from)}`)
  }
  return new Answer(from, value)
}

/** Sends the replies, then runs `terminate`, then ends (rule F15; a server replies last). */
export function stopAndReply(reason: Reason, replies: readonly Answer[]): StopAndReply<never>
export function stopAndReply<D>(
  reason: Reason,
  replies: readonly Answer[],
  data: D,
): StopAndReply<D>
export function stopAndReply<D>(
  reason: Reason,
  replies: readonly Answer[],
  ...data: [] | [data: D]
): StopAndReply<D> {
  const { replies: checked } = wishesOf({ replies })
  return new StopAndReply<D>(reason, checked, data.length === 0 ? unchanged : data[0])
}

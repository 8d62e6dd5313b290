/**
 * What an event handler decides beside `next` and `reply`: that it is done, or that another handler
 * takes over (OTP `remove_handler`, `{swap_handler, ...}`). Values, like every outcome.
 */
import { isOutcome, type Next, type Outcome, type Reply } from '../outcome.ts'
import type { HandlerSpec } from './handler.ts'

/** For the compiler only: one kind of outcome must not pass for another. */
declare const kind: unique symbol

export class Remove<S> {
  declare readonly [kind]: 'remove'
  readonly state: S

  constructor(state: S) {
    this.state = state
  }
}

export class RemoveReply<R, S> {
  declare readonly [kind]: 'removeReply'
  readonly value: R
  readonly state: S

  constructor(value: R, state: S) {
    this.value = value
    this.state = state
  }
}

export class Swap<S, Event> {
  declare readonly [kind]: 'swap'
  readonly state: S
  readonly to: HandlerSpec<Event>
  readonly arg: unknown

  constructor(state: S, to: HandlerSpec<Event>, arg: unknown) {
    this.state = state
    this.to = to
    this.arg = arg
  }
}

export class SwapReply<R, S, Event> {
  declare readonly [kind]: 'swapReply'
  readonly value: R
  readonly state: S
  readonly to: HandlerSpec<Event>
  readonly arg: unknown

  constructor(value: R, state: S, to: HandlerSpec<Event>, arg: unknown) {
    this.value = value
    this.state = state
    this.to = to
    this.arg = arg
  }
}

/** The handler is done: its `terminate` runs with `{ tag: 'remove' }`. */
export function remove<S>(state: S): Remove<S> {
  return new Remove(state)
}

/** Answers the call; then as `remove`. */
export function removeReply<R, S>(value: R, state: S): RemoveReply<R, S> {
  return new RemoveReply(value, state)
}

/**
 * `to` takes this handler's place: `terminate` runs with `{ tag: 'swap', arg }`, and what it
 * returns is what the new handler's `init` gets as `previous`.
 */
export function swap<S, Event>(state: S, to: HandlerSpec<Event>, arg?: unknown): Swap<S, Event> {
  return new Swap(state, to, arg)
}

/** Answers the call; then as `swap`. */
export function swapReply<R, S, Event>(
  value: R,
  state: S,
  to: HandlerSpec<Event>,
  arg?: unknown,
): SwapReply<R, S, Event> {
  return new SwapReply(value, state, to, arg)
}

export type EventOutcome<S, Event> = Next<S> | Remove<S> | Swap<S, Event>
export type EventCallOutcome<R, S, Event> = Reply<R, S> | RemoveReply<R, S> | SwapReply<R, S, Event>

export type AnyEventOutcome =
  | Outcome
  | Remove<unknown>
  | RemoveReply<unknown, unknown>
  | Swap<unknown, never>
  | SwapReply<unknown, unknown, never>

/** True for all that callbacks of handlers and of servers return or throw as outcomes. */
export function isEventOutcome(value: unknown): value is AnyEventOutcome {
  return (
    isOutcome(value) ||
    value instanceof Remove ||
    value instanceof RemoveReply ||
    value instanceof Swap ||
    value instanceof SwapReply
  )
}

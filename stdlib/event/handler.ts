/**
 * Event handlers: modules of an event manager, as behaviours are modules of a node. A handler has a
 * name, and an argument for its `init`; what is installed is `[name, id, argument]`, plain data, so
 * that it can be asked for from another node and installed again after a restart.
 *
 * Functions are checked when the handler is defined and looked up by own name only.
 */
import {
  type Awaitable,
  BadArgument,
  type Pid,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import { checkName, prepare, type SpawnArgs, show } from '../../runtime/kernel.ts'
import { checkKeys, functionIn, type Given, requiredIn, tableIn } from '../given.ts'
import { Operations } from '../operations.ts'
import type { Next, Stop } from '../outcome.ts'
import type { ArgOf, Calls, ReplyOf } from '../protocol.ts'
import type { EventCallOutcome, EventOutcome } from './outcome.ts'

/** Which handler of a manager: its module, and the id where one module is installed twice. */
export type HandlerId = { readonly module: string; readonly id: string | null }

/** Why a handler is removed, as its `terminate` learns it. */
export type Removal =
  /** `deleteHandler` was called, with this argument. */
  | { readonly tag: 'delete'; readonly arg: unknown }
  /** It asked for it itself, by `remove`. */
  | { readonly tag: 'remove' }
  /** Another one takes its place. */
  | { readonly tag: 'swap'; readonly arg: unknown }
  /** The process that installed it supervised has ended. */
  | { readonly tag: 'ownerExit'; readonly owner: Pid; readonly reason: Reason }
  /** The manager ends. */
  | { readonly tag: 'stop'; readonly reason: Reason }
  /** One of its callbacks failed, returned something else than an outcome, or took too long. */
  | { readonly tag: 'error'; readonly reason: Reason }

/** What the handler whose place is taken left behind: what its `terminate` returned. */
export type Previous =
  | { readonly tag: 'ok'; readonly value: unknown }
  | { readonly tag: 'error'; readonly reason: Reason }

type Required<Name extends string, Ops> = keyof Ops extends never
  ? { readonly [N in Name]?: Ops }
  : { readonly [N in Name]: Ops }

type EventCalls<Event, P, S> = {
  readonly [Op in keyof Calls<P>]: (
    state: S,
    arg: ArgOf<Calls<P>[Op]>,
    self: Self,
  ) => Awaitable<EventCallOutcome<ReplyOf<Calls<P>[Op]>, S, Event>>
}

/** `self` is the manager's, which all its handlers share. */
export type EventCallbacks<Event, P, S, Arg> = {
  /** Makes the first state; `stop(reason)` refuses. `previous` is there after a swap. */
  readonly init: (
    arg: Arg,
    self: Self,
    previous: Previous | undefined,
  ) => Awaitable<S | Next<S> | Stop<never>>
  readonly event: (state: S, event: Event, self: Self) => Awaitable<EventOutcome<NoInfer<S>, Event>>
  /** Any other message the manager gets. */
  readonly info?: (
    state: S,
    message: unknown,
    self: Self,
  ) => Awaitable<EventOutcome<NoInfer<S>, Event>>
  /** Last words. What it returns is what `deleteHandler` answers and what a successor gets. */
  readonly terminate?: (why: Removal, state: S, self: Self) => unknown
  /** What `sys.getStatus` shows of the state: to leave out secrets and what is too large. */
  readonly formatStatus?: (state: S) => unknown
} & Required<'calls', EventCalls<Event, P, NoInfer<S>>>

declare const accepts: unique symbol
declare const speaks: unique symbol
declare const takes: unique symbol

/** A kind of handler for events `Event`, which answers the calls of `P`. */
export class EventHandler<Event = never, P = unknown, Arg = never> {
  readonly name: string
  readonly init: Given
  readonly event: Given
  readonly calls: Operations<Given>
  readonly info: Given | undefined
  readonly terminate: Given | undefined
  readonly formatStatus: Given | undefined
  declare readonly [accepts]?: (event: Event) => void
  declare readonly [speaks]?: P
  declare readonly [takes]?: (arg: Arg) => void

  constructor(name: string, given: object) {
    checkName('event handler name', name)
    checkKeys(name, given, known, 'callback')
    this.name = name
    this.init = requiredIn(given, 'init')
    this.event = requiredIn(given, 'event')
    this.info = functionIn(given, 'info')
    this.terminate = functionIn(given, 'terminate')
    this.formatStatus = functionIn(given, 'formatStatus')
    this.calls = new Operations(tableIn(given, 'calls'))
  }
}

const known: readonly string[] = ['init', 'event', 'calls', 'info', 'terminate', 'formatStatus']

/** A handler to be installed. Plain data. */
export type HandlerSpec<Event = never> = HandlerId & {
  readonly arg: unknown
  readonly [accepts]?: (event: Event) => void
}

export type HandlerOptions = {
  /** Tells apart several handlers of one module. Default: none. */
  readonly id?: string
}

/** A handler to be installed: `handler(Counter, 10, { id: 'slow' })`. The argument is frozen. */
export function handler<Event, P, Arg>(
  module: EventHandler<Event, P, Arg>,
  ...[arg, options]: SpawnArgs<Arg, HandlerOptions>
): HandlerSpec<Event> {
  return { ...handlerId(module, options), arg: prepare(arg, 'arg') }
}

export function handlerId(
  module: EventHandler<never, unknown, never>,
  options: HandlerOptions = {},
): HandlerId {
  if (!(module instanceof EventHandler)) {
    throw new BadArgument(`handler: expected an event handler, got ${show(module)}`)
  }
  const { id = null } = options
  if (id !== null) checkName('id', id)
  return { module: module.name, id }
}

/** Reads who is meant from what may have come from another node. */
export function isHandlerId(value: unknown): value is HandlerId {
  return (
    typeof value === 'object' &&
    value !== null &&
    'module' in value &&
    typeof value.module === 'string' &&
    'id' in value &&
    (value.id === null || typeof value.id === 'string')
  )
}

export function sameHandler(a: HandlerId, b: HandlerId): boolean {
  return a.module === b.module && a.id === b.id
}

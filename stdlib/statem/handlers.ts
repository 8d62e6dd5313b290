/**
 * The types of a state machine's callbacks. One rule runs through them: whoever enters a state has
 * its data, and an outcome asks only for what its callback may ask for. Nothing here runs.
 *
 * Every operation must be handled in every state, in the state itself or in `common`: what a
 * machine does with an event it does not expect is decided where it is written, not when it
 * crashes.
 */
import type { Awaitable, Reason, Self } from '../../runtime/index.ts'
import type { Ignore, Stop } from '../outcome.ts'
import type { ArgOf, Calls, Casts, CheckedProtocol, From, OpOf, ReplyOf } from '../protocol.ts'
import type { Answer, TimeoutSetting } from './options.ts'
import type { Keep, Repeat, StopAndReply, To } from './outcome.ts'

/**
 * What a machine reacts to: the protocol of its clients, and what only the machine itself can
 * cause: events it inserts, and its named timeouts, with their arguments.
 */
export type Events = {
  readonly calls?: object
  readonly casts?: object
  readonly internal?: object
  readonly timeouts?: object
}

export type Internal<P> = P extends { readonly internal: infer I } ? I : {}
export type Named<P> = P extends { readonly timeouts: infer T } ? T : {}

/** `P`, or a type that names what is wrong with it. Internal events need not be plain data. */
export type CheckedEvents<P> = {
  [K in keyof P]: K extends 'calls' | 'casts'
    ? CheckedProtocol<P>[K]
    : K extends 'internal' | 'timeouts'
      ? P[K]
      : never
}

/** Names of the states of `S`, a type that maps each to its data. */
export type StateOf<S> = keyof S & string

/**
 * The present state, for handlers that serve all of them, and for `sys.replaceState`: `state` tells
 * which `data` it is.
 */
export type Current<S> = {
  [N in StateOf<S>]: { readonly state: N; readonly data: S[N] }
}[StateOf<S>]

type WithArg<A> = undefined extends A ? { readonly arg?: A } : { readonly arg: A }

type EventOf<Tag extends string, Ops> = {
  [Op in OpOf<Ops>]: { readonly tag: Tag; readonly op: Op } & WithArg<ArgOf<Ops[Op]>>
}[OpOf<Ops>]

type CallEventOf<Ops> = {
  [Op in OpOf<Ops>]: {
    readonly tag: 'call'
    readonly op: Op
    readonly from: From<ReplyOf<Ops[Op]>>
  } & WithArg<ArgOf<Ops[Op]>>
}[OpOf<Ops>]

/** Any event, as `handleEvent` gets it and as `next` takes it (rule F4). */
export type EventIn<P> =
  | CallEventOf<Calls<P>>
  | EventOf<'cast', Casts<P>>
  | EventOf<'internal', Internal<P>>
  | EventOf<'timeout', Named<P>>
  | {
      readonly tag: 'info' | 'stateTimeout' | 'eventTimeout'
      readonly op?: ''
      readonly arg: unknown
    }

type TimeoutOptions<P> = {
  /** Cancelled by a change of state (rule F10). */
  readonly stateTimeoutMs?: TimeoutSetting<unknown>
  /** Cancelled by any event (rule F9). */
  readonly eventTimeoutMs?: TimeoutSetting<unknown>
  /** By name; independent of events and states (rule F11). */
  readonly timeouts?: {
    readonly [Op in OpOf<Named<P>>]?: TimeoutSetting<ArgOf<Named<P>[Op]>>
  }
  /** Replies to calls of now or before; see `answer`. */
  readonly replies?: readonly Answer[]
  /** Accepted and ignored (rule P12). */
  readonly hibernate?: boolean
}

export type EnterOptions<P> = TimeoutOptions<P> & {
  readonly reply?: never
  readonly next?: never
  readonly postpone?: never
}

type StartOptions<P> = TimeoutOptions<P> & {
  readonly reply?: never
  readonly next?: readonly EventIn<P>[]
  readonly postpone?: never
}

type EventOptions<P> = TimeoutOptions<P> & {
  readonly reply?: never
  /** Events to be handled next, the first of them first, before all that waits (rule F7). */
  readonly next?: readonly EventIn<P>[]
  /** Handle this event again once the state has changed (rule F8). */
  readonly postpone?: boolean
}

type CallOptions<P, R> = Omit<EventOptions<P>, 'reply'> & {
  /** Answers the call being handled. */
  readonly reply?: R
}

type EnterAny<S, O> = { [N in StateOf<S>]: To<N, S[N], O> }[StateOf<S>]

export type StartOutcome<P, S> = EnterAny<S, StartOptions<P>> | Stop<never> | Ignore

/** What a handler of a state with data `D` may return. */
type Outcome<S, D, O> = EnterAny<S, O> | Keep<D, O> | Repeat<D, O> | Stop<D> | StopAndReply<D>

/** `D` is the data of the one state; there is no way into another. */
export type EnterOutcome<P, N extends string, D> =
  | To<N, D, EnterOptions<P>>
  | Keep<D, EnterOptions<P>>
  | Repeat<D, EnterOptions<P>>
  | Stop<D>
  | StopAndReply<D>

/** Data that fits every state: what a handler of all states may keep. */
export type DataOfAll<S> = {
  [N in StateOf<S>]: (data: S[N]) => void
}[StateOf<S>] extends (data: infer D) => void
  ? D
  : never

type CallHandlers<P, S, Now, D> = {
  readonly [Op in OpOf<Calls<P>>]: (
    now: Now,
    arg: ArgOf<Calls<P>[Op]>,
    self: Self,
    from: From<ReplyOf<Calls<P>[Op]>>,
  ) => Awaitable<Outcome<S, D, CallOptions<P, ReplyOf<Calls<P>[Op]>>>>
}

type EventHandlers<P, S, Ops, Now, D> = {
  readonly [Op in OpOf<Ops>]: EventHandler<P, S, ArgOf<Ops[Op]>, Now, D>
}

type EventHandler<P, S, A, Now, D> = (
  now: Now,
  arg: A,
  self: Self,
) => Awaitable<Outcome<S, D, EventOptions<P>>>

type Singles<P, S, Now, D> = {
  /** Any other message: plain sends, DOWN, EXIT (when trapping). */
  readonly info?: EventHandler<P, S, unknown, Now, D>
  /** `arg` is what was set with the timeout. */
  readonly stateTimeout?: EventHandler<P, S, unknown, Now, D>
  readonly eventTimeout?: EventHandler<P, S, unknown, Now, D>
}

/** The section `Name`: what `common` handles may be left out, and so may an empty section. */
type Section<Name extends string, Handlers, Shared> = [Exclude<keyof Handlers, Shared>] extends [
  never,
]
  ? { readonly [N in Name]?: Partial<Handlers> }
  : {
      readonly [N in Name]: Omit<Handlers, Shared & keyof Handlers> &
        Partial<Pick<Handlers, Shared & keyof Handlers>>
    }

/** Operations that `common` handles, by section. */
export type Shared = {
  readonly calls: PropertyKey
  readonly casts: PropertyKey
  readonly internal: PropertyKey
  readonly timeouts: PropertyKey
}

export type StateCallbacks<P, S, N extends StateOf<S>, C extends Shared> = {
  /**
   * Runs when the state is entered: at the start (`previous` is the state itself), on every change
   * of state, and for every `repeat` (rule F14). May set timeouts and reply, nothing more.
   */
  readonly enter?: (
    data: S[N],
    previous: StateOf<S>,
    self: Self,
  ) => Awaitable<EnterOutcome<P, N, S[N]>>
} & Singles<P, S, S[N], S[N]> &
  Section<'calls', CallHandlers<P, S, S[N], S[N]>, NoInfer<C['calls']>> &
  Section<'casts', EventHandlers<P, S, Casts<P>, S[N], S[N]>, NoInfer<C['casts']>> &
  Section<'internal', EventHandlers<P, S, Internal<P>, S[N], S[N]>, NoInfer<C['internal']>> &
  Section<'timeouts', EventHandlers<P, S, Named<P>, S[N], S[N]>, NoInfer<C['timeouts']>>

/** The handlers for `Keys`, which the compiler infers from what is there. */
type Chosen<Handlers, Keys extends PropertyKey> = {
  readonly [Op in Keys]: Op extends keyof Handlers ? Handlers[Op] : never
}

/** Handlers for what every state treats alike; a state's own handler counts before them. */
export type CommonCallbacks<P, S, C extends Shared> = Singles<P, S, Current<S>, DataOfAll<S>> & {
  readonly calls?: Chosen<CallHandlers<P, S, Current<S>, DataOfAll<S>>, C['calls']>
  readonly casts?: Chosen<EventHandlers<P, S, Casts<P>, Current<S>, DataOfAll<S>>, C['casts']>
  readonly internal?: Chosen<
    EventHandlers<P, S, Internal<P>, Current<S>, DataOfAll<S>>,
    C['internal']
  >
  readonly timeouts?: Chosen<EventHandlers<P, S, Named<P>, Current<S>, DataOfAll<S>>, C['timeouts']>
}

export type StatemBase<P, S, Arg> = {
  /** Makes the first state with `to(state, data)`; the starter waits for it. */
  readonly init: (arg: Arg, self: Self) => Awaitable<StartOutcome<P, S>>
  /** Last words, on a stop, a crash, or the parent's exit when trapping (rules F16, G11). */
  readonly terminate?: (reason: Reason, current: Current<S>, self: Self) => Awaitable<void>
  /** What `sys.getStatus` shows of it: to leave out secrets and what is too large. */
  readonly formatStatus?: (current: Current<S>) => unknown
}

/** The operations by name, for the other callback mode: what is not named is refused. */
export type Operations<P> = Names<'calls', Calls<P>> &
  Names<'casts', Casts<P>> &
  Names<'internal', Internal<P>> &
  Names<'timeouts', Named<P>>

type Names<Section extends string, Ops> = keyof Ops extends never
  ? { readonly [N in Section]?: {} }
  : { readonly [N in Section]: { readonly [Op in OpOf<Ops>]: true } }

export type HandleEvent<P, S> = (
  current: Current<S>,
  event: EventIn<P>,
  self: Self,
) => Awaitable<Outcome<S, DataOfAll<S>, EventOptions<P>>>

export type EnterEvery<P, S> = (
  current: Current<S>,
  previous: StateOf<S>,
  self: Self,
) => Awaitable<
  | EnterAny<S, EnterOptions<P>>
  | Keep<DataOfAll<S>, EnterOptions<P>>
  | Repeat<DataOfAll<S>, EnterOptions<P>>
  | Stop<DataOfAll<S>>
  | StopAndReply<DataOfAll<S>>
>

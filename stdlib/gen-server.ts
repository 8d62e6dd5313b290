/**
 * gen_server: a server as a map of handlers over a declared protocol. One message at a time, also
 * when a handler is async: mail waits. What a handler returns decides (see `outcome.ts`); anything
 * else ends the server with `{ tag: 'badReturnValue' }`.
 *
 * Differences from OTP: an unknown operation fails the caller with `{ tag: 'undef', op }` and
 * leaves the server alone, because the operation may come from another node; a second answer is
 * dropped; handlers may be async.
 */
import type { Awaitable, Reason, Self } from '../runtime/index.ts'
import { Module } from '../runtime/kernel.ts'
import type { CallOutcome, CastOutcome, InitOutcome } from './outcome.ts'
import type { ArgOf, Calls, Casts, CheckedProtocol, From, ReplyOf } from './protocol.ts'
import { Callbacks, type InlineOptions } from './server-callbacks.ts'
import { Server, type TimeoutMessage, timeoutMessage } from './server-loop.ts'

export type { InlineOptions } from './server-callbacks.ts'

export type CallHandlers<P, S> = {
  readonly [Op in keyof Calls<P>]: (
    state: S,
    arg: ArgOf<Calls<P>[Op]>,
    self: Self,
    from: From<ReplyOf<Calls<P>[Op]>>,
  ) => Awaitable<CallOutcome<ReplyOf<Calls<P>[Op]>, S>>
}

export type CastHandlers<P, S> = {
  readonly [Op in keyof Casts<P>]: (
    state: S,
    arg: ArgOf<Casts<P>[Op]>,
    self: Self,
  ) => Awaitable<CastOutcome<S>>
}

type Required<Name extends string, Handlers> = keyof Handlers extends never
  ? { readonly [N in Name]?: Handlers }
  : { readonly [N in Name]: Handlers }

export type ServerCallbacks<P, S, Arg> = {
  /** Makes the first state; the starter waits for it. May answer `stop(reason)` or `ignore()`. */
  readonly init: (arg: Arg, self: Self) => Awaitable<InitOutcome<S>>
  /** Any other message: plain sends, DOWN, EXIT (when trapping), `{ tag: 'timeout' }`. */
  readonly info?: (state: S, message: unknown, self: Self) => Awaitable<CastOutcome<S>>
  /** Runs right after the callback whose outcome asked for it, before any waiting message. */
  readonly continue?: (state: S, value: unknown, self: Self) => Awaitable<CastOutcome<S>>
  /** Last words, on a stop, a crash, or the parent's exit when trapping (rule G11). */
  readonly terminate?: (reason: Reason, state: S, self: Self) => Awaitable<void>
  /** What `sys.getStatus` shows of the state: to leave out secrets and what is too large. */
  readonly formatStatus?: (state: S) => unknown
  /** Lets the server run on its sender's stack; for short synchronous handlers. Default: never. */
  readonly inline?: InlineOptions
} & Required<'calls', CallHandlers<P, NoInfer<S>>> &
  Required<'casts', CastHandlers<P, NoInfer<S>>>

/** A behaviour: a module whose processes speak protocol `P`. */
export type Behaviour<P, Arg = unknown> = Module<P, Arg>

/** True for the message `info` gets when `timeoutMs` passed without mail. */
export function isTimeout(message: unknown): message is TimeoutMessage {
  return message === timeoutMessage
}

/**
 * Defines a server: `genServer<Protocol>('name')({ init, calls, casts, ... })`. The name is how
 * child specs and other nodes refer to it.
 */
export function genServer<P extends CheckedProtocol<P>>(
  name: string,
): <S, Arg = void>(callbacks: ServerCallbacks<P, S, Arg>) => Module<P, Arg> {
  return <S, Arg>(given: ServerCallbacks<P, S, Arg>) => {
    const callbacks = new Callbacks(given)
    return new Module<P, Arg>(name, (process, arg, started) => {
      new Server(process, callbacks).begin(arg, started)
    })
  }
}

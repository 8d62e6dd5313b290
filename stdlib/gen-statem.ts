/**
 * gen_statem: a state machine over a declared protocol, one state at a time, each with its own
 * data. Both callback modes of OTP: handlers by state and operation, or one `handleEvent` for all;
 * state enter calls, postponed and inserted events, and three kinds of timeouts. Called and cast as
 * a server is. What happens in which order is `statem/engine.ts`.
 *
 * Differences from OTP: the default time of a call is that of every call, 5 s, where `gen_statem`
 * waits for ever (`callWithin(self, Infinity, ...)` does); an operation no handler knows fails its
 * caller alone; options are checked where they are written, so bad ones in `init` fail the start;
 * the callback module cannot be changed (rule F17).
 */
import type { Caller } from '../runtime/index.ts'
import { Module, systemOf } from '../runtime/kernel.ts'
import { StatemCallbacks } from './statem/callbacks.ts'
import type {
  CheckedEvents,
  CommonCallbacks,
  EnterEvery,
  HandleEvent,
  Operations,
  Shared,
  StateCallbacks,
  StatemBase,
  StateOf,
} from './statem/handlers.ts'
import { Statem } from './statem/statem.ts'

/** Handlers by state (OTP `state_functions`), with what all states have in `common`. */
export type StateFunctions<P, S, Arg, C extends Shared> = StatemBase<P, S, Arg> & {
  readonly states: { readonly [N in StateOf<S>]: StateCallbacks<P, S, N, C> }
  readonly common?: CommonCallbacks<P, S, C>
  readonly handleEvent?: never
}

/** One function for every event in every state (OTP `handle_event_function`). */
export type EventFunction<P, S, Arg> = StatemBase<P, S, Arg> & {
  readonly handleEvent: HandleEvent<P, S>
  /** `enter` of every state. */
  readonly enter?: EnterEvery<P, S>
  readonly operations: Operations<P>
  readonly states?: never
}

export type DefineStatem<P, S> = <
  Arg = void,
  CallOps extends PropertyKey = never,
  CastOps extends PropertyKey = never,
  InternalOps extends PropertyKey = never,
  TimeoutOps extends PropertyKey = never,
>(
  callbacks:
    | StateFunctions<
        P,
        S,
        Arg,
        {
          readonly calls: CallOps
          readonly casts: CastOps
          readonly internal: InternalOps
          readonly timeouts: TimeoutOps
        }
      >
    | EventFunction<P, S, Arg>,
) => Module<P, Arg>

/**
 * Defines a state machine: `genStatem<Events, States>('name')({ init, states, ... })`, where
 * `States` maps the name of each state to its data. Throws `BadArgument` for callbacks that are no
 * functions or have unknown names.
 */
export function genStatem<P extends CheckedEvents<P>, S extends object>(
  name: string,
): DefineStatem<P, S> {
  return <Arg>(given: object): Module<P, Arg> => {
    const callbacks = new StatemCallbacks(given)
    return new Module<P, Arg>(name, (process, arg, started) => {
      new Statem(process, callbacks).begin(arg, started)
    })
  }
}

/** The monotonic clock of the caller's node in milliseconds, for timeouts `{ atMs }`. */
export function monotonicMs(caller: Caller): number {
  return systemOf(caller).platform.clock.now()
}

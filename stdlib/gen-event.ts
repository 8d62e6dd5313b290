/**
 * gen_event: an event manager, a process that gives every event it is notified of to handlers which
 * are added and removed while it runs. `genEvent<Event>('name')({ handlers })` defines the manager
 * and what it can install; a handler is a module with a name, never a closure. A handler that fails
 * is removed and reported; the manager and the other handlers live on.
 *
 * Where OTP's design is known to hurt we differ. Handlers are called in the order in which they
 * were installed. One that hangs is removed after `handlerTimeoutMs` instead of holding the others
 * up for ever. No handler is installed twice by accident. Owner and manager monitor each other,
 * where OTP links them: an owner that does not trap survives the manager, and removing a handler
 * cannot break a link that was there for other reasons. `install` puts handlers back when a
 * supervisor restarts the manager. A call that its handler does not know fails the caller alone.
 */
import {
  BadArgument,
  type Caller,
  type Module,
  type Reference,
  type Self,
} from '../runtime/index.ts'
import { checkName, checkTimeout, runtimeLimits, show } from '../runtime/kernel.ts'
import {
  type EventCallbacks,
  EventHandler,
  type HandlerId,
  type HandlerOptions,
  type HandlerSpec,
  handlerId,
} from './event/handler.ts'
import {
  type EventManager,
  type HandlerRemoved,
  type HandlerResult,
  managerModule,
} from './event/manager.ts'
import type { HandlerExitMessage } from './event/perform.ts'
import { call, callWithin, cast } from './gen.ts'
import { checkKeys, functionIn } from './given.ts'
import type { ArgsOf, Calls, CheckedProtocol, OpOf, ReplyOf, ServerRef } from './protocol.ts'

/** A handler of managers of `Event`s, whatever it answers and takes. */
export type HandlerOf<Event> = EventHandler<Event, unknown, never>

export type EventManagerOptions<Event, Arg> = {
  /** What can be installed. The names differ. */
  readonly handlers: readonly HandlerOf<Event>[]
  /** Handlers that are there from the start, and again after a restart. Default: none. */
  readonly install?: (arg: Arg) => readonly HandlerSpec<Event>[]
  /**
   * Milliseconds a callback of a handler may take before the handler is removed with reason
   * `timeout`. Default 5000; Infinity waits for ever.
   */
  readonly handlerTimeoutMs?: number
}

/**
 * Defines a manager of events: `genEvent<Alarm>('alarms')({ handlers: [Log, Active] })`. It is
 * started as every behaviour is, with the argument of `install`, and stopped by `stopServer`; its
 * handlers then end with `{ tag: 'stop' }`. A start fails with `{ tag: 'failedToInstall', handler,
 * reason }` when a handler of `install` refuses.
 */
export function genEvent<Event>(
  name: string,
): <Arg = void>(options: EventManagerOptions<Event, Arg>) => Module<EventManager<Event>, Arg> {
  return (options) => {
    checkKeys('genEvent', options, ['handlers', 'install', 'handlerTimeoutMs'], 'option')
    functionIn(options, 'install')
    const { handlers, install = () => [], handlerTimeoutMs = runtimeLimits.callTimeoutMs } = options
    checkTimeout('handlerTimeoutMs', handlerTimeoutMs)
    if (!Array.isArray(handlers)) {
      throw new BadArgument(`handlers: expected an array, got ${show(handlers)}`)
    }
    const known = new Map<string, EventHandler>()
    for (const handler of handlers) {
      if (!(handler instanceof EventHandler)) {
        throw new BadArgument(`handlers: expected event handlers, got ${show(handler)}`)
      }
      if (known.has(handler.name)) {
        throw new BadArgument(`handlers: two handlers are named '${handler.name}'`)
      }
      known.set(handler.name, handler)
    }
    return managerModule(name, { known, limitMs: handlerTimeoutMs }, install)
  }
}

/**
 * Defines a handler: `eventHandler<Alarm, { calls: { active: () => string[] } }>('active')({ init,
 * event, calls })`. Its callbacks run in the manager's process, one at a time, and may be async.
 */
export function eventHandler<Event, P extends CheckedProtocol<P> = {}>(
  name: string,
): <S, Arg = void>(callbacks: EventCallbacks<Event, P, S, Arg>) => EventHandler<Event, P, Arg> {
  return (callbacks) => new EventHandler(name, callbacks)
}

/**
 * Installs a handler and resolves when its `init` is over: `addHandler(self, alarms,
 * handler(Active, arg))`. Fails with `alreadyInstalled`, `{ tag: 'unknownHandler', module }`,
 * `{ tag: 'systemLimit', limit: 'eventHandlers' }`, or the reason of `init`. Rejects as `call`.
 */
export function addHandler<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  spec: HandlerSpec<Event>,
): Promise<HandlerResult> {
  return call(caller, manager, 'addHandler', { spec, owner: null })
}

export type SupervisedHandler =
  | { readonly tag: 'ok'; readonly ref: Reference }
  | Extract<HandlerResult, { readonly tag: 'error' }>

/**
 * `addHandler` for a process that must know. When the process ends the handler is removed with
 * `{ tag: 'ownerExit' }`. When the handler is removed, the process gets `{ tag: 'handlerExit',
 * ref, handler, reason }` (see `isHandlerExit`): `normal` if it was deleted or is done, `shutdown`
 * if the manager was stopped, `{ tag: 'swapped', to, by }`, or why it failed. When the manager is
 * killed or cannot be reached any more, a DOWN of `ref` comes.
 */
export function addSupervisedHandler<Event>(
  self: Self,
  manager: ServerRef<EventManager<Event>>,
  spec: HandlerSpec<Event>,
): Promise<SupervisedHandler> {
  return owned(self, manager, (owner) => call(self, manager, 'addHandler', { spec, owner }))
}

type Owner = { readonly pid: Self['pid']; readonly ref: Reference }

async function owned<Event>(
  self: Self,
  manager: ServerRef<EventManager<Event>>,
  ask: (owner: Owner) => Promise<HandlerResult>,
): Promise<SupervisedHandler> {
  const ref = self.monitor(manager)
  try {
    const result = await ask({ pid: self.pid, ref })
    if (result.tag === 'ok') return { tag: 'ok', ref }
    self.demonitor(ref, { flush: true })
    return result
  } catch (error) {
    self.demonitor(ref, { flush: true })
    throw error
  }
}

/** `self.receive(isHandlerExit(ref))`: the message that this handler, or any, was removed. */
export function isHandlerExit(
  ref?: Reference,
): (message: unknown) => message is HandlerExitMessage {
  return (message): message is HandlerExitMessage =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'handlerExit' &&
    'ref' in message &&
    (ref === undefined || message.ref === ref)
}

export type DeleteOptions = HandlerOptions & {
  /** What `terminate` gets in `{ tag: 'delete', arg }`. */
  readonly arg?: unknown
}

/**
 * Removes a handler. `value` is what its `terminate` returned. Fails with `notFound`, or with the
 * reason `terminate` failed with; the handler is gone then too.
 */
export function deleteHandler<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  module: HandlerOf<Event>,
  options: DeleteOptions = {},
): Promise<HandlerRemoved> {
  const { arg, ...which } = options
  return call(caller, manager, 'deleteHandler', { handler: handlerId(module, which), arg })
}

export type SwapOptions = HandlerOptions & {
  /** What `terminate` of the present handler gets in `{ tag: 'swap', arg }`. */
  readonly arg?: unknown
}

/**
 * Puts `to` in the place of a handler: `terminate` of the one, then `init` of the other, which gets
 * what it returned as `previous`; no event comes between. `to` keeps the owner. Where `module` is
 * not installed `to` is added, with `previous` `{ tag: 'error', reason: 'notFound' }`. What refuses
 * `to` beforehand leaves everything as it is, a failing `init` neither. Fails as `addHandler`.
 */
export function swapHandler<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  module: HandlerOf<Event>,
  to: HandlerSpec<Event>,
  options: SwapOptions = {},
): Promise<HandlerResult> {
  return call(caller, manager, 'swapHandler', swapRequest(module, to, options, null))
}

/** `swapHandler`, and the calling process owns the new handler (see `addSupervisedHandler`). */
export function swapSupervisedHandler<Event>(
  self: Self,
  manager: ServerRef<EventManager<Event>>,
  module: HandlerOf<Event>,
  to: HandlerSpec<Event>,
  options: SwapOptions = {},
): Promise<SupervisedHandler> {
  return owned(self, manager, (owner) =>
    call(self, manager, 'swapHandler', swapRequest(module, to, options, owner)),
  )
}

function swapRequest<Event>(
  module: HandlerOf<Event>,
  spec: HandlerSpec<Event>,
  { arg, ...which }: SwapOptions,
  owner: Owner | null,
) {
  return { handler: handlerId(module, which), arg, spec, owner }
}

/** Gives an event to all handlers, without waiting. Never fails for an absent manager. */
export function notify<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  event: NoInfer<Event>,
): void {
  cast(caller, manager, 'notify', event)
}

/** `notify`, resolved when all handlers are done with it: how a fast source is slowed down. */
export async function syncNotify<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  event: NoInfer<Event>,
): Promise<void> {
  await call(caller, manager, 'syncNotify', event)
}

export type CallHandlerOptions = HandlerOptions & {
  /** As of `callWithin`. Default 5000. */
  readonly timeoutMs?: number
}

/**
 * Calls one handler. Rejects as `call` does, and with `{ tag: 'noHandler', handler }`,
 * `{ tag: 'undef', op }`, or the reason the handler failed with, which removes it.
 */
export function callHandler<Event, P, Arg, Op extends OpOf<Calls<P>>>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
  module: EventHandler<NoInfer<Event>, P, Arg>,
  op: Op,
  ...[arg, options]: CallHandlerArgs<ArgsOf<Calls<P>[Op]>>
): Promise<ReplyOf<Calls<P>[Op]>>
export function callHandler(
  caller: Caller,
  manager: ServerRef<EventManager<never>>,
  module: HandlerOf<never>,
  op: string,
  arg?: unknown,
  { timeoutMs = runtimeLimits.callTimeoutMs, ...which }: CallHandlerOptions = {},
): Promise<unknown> {
  checkName('op', op)
  const request = { handler: handlerId(module, which), op, arg }
  return callWithin(caller, timeoutMs, manager, 'callHandler', request)
}

type CallHandlerArgs<Args> = Args extends readonly []
  ? [arg?: undefined, options?: CallHandlerOptions]
  : Args extends readonly [(infer Arg)?]
    ? Args extends readonly [unknown]
      ? [arg: Arg, options?: CallHandlerOptions]
      : [arg?: Arg, options?: CallHandlerOptions]
    : never

/** Who is installed, in the order in which they are called. */
export function whichHandlers<Event>(
  caller: Caller,
  manager: ServerRef<EventManager<Event>>,
): Promise<HandlerId[]> {
  return call(caller, manager, 'whichHandlers')
}

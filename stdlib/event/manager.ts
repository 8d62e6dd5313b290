/**
 * The event manager process: a gen_server whose state is its handlers. It traps exits, so that a
 * process linked by a handler cannot end it, and ends with its parent alone.
 *
 * What it is asked for may come from another node: requests are checked before they are followed.
 */
import {
  isDown,
  isPid,
  isReference,
  type Module,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import { processOfSelf, Request, reasonOfThrown, show, withoutStack } from '../../runtime/kernel.ts'
import { genServer } from '../gen-server.ts'
import { next, reply, stop } from '../outcome.ts'
import type { From } from '../protocol.ts'
import { type HandlerId, type HandlerSpec, isHandlerId } from './handler.ts'
import { Hands, type OwnerRequest, type Repertoire } from './perform.ts'
import { find, type Handlers, replaced, verdictOf, verdictOfCall, without } from './rule.ts'
import { ManagerState } from './state.ts'

/** How an installation went. */
export type HandlerResult =
  | { readonly tag: 'ok' }
  | { readonly tag: 'error'; readonly reason: Reason }

/** How a removal went; `value` is what `terminate` returned. */
export type HandlerRemoved =
  | { readonly tag: 'ok'; readonly value: unknown }
  | { readonly tag: 'error'; readonly reason: Reason }

export type AddRequest = {
  readonly spec: HandlerId & { readonly arg: unknown }
  readonly owner: OwnerRequest | null
}
export type DeleteRequest = { readonly handler: HandlerId; readonly arg: unknown }
export type SwapRequest = DeleteRequest & AddRequest
export type CallRequest = DeleteRequest & { readonly op: string }

/** The protocol of a manager of `Event`s. Its clients are the functions of `gen-event.ts`. */
export type EventManager<Event> = {
  calls: {
    addHandler: (request: AddRequest) => HandlerResult
    deleteHandler: (request: DeleteRequest) => HandlerRemoved
    swapHandler: (request: SwapRequest) => HandlerResult
    callHandler: (request: CallRequest) => unknown
    whichHandlers: () => HandlerId[]
    syncNotify: (event: Event) => null
  }
  casts: { notify: (event: Event) => void }
}

const badRequest = { tag: 'error', reason: 'badRequest' } as const

/** A reason as reply data: stacks stay here. */
function failure(reason: Reason) {
  return { tag: 'error', reason: withoutStack(reason) } as const
}

/** The module of a manager; `install` gives the handlers it begins with. */
export function managerModule<Arg>(
  name: string,
  repertoire: Repertoire,
  install: (arg: Arg) => readonly HandlerSpec[],
): Module<EventManager<unknown>, Arg> {
  return genServer<EventManager<unknown>>(name)({
    init: async (arg: Arg, self) => {
      self.trapExit(true)
      return installAll(new Hands(self, repertoire), install(arg))
    },
    calls: {
      addHandler: async (state, request) => {
        const [result, handlers] = await add(state, request)
        return reply(result, state.with(handlers))
      },
      deleteHandler: async (state, request) => {
        const one = isHandlerId(request?.handler) && find(state.handlers, request.handler)
        if (!one) return reply({ tag: 'error', reason: 'notFound' }, state)
        const ran = await state.hands.remove(one, request.arg)
        const handlers = without(state.handlers, one.id)
        const result: HandlerRemoved =
          ran.tag === 'failed' ? failure(ran.reason) : { tag: 'ok', value: ran.value }
        return reply(result, state.with(handlers))
      },
      swapHandler: async (state, request) => {
        const [result, handlers] = await swap(state, request)
        return reply(result, state.with(handlers))
      },
      callHandler: async (state, request, self, from) =>
        next(state.with(await callOne(state, request, self, from))),
      whichHandlers: (state) =>
        reply(
          state.handlers.map((one) => one.id),
          state,
        ),
      syncNotify: async (state, event) => reply(null, await notified(state, event)),
    },
    casts: { notify: async (state, event) => next(await notified(state, event)) },
    info: async (state, message, self) => next(state.with(await informed(state, message, self))),
    terminate: async (reason, { hands, handlers }) => {
      for (const one of handlers) await hands.end(one, { tag: 'stop', reason })
    },
    formatStatus: (state) => state.formatted(),
  })
}

async function installAll(hands: Hands, specs: readonly HandlerSpec[]) {
  let state = new ManagerState(hands, [])
  for (const spec of specs) {
    const [result, handlers] = await add(state, { spec, owner: null })
    if (result.tag === 'error') {
      const { reason } = result
      for (const one of handlers) await hands.end(one, { tag: 'stop', reason })
      const { module, id } = spec
      return stop({ tag: 'failedToInstall', handler: { module, id }, reason })
    }
    state = state.with(handlers)
  }
  return state
}

async function add(
  { hands, handlers }: ManagerState,
  request: AddRequest,
): Promise<readonly [HandlerResult, Handlers]> {
  if (!isAddition(request)) return [badRequest, handlers]
  const refused = hands.refusal(handlers, request.spec)
  if (refused !== undefined) return [{ tag: 'error', reason: refused }, handlers]
  const started = await hands.begin(request.spec, request.owner)
  if (started.tag === 'error') return [failure(started.reason), handlers]
  return [{ tag: 'ok' }, [...handlers, started.installed]]
}

async function swap(
  { hands, handlers }: ManagerState,
  request: SwapRequest,
): Promise<readonly [HandlerResult, Handlers]> {
  if (!isAddition(request) || !isHandlerId(request.handler)) return [badRequest, handlers]
  const { handler, arg, spec, owner } = request
  const refused = hands.refusal(handlers, spec, handler)
  if (refused !== undefined) return [{ tag: 'error', reason: refused }, handlers]
  const one = find(handlers, handler)
  const started =
    one === undefined
      ? await hands.begin(spec, owner, { tag: 'error', reason: 'notFound' })
      : await hands.swap(one, arg, spec, owner)
  if (started.tag === 'error') return [failure(started.reason), without(handlers, handler)]
  const { installed } = started
  const after =
    one === undefined ? [...handlers, installed] : replaced(handlers, handler, installed)
  return [{ tag: 'ok' }, after]
}

/** A call that fails does so for its caller alone, with the reason; so it is answered here. */
async function callOne(
  { hands, handlers }: ManagerState,
  request: CallRequest,
  self: Self,
  from: From<unknown>,
): Promise<Handlers> {
  const fail = (reason: Reason): Handlers => {
    if (from instanceof Request) from.fail(reason, processOfSelf(self))
    return handlers
  }
  if (!isHandlerId(request?.handler)) return fail('badRequest')
  const { handler, op, arg } = request
  const one = find(handlers, handler)
  if (one === undefined) return fail({ tag: 'noHandler', handler })
  const running = hands.call(one, op, arg)
  if (running === undefined) return fail({ tag: 'undef', op })
  const ran = await running
  let [verdict, answer] = verdictOfCall(one.state, ran)
  try {
    if (answer.tag === 'ok') self.send(from, answer.value)
  } catch (error) {
    // A value that cannot be sent is the handler's mistake, not the manager's.
    const failed = { tag: 'failed', reason: reasonOfThrown(error) } as const
    ;[verdict, answer] = verdictOfCall(one.state, failed)
  }
  if (answer.tag === 'error') fail(answer.reason)
  const place = await hands.follow(handlers, one, verdict)
  return handlers.flatMap((other) => (other === one ? place : [other]))
}

async function notified(state: ManagerState, event: unknown): Promise<ManagerState> {
  return state.with(await state.hands.each(state.handlers, 'event', event, verdictOf))
}

async function informed(
  { hands, handlers }: ManagerState,
  message: unknown,
  self: Self,
): Promise<Handlers> {
  if (isDown()(message)) {
    const owned = handlers.find(({ owner }) => owner?.watch === message.ref)
    if (owned?.owner) {
      const { pid } = owned.owner
      await hands.end(owned, { tag: 'ownerExit', owner: pid, reason: message.reason })
      return without(handlers, owned.id)
    }
  }
  if (!handlers.some(({ handler }) => handler.info)) {
    const { system, pid, module } = processOfSelf(self)
    const fields = { pid, module, message: show(message) }
    system.trace.log('warning', 'message without a handler dropped', fields)
  }
  return hands.each(handlers, 'info', message, verdictOf)
}

function isAddition(request: unknown): request is AddRequest {
  if (typeof request !== 'object' || request === null) return false
  if (!('spec' in request && isHandlerId(request.spec) && 'owner' in request)) return false
  const { owner } = request
  if (owner === null) return true
  return (
    typeof owner === 'object' &&
    owner !== undefined &&
    'pid' in owner &&
    isPid(owner.pid) &&
    'ref' in owner &&
    isReference(owner.ref)
  )
}

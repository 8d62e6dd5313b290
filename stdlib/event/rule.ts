/**
 * What becomes of an event handler after one of its callbacks (OTP gen_event `server_update`), and
 * who is installed: pure. The manager beside it runs the callbacks and carries verdicts out.
 *
 * Invariant: of one module and id at most one handler is installed. OTP lets several be, and then
 * reaches the newest alone. Handlers keep the order in which they were installed; one that takes
 * another's place takes it in the order too, where OTP puts the newest first.
 */
import type { Pid, Reason, Reference } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { Next, noOptions, Reply, Stop } from '../outcome.ts'
import type { Ran } from './attempt.ts'
import {
  type EventHandler,
  type HandlerId,
  type HandlerSpec,
  type Removal,
  sameHandler,
} from './handler.ts'
import {
  type AnyEventOutcome,
  isEventOutcome,
  Remove,
  RemoveReply,
  Swap,
  SwapReply,
} from './outcome.ts'

/** The process that is told when its handler is removed, and with which a handler is. */
export type Owner = {
  readonly pid: Pid
  /** The owner's monitor on the manager, which names the handler in what it is told. */
  readonly ref: Reference
  /** The manager's monitor on the owner. */
  readonly watch: Reference
}

export type Installed = {
  readonly handler: EventHandler
  readonly id: HandlerId
  readonly state: unknown
  readonly owner: Owner | null
}

/** Handlers in the order in which they were installed. */
export type Handlers = readonly Installed[]

export function find(handlers: Handlers, id: HandlerId): Installed | undefined {
  return handlers.find((one) => sameHandler(one.id, id))
}

export function without(handlers: Handlers, id: HandlerId): Handlers {
  return handlers.filter((one) => !sameHandler(one.id, id))
}

/** `handlers` with `by` in the place of `id`. */
export function replaced(handlers: Handlers, id: HandlerId, by: Installed): Handlers {
  return handlers.map((one) => (sameHandler(one.id, id) ? by : one))
}

/** Why `spec` cannot be installed, in the place of `instead` if given; undefined: it can. */
export function refusal(
  handlers: Handlers,
  spec: HandlerId,
  known: ReadonlyMap<string, EventHandler>,
  max: number,
  instead?: HandlerId,
): Reason | undefined {
  if (!known.has(spec.module)) return { tag: 'unknownHandler', module: spec.module }
  const others = instead === undefined ? handlers : without(handlers, instead)
  if (find(others, spec) !== undefined) return 'alreadyInstalled'
  return others.length >= max ? { tag: 'systemLimit', limit: 'eventHandlers', max } : undefined
}

export type Verdict =
  | { readonly tag: 'keep'; readonly state: unknown }
  | { readonly tag: 'remove'; readonly state: unknown; readonly why: Removal }
  | {
      readonly tag: 'swap'
      readonly state: unknown
      readonly to: HandlerSpec
      readonly arg: unknown
    }

/** What a call's caller hears. */
export type Answer =
  | { readonly tag: 'ok'; readonly value: unknown }
  | { readonly tag: 'error'; readonly reason: Reason }

/** After `event` or `info`. */
export function verdictOf(before: unknown, ran: Ran): Verdict {
  if (ran.tag === 'failed') return failed(before, ran.reason)
  const { value } = ran
  if (value instanceof Next && value.options === noOptions) {
    return { tag: 'keep', state: value.state }
  }
  if (value instanceof Remove) return { tag: 'remove', state: value.state, why: { tag: 'remove' } }
  if (value instanceof Swap) {
    return { tag: 'swap', state: value.state, to: value.to, arg: value.arg }
  }
  return failed(before, badReturn(value))
}

/** After a call: what becomes of the handler, and what the caller hears. */
export function verdictOfCall(before: unknown, ran: Ran): readonly [Verdict, Answer] {
  const value = ran.tag === 'returned' ? ran.value : undefined
  if (value instanceof Reply && value.options === noOptions) {
    return [{ tag: 'keep', state: value.state }, ok(value.value)]
  }
  if (value instanceof RemoveReply) {
    return [{ tag: 'remove', state: value.state, why: { tag: 'remove' } }, ok(value.value)]
  }
  if (value instanceof SwapReply) {
    return [{ tag: 'swap', state: value.state, to: value.to, arg: value.arg }, ok(value.value)]
  }
  const reason = ran.tag === 'failed' ? ran.reason : badReturn(value)
  return [failed(before, reason), { tag: 'error', reason }]
}

export type Begun =
  | { readonly tag: 'ok'; readonly state: unknown }
  | { readonly tag: 'error'; readonly reason: Reason }

/** After `init`: a plain value is the first state. */
export function begun(ran: Ran): Begun {
  if (ran.tag === 'failed') return { tag: 'error', reason: ran.reason }
  const { value } = ran
  if (value instanceof Stop) return { tag: 'error', reason: value.reason }
  if (value instanceof Next && value.options === noOptions) {
    return { tag: 'ok', state: value.state }
  }
  if (isEventOutcome(value)) return { tag: 'error', reason: badReturn(value) }
  return { tag: 'ok', state: value }
}

/** What the owner of a removed handler is told; undefined: nothing, since it is the owner's end. */
export function reasonTold(why: Removal, successor: HandlerId | null, by: Pid | null) {
  switch (why.tag) {
    case 'delete':
    case 'remove':
      return 'normal'
    case 'stop':
      return 'shutdown'
    case 'swap':
      return { tag: 'swapped', to: successor, by } as const
    case 'error':
      return why.reason
    case 'ownerExit':
      return undefined
  }
}

function failed(state: unknown, reason: Reason): Verdict {
  return { tag: 'remove', state, why: { tag: 'error', reason } }
}

function ok(value: unknown): Answer {
  return { tag: 'ok', value }
}

function badReturn(value: unknown): Reason {
  return { tag: 'badReturnValue', got: isEventOutcome(value) ? nameOf(value) : show(value) }
}

/** Options are those of servers: a handler has no timeout and no `continue` of its own. */
function nameOf(outcome: AnyEventOutcome): string {
  const { name } = outcome.constructor
  return 'options' in outcome && outcome.options !== noOptions ? `${name} with options` : name
}

/**
 * What a state machine does next (rules F5 to F15), pure: `(machine, input, env) -> [machine,
 * actions]`. The process beside it (`statem.ts`) runs the callbacks, replies and keeps the timers,
 * and feeds back what came of it. Source: OTP 25, gen_statem.
 *
 * Invariant: at most one callback is out (`doing`), and only the answer to it is accepted then.
 * Events of the machine's own (`events`, then timeouts due at once) come before any mail.
 */
import type { Reason, Reference } from '../../runtime/index.ts'
import { show } from '../../runtime/kernel.ts'
import { Ignore, Next, Reply, Stop, StopReply } from '../outcome.ts'
import type { StatemEvent } from './event.ts'
import type { Wishes } from './options.ts'
import { Keep, Repeat, StopAndReply, To, unchanged } from './outcome.ts'
import { push, pushAll, type Stack, unwindOnto } from './stack.ts'
import {
  cancelTimeout,
  expire,
  noTimeouts,
  setTimeouts,
  type TimeoutAction,
  type Timeouts,
  type TimerAction,
  takeZero,
} from './timeouts.ts'

/** A callback that is out, and what those before it in this transition have asked for. */
type Doing = {
  /** Null while the machine begins. */
  readonly event: StatemEvent | null
  /** The state before the transition. */
  readonly from: string
  /** The callback is `enter`. */
  readonly entering: boolean
  readonly next: readonly StatemEvent[]
  readonly timeouts: readonly TimeoutAction[]
  readonly postpone: boolean
}

export type Machine = {
  readonly state: string
  readonly data: unknown
  /** Inserted and retried events, the next one on top. */
  readonly events: Stack<StatemEvent>
  /** The newest on top. */
  readonly postponed: Stack<StatemEvent>
  readonly postponedCount: number
  readonly timeouts: Timeouts
  readonly doing: Doing | null
}

export type Input =
  | { readonly tag: 'begin'; readonly outcome: To<string, unknown, unknown> }
  /** Mail has come. */
  | { readonly tag: 'event'; readonly event: StatemEvent }
  | { readonly tag: 'expired'; readonly key: string; readonly id: number }
  /** Nothing else is to be done: on with the machine's own events. */
  | { readonly tag: 'next' }
  /** The callback that was out returned this, or threw it as an outcome. */
  | { readonly tag: 'returned'; readonly outcome: unknown }

/** What the process does, in order. `handle` and `enter` come last, and so does `stop`. */
export type Action =
  | TimerAction
  | { readonly tag: 'reply'; readonly from: Reference; readonly value: unknown }
  /** Too many events are postponed: this one is given up. */
  | { readonly tag: 'overflow'; readonly event: StatemEvent }
  | { readonly tag: 'handle'; readonly event: StatemEvent }
  | { readonly tag: 'enter'; readonly previous: string }
  | { readonly tag: 'stop'; readonly reason: Reason }

export type Env = {
  /** Whether the machine has such a state. */
  has(state: string): boolean
  /** Whether entering it calls something. */
  enters(state: string): boolean
  readonly postponedMax: number
}

type Step = readonly [Machine, readonly Action[]]

/** A machine before `init` has said where it begins. */
export const unborn: Machine = {
  state: '',
  data: undefined,
  events: null,
  postponed: null,
  postponedCount: 0,
  timeouts: noTimeouts,
  doing: null,
}

/** True when `next` would find something. */
export function hasOwnEvents(machine: Machine): boolean {
  return machine.doing === null && (machine.events !== null || machine.timeouts.zeros.length > 0)
}

export function step(machine: Machine, input: Input, env: Env): Step {
  switch (input.tag) {
    case 'begin':
      return begin(input.outcome, env)
    case 'event':
      return handle(machine, input.event)
    case 'next':
      return next(machine)
    case 'expired': {
      const expired = expire(machine.timeouts, input.key, input.id)
      if (expired === undefined) return [machine, []]
      const [timeouts, event] = expired
      return handle({ ...machine, timeouts }, event)
    }
    case 'returned':
      return machine.doing === null ? [machine, []] : returned(machine, machine.doing, input, env)
  }
}

function begin({ state, data, wishes }: To<string, unknown, unknown>, env: Env): Step {
  const doing = { ...idle, event: null, from: state }
  const machine = { ...unborn, state, data, doing }
  return follow(machine, machine, doing, wishes, true, env)
}

const idle = { entering: false, next: [], timeouts: [], postpone: false } as const

function handle(machine: Machine, event: StatemEvent): Step {
  const doing = { ...idle, event, from: machine.state }
  return [{ ...machine, doing }, [{ tag: 'handle', event }]]
}

function next(machine: Machine): Step {
  if (machine.doing !== null) return [machine, []]
  if (machine.events !== null) {
    const { top, below } = machine.events
    return handle({ ...machine, events: below }, top)
  }
  const zero = takeZero(machine.timeouts)
  return zero === undefined ? [machine, []] : handle({ ...machine, timeouts: zero[0] }, zero[1])
}

/** Goes on with what the callback that was out returned. */
function returned(
  machine: Machine,
  doing: Doing,
  { outcome }: { readonly outcome: unknown },
  env: Env,
): Step {
  if (outcome instanceof Keep) {
    const data = outcome.data === unchanged ? machine.data : outcome.data
    return follow(machine, { ...machine, data }, doing, outcome.wishes, false, env)
  }
  if (outcome instanceof To) {
    const { state, data, wishes } = outcome
    const changes = state !== machine.state
    if (changes && doing.entering) return bad(machine, 'to')
    return follow(machine, { ...machine, state, data }, doing, wishes, changes, env)
  }
  if (outcome instanceof Repeat) {
    return follow(machine, { ...machine, data: outcome.data }, doing, outcome.wishes, true, env)
  }
  if (outcome instanceof Stop) {
    const data = outcome.state === undefined ? machine.data : outcome.state
    return [{ ...machine, data }, [{ tag: 'stop', reason: outcome.reason }]]
  }
  if (outcome instanceof StopAndReply) {
    const { reason, replies } = outcome
    const data = outcome.data === unchanged ? machine.data : outcome.data
    const answers = replies.map(({ from, value }) => ({ tag: 'reply', from, value }) as const)
    return [{ ...machine, data }, [...answers, { tag: 'stop', reason }]]
  }
  return [machine, [{ tag: 'stop', reason: badReturn(outcome) }]]
}

/**
 * Follows an outcome from `machine` to `after`: its replies first, then the state is entered if it
 * has to be, and only then the transition takes effect with all that its callbacks have asked for
 * (rule F7). What cannot be done leaves the machine as it was before the outcome.
 */
function follow(
  machine: Machine,
  after: Machine,
  doing: Doing,
  wishes: Wishes,
  entersAnew: boolean,
  env: Env,
): Step {
  if (!env.has(after.state)) {
    return [machine, [{ tag: 'stop', reason: { tag: 'undef', state: after.state } }]]
  }
  const { event, entering } = doing
  const caller = entering ? null : (event?.from ?? null)
  if (entering && wishes.next.length > 0) return bad(machine, 'next')
  if (wishes.postpone && (entering || event === null)) return bad(machine, 'postpone')
  if (wishes.reply !== null && caller === null) return bad(machine, 'reply')
  const replies: Action[] = wishes.replies.map(({ from, value }) => ({ tag: 'reply', from, value }))
  if (wishes.reply !== null && caller !== null) {
    replies.unshift({ tag: 'reply', from: caller, value: wishes.reply.value })
  }
  const asked: Doing = {
    ...doing,
    next: wishes.next.length === 0 ? doing.next : [...doing.next, ...wishes.next],
    timeouts:
      wishes.timeouts.length === 0 ? doing.timeouts : [...doing.timeouts, ...wishes.timeouts],
    postpone: doing.postpone || wishes.postpone,
  }
  if (entersAnew && env.enters(after.state)) {
    const entered = { ...after, doing: { ...asked, entering: true } }
    return [entered, [...replies, { tag: 'enter', previous: doing.from }]]
  }
  return settle(after, asked, replies, env)
}

/** The transition takes effect: nothing of it can fail any more. */
function settle(machine: Machine, doing: Doing, before: readonly Action[], env: Env): Step {
  const { event } = doing
  const actions = [...before]
  let { events, postponed, postponedCount } = machine
  if (doing.postpone && event !== null) {
    if (postponedCount >= env.postponedMax) actions.push({ tag: 'overflow', event })
    else {
      postponed = push(postponed, event)
      postponedCount++
    }
  }
  let [timeouts, timers] = cancelTimeout(machine.timeouts, 'eventTimeout')
  actions.push(...timers)
  if (machine.state !== doing.from) {
    events = unwindOnto(postponed, events)
    postponed = null
    postponedCount = 0
    ;[timeouts, timers] = cancelTimeout(timeouts, 'stateTimeout')
    actions.push(...timers)
  }
  events = pushAll(doing.next, events)
  ;[timeouts, timers] = setTimeouts(timeouts, doing.timeouts)
  actions.push(...timers)
  return [{ ...machine, events, postponed, postponedCount, timeouts, doing: null }, actions]
}

/** An outcome that asks for something its callback may not do, or that cannot be done. */
function bad(machine: Machine, action: 'to' | 'next' | 'postpone' | 'reply'): Step {
  const reason = { tag: 'badAction', action, state: machine.state }
  return [machine, [{ tag: 'stop', reason }]]
}

/** The reason of a machine whose callback returned no outcome of a machine. */
export function badReturn(value: unknown): Reason {
  return { tag: 'badReturnValue', got: outcomeName(value) ?? show(value) }
}

function outcomeName(value: unknown): string | undefined {
  const kinds = [Keep, To, Repeat, StopAndReply, Reply, Next, Stop, StopReply, Ignore]
  return kinds.find((kind) => value instanceof kind)?.name
}

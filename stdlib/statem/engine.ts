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
import { noWishes, type Wishes } from './options.ts'
import { Keep, Repeat, StopAndReply, To, unchanged } from './outcome.ts'
import { push, pushAll, type Stack, unwindOnto } from './stack.ts'
import {
  expire,
  noTimeouts,
  passTransition,
  type TimeoutAction,
  type Timeouts,
  type TimerAction,
  takeZero,
} from './timeouts.ts'

/** A callback that is out, and what those before it in this transition have asked for. */
class Doing {
  /** Null while the machine begins. */
  readonly event: StatemEvent | null
  /** The state before the transition. */
  readonly from: string
  /** The callback is `enter`. */
  readonly entering: boolean
  readonly next: readonly StatemEvent[]
  readonly timeouts: readonly TimeoutAction[]
  readonly postpone: boolean

  constructor(
    event: StatemEvent | null,
    from: string,
    entering: boolean,
    next: readonly StatemEvent[],
    timeouts: readonly TimeoutAction[],
    postpone: boolean,
  ) {
    this.event = event
    this.from = from
    this.entering = entering
    this.next = next
    this.timeouts = timeouts
    this.postpone = postpone
  }
}

/** A class, and never spread: copying an object with a changed field costs ten times as much. */
export class Machine {
  readonly state: string
  readonly data: unknown
  /** Inserted and retried events, the next one on top. */
  readonly events: Stack<StatemEvent>
  /** The newest on top. */
  readonly postponed: Stack<StatemEvent>
  readonly postponedCount: number
  readonly timeouts: Timeouts
  readonly doing: Doing | null

  constructor(
    state: string,
    data: unknown,
    events: Stack<StatemEvent>,
    postponed: Stack<StatemEvent>,
    postponedCount: number,
    timeouts: Timeouts,
    doing: Doing | null,
  ) {
    this.state = state
    this.data = data
    this.events = events
    this.postponed = postponed
    this.postponedCount = postponedCount
    this.timeouts = timeouts
    this.doing = doing
  }

  /** The same machine elsewhere, with a callback out or none. */
  at(state: string, data: unknown, doing: Doing | null): Machine {
    const { events, postponed, postponedCount, timeouts } = this
    return new Machine(state, data, events, postponed, postponedCount, timeouts, doing)
  }

  /** The same machine with other events and timeouts before it. */
  before(events: Stack<StatemEvent>, timeouts: Timeouts): Machine {
    const { state, data, postponed, postponedCount, doing } = this
    return new Machine(state, data, events, postponed, postponedCount, timeouts, doing)
  }
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
export const unborn = new Machine('', undefined, null, null, 0, noTimeouts, null)

const nothing: readonly Action[] = []

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
      if (expired === undefined) return [machine, nothing]
      return handle(machine.before(machine.events, expired[0]), expired[1])
    }
    case 'returned':
      return machine.doing === null
        ? [machine, nothing]
        : returned(machine, machine.doing, input.outcome, env)
  }
}

function begin({ state, data, wishes }: To<string, unknown, unknown>, env: Env): Step {
  const doing = new Doing(null, state, false, [], [], false)
  const machine = unborn.at(state, data, doing)
  return follow(machine, state, data, doing, wishes, true, env)
}

function handle(machine: Machine, event: StatemEvent): Step {
  const { state, data } = machine
  const { next, timeouts } = noWishes
  const doing = new Doing(event, state, false, next, timeouts, false)
  return [machine.at(state, data, doing), [{ tag: 'handle', event }]]
}

function next(machine: Machine): Step {
  if (machine.doing !== null) return [machine, nothing]
  if (machine.events !== null) {
    const { top, below } = machine.events
    return handle(machine.before(below, machine.timeouts), top)
  }
  const zero = takeZero(machine.timeouts)
  return zero === undefined ? [machine, nothing] : handle(machine.before(null, zero[0]), zero[1])
}

/** Goes on with what the callback that was out returned. */
function returned(machine: Machine, doing: Doing, outcome: unknown, env: Env): Step {
  const { state, data } = machine
  if (outcome instanceof Keep) {
    const kept = outcome.data === unchanged ? data : outcome.data
    return follow(machine, state, kept, doing, outcome.wishes, false, env)
  }
  if (outcome instanceof To) {
    const changes = outcome.state !== state
    if (changes && doing.entering) return bad(machine, 'to')
    return follow(machine, outcome.state, outcome.data, doing, outcome.wishes, changes, env)
  }
  if (outcome instanceof Repeat) {
    return follow(machine, state, outcome.data, doing, outcome.wishes, true, env)
  }
  if (outcome instanceof Stop) {
    const left = outcome.state === undefined ? data : outcome.state
    return [machine.at(state, left, doing), [{ tag: 'stop', reason: outcome.reason }]]
  }
  if (outcome instanceof StopAndReply) {
    const { reason, replies } = outcome
    const left = outcome.data === unchanged ? data : outcome.data
    const answers = replies.map(({ from, value }) => ({ tag: 'reply', from, value }) as const)
    return [machine.at(state, left, doing), [...answers, { tag: 'stop', reason }]]
  }
  return [machine, [{ tag: 'stop', reason: badReturn(outcome) }]]
}

/**
 * Follows an outcome to `state` and `data`: its replies first, then the state is entered if it has
 * to be, and only then the transition takes effect with all that its callbacks have asked for (rule
 * F7). What cannot be done leaves the machine as it was before the outcome.
 */
function follow(
  machine: Machine,
  state: string,
  data: unknown,
  doing: Doing,
  wishes: Wishes,
  entersAnew: boolean,
  env: Env,
): Step {
  if (!env.has(state)) return [machine, [{ tag: 'stop', reason: { tag: 'undef', state } }]]
  const { event, entering } = doing
  let asked = doing
  let replies = nothing
  if (wishes !== noWishes) {
    const caller = entering ? null : (event?.from ?? null)
    if (entering && wishes.next.length > 0) return bad(machine, 'next')
    if (wishes.postpone && (entering || event === null)) return bad(machine, 'postpone')
    if (wishes.reply !== null && caller === null) return bad(machine, 'reply')
    replies = repliesOf(wishes, caller)
    asked = add(doing, wishes)
  }
  if (entersAnew && env.enters(state)) {
    const { from, next, timeouts, postpone } = asked
    const entered = new Doing(event, from, true, next, timeouts, postpone)
    return [machine.at(state, data, entered), [...replies, { tag: 'enter', previous: from }]]
  }
  return settle(machine, state, data, asked, replies, env)
}

function repliesOf({ reply, replies }: Wishes, caller: Reference | null): readonly Action[] {
  const actions: Action[] = []
  if (reply !== null && caller !== null) {
    actions.push({ tag: 'reply', from: caller, value: reply.value })
  }
  for (const { from, value } of replies) actions.push({ tag: 'reply', from, value })
  return actions
}

function add(doing: Doing, wishes: Wishes): Doing {
  return new Doing(
    doing.event,
    doing.from,
    doing.entering,
    wishes.next.length === 0 ? doing.next : [...doing.next, ...wishes.next],
    wishes.timeouts.length === 0 ? doing.timeouts : [...doing.timeouts, ...wishes.timeouts],
    doing.postpone || wishes.postpone,
  )
}

/** The transition takes effect: nothing of it can fail any more. */
function settle(
  machine: Machine,
  state: string,
  data: unknown,
  doing: Doing,
  replies: readonly Action[],
  env: Env,
): Step {
  const { event } = doing
  const changed = state !== doing.from
  let actions = replies
  let { events, postponed, postponedCount } = machine
  if (doing.postpone && event !== null) {
    if (postponedCount >= env.postponedMax) actions = [...actions, { tag: 'overflow', event }]
    else {
      postponed = push(postponed, event)
      postponedCount++
    }
  }
  if (changed && postponed !== null) {
    events = unwindOnto(postponed, events)
    postponed = null
    postponedCount = 0
  }
  events = pushAll(doing.next, events)
  const [timeouts, timers] = passTransition(machine.timeouts, changed, doing.timeouts)
  if (timers.length > 0) actions = [...actions, ...timers]
  return [new Machine(state, data, events, postponed, postponedCount, timeouts, null), actions]
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

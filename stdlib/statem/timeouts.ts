/**
 * The timeouts of a state machine (rules F9 to F13), pure. One event timeout, one state timeout,
 * any number of generic ones by name; each has a key here, and setting one replaces what runs under
 * its key.
 *
 * Invariant: `zeros` holds the keys of exactly those timeouts that are due at once, in the order in
 * which they were set; every other timeout has an id that no earlier one had, which its expiry must
 * show. So an expiry that was on its way when its timeout was cancelled or replaced is told apart.
 *
 * Where OTP 25 loses a pending zero timeout that is replaced by a longer one (it comes back as a
 * stray message), here the longer one counts.
 */
import { StatemEvent } from './event.ts'

export type TimeoutTag = 'eventTimeout' | 'stateTimeout' | 'timeout'

/** What an outcome asks of one timeout. */
export type TimeoutAction = {
  readonly tag: TimeoutTag
  /** Name of a generic timeout; `''` for the other kinds. */
  readonly name: string
  readonly set:
    | { readonly tag: 'after'; readonly ms: number; readonly arg: unknown }
    | { readonly tag: 'at'; readonly ms: number; readonly arg: unknown }
    | { readonly tag: 'update'; readonly arg: unknown }
    | { readonly tag: 'cancel' }
}

type Running = {
  readonly tag: TimeoutTag
  readonly name: string
  readonly arg: unknown
  /** 0 while it lies in `zeros`. */
  readonly id: number
}

export type Timeouts = {
  readonly running: ReadonlyMap<string, Running>
  readonly zeros: readonly string[]
  readonly lastId: number
}

/** What the process does about its timers. `at` is monotonic; `after` counts from now. */
export type TimerAction =
  | {
      readonly tag: 'arm'
      readonly key: string
      readonly id: number
      readonly by: 'after' | 'at'
      readonly ms: number
    }
  | { readonly tag: 'disarm'; readonly id: number }

type Step = readonly [Timeouts, readonly TimerAction[]]

export const noTimeouts: Timeouts = { running: new Map(), zeros: [], lastId: 0 }

const nothing: readonly TimerAction[] = []

/** Names are the program's own, so a generic timeout must not look like one of the other kinds. */
function keyOf(tag: TimeoutTag, name: string): string {
  return tag === 'timeout' ? `timeout ${name}` : tag
}

/**
 * What a transition does to the timeouts: any event ends the event timeout, a change of state the
 * state timeout, and then what was asked for is set. Of several settings of one timeout the last
 * counts, in its own place in the order.
 */
export function passTransition(
  timeouts: Timeouts,
  changed: boolean,
  asked: readonly TimeoutAction[],
): Step {
  if (timeouts.running.size === 0 && asked.length === 0) return [timeouts, nothing]
  let now = timeouts
  const actions: TimerAction[] = []
  const take = ([then, timers]: Step): void => {
    now = then
    actions.push(...timers)
  }
  take(cancelKey(now, 'eventTimeout'))
  if (changed) take(cancelKey(now, 'stateTimeout'))
  const last = new Map<string, TimeoutAction>()
  for (const action of asked) {
    const key = keyOf(action.tag, action.name)
    last.delete(key)
    last.set(key, action)
  }
  for (const [key, action] of last) take(setOne(now, key, action))
  return [now, actions]
}

/** The event of a timer that expired; undefined when it was cancelled or replaced meanwhile. */
export function expire(
  timeouts: Timeouts,
  key: string,
  id: number,
): readonly [Timeouts, StatemEvent] | undefined {
  const timeout = timeouts.running.get(key)
  if (timeout === undefined || timeout.id !== id) return undefined
  return [without(timeouts, key), eventOf(timeout)]
}

/** Takes the oldest timeout that is due at once. */
export function takeZero(timeouts: Timeouts): readonly [Timeouts, StatemEvent] | undefined {
  const [key] = timeouts.zeros
  return key === undefined ? undefined : expire(timeouts, key, 0)
}

function setOne(timeouts: Timeouts, key: string, { tag, name, set }: TimeoutAction): Step {
  if (set.tag === 'cancel' || (set.tag === 'after' && set.ms === Number.POSITIVE_INFINITY)) {
    return cancelKey(timeouts, key)
  }
  const running = timeouts.running.get(key)
  if (set.tag === 'update' && running !== undefined) {
    return [withTimeout(timeouts, key, { ...running, arg: set.arg }), nothing]
  }
  const [free, actions] = cancelKey(timeouts, key)
  const dueAtOnce = set.tag === 'update' || (set.tag === 'after' && set.ms === 0)
  if (dueAtOnce) {
    const zero = withTimeout(free, key, { tag, name, arg: set.arg, id: 0 })
    return [{ ...zero, zeros: [...free.zeros, key] }, actions]
  }
  const id = timeouts.lastId + 1
  const armed = withTimeout(free, key, { tag, name, arg: set.arg, id })
  const arm = { tag: 'arm', key, id, by: set.tag, ms: set.ms } as const
  return [{ ...armed, lastId: id }, [...actions, arm]]
}

function cancelKey(timeouts: Timeouts, key: string): Step {
  const running = timeouts.running.get(key)
  if (running === undefined) return [timeouts, nothing]
  const disarmed = running.id === 0 ? nothing : [{ tag: 'disarm', id: running.id } as const]
  return [without(timeouts, key), disarmed]
}

function withTimeout(timeouts: Timeouts, key: string, timeout: Running): Timeouts {
  return { ...timeouts, running: new Map(timeouts.running).set(key, timeout) }
}

function without(timeouts: Timeouts, key: string): Timeouts {
  const running = new Map(timeouts.running)
  running.delete(key)
  return { ...timeouts, running, zeros: timeouts.zeros.filter((zero) => zero !== key) }
}

function eventOf({ tag, name, arg }: Running): StatemEvent {
  return new StatemEvent(tag, name, arg, null)
}

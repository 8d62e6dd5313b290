/**
 * What a supervisor decides (rules V5 to V10, V16), pure: `(state, event, env) -> [state,
 * actions]`. The process beside it (`perform.ts`) carries the actions out, in order, and feeds
 * their outcomes back as events. The children are a value that is used once (`children.ts`): go on
 * with the state returned.
 *
 * Invariant: a child with a pid is running as far as the supervisor knows; one without is stopped,
 * or `restarting` when an attempt failed and another is queued.
 */
import { isOrderly, type Pid, type Reason } from '../../runtime/index.ts'
import type { Child, Children } from './children.ts'
import { addRestart, type Restarts } from './intensity.ts'
import type { AutoShutdown, Restart, Strategy } from './spec.ts'
import { affected } from './strategy.ts'

export type SupervisorState = {
  readonly strategy: Strategy
  readonly intensity: number
  readonly periodMs: number
  readonly autoShutdown: AutoShutdown
  /** Whether a child that is not restarted keeps its spec; dynamic children do not (V15). */
  readonly keepsEnded: boolean
  readonly children: Children
  readonly restarts: Restarts
}

export type SupervisorEvent =
  /** A child ended by itself. */
  | { readonly tag: 'exited'; readonly pid: Pid; readonly reason: Reason }
  /** A queued restart attempt comes up. */
  | { readonly tag: 'retry'; readonly id: string }
  /** The process started a child, or found it declined (`pid` null). */
  | { readonly tag: 'started'; readonly id: string; readonly pid: Pid | null }
  /** A restart attempt failed: the rest of its group is not started. */
  | { readonly tag: 'startFailed'; readonly id: string; readonly reason: Reason }
  /** The process stopped a child. */
  | { readonly tag: 'stopped'; readonly id: string }

export type SupervisorAction =
  | { readonly tag: 'stop'; readonly id: string }
  | { readonly tag: 'start'; readonly id: string }
  /** Try again, after the mail that is waiting now. */
  | { readonly tag: 'queueRetry'; readonly id: string }
  | {
      readonly tag: 'report'
      readonly about: 'childTerminated' | 'startError'
      readonly child: Child
      readonly reason: Reason
    }
  /** Too many restarts: stop every child and exit `shutdown`. */
  | { readonly tag: 'giveUp' }
  /** The significant children have ended: stop every child and exit `shutdown`. */
  | { readonly tag: 'autoShutdown' }

export type SupervisorEnv = { readonly nowMs: number }

type Step = readonly [SupervisorState, readonly SupervisorAction[]]

export function supervise(
  state: SupervisorState,
  event: SupervisorEvent,
  env: SupervisorEnv,
): Step {
  if (event.tag === 'exited') {
    const child = state.children.byPid(event.pid)
    return child?.pid === event.pid ? exited(state, child, event.reason, env) : [state, []]
  }
  const child = state.children.byId(event.id)
  if (child === undefined) return [state, []]
  switch (event.tag) {
    case 'retry':
      return child.restarting ? restart(state, child, env, []) : [state, []]
    case 'started':
      return [event.pid === null ? ended(state, child) : runs(state, child, event.pid), []]
    case 'startFailed':
      return [
        replaced(state, { ...child, pid: null, restarting: true }),
        [
          { tag: 'report', about: 'startError', child, reason: event.reason },
          { tag: 'queueRetry', id: event.id },
        ],
      ]
    case 'stopped':
      return [ended(state, child), []]
  }
}

/** Whether a child that ended with `reason` is started again (rule V5). */
export function shouldRestart(restart: Restart, reason: Reason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason))
}

/** With one more child, started or declined (`pid` null), as the last. */
export function added(
  state: SupervisorState,
  spec: Child['spec'],
  pid: Pid | null,
): SupervisorState {
  if (pid === null && !isKept(state, spec.restart)) return state
  const child: Child = { spec, pid, restarting: false, formerPid: null }
  return { ...state, children: state.children.add(child) }
}

export function without(state: SupervisorState, id: string): SupervisorState {
  return { ...state, children: state.children.remove(id) }
}

function exited(state: SupervisorState, child: Child, reason: Reason, env: SupervisorEnv): Step {
  const { restart: kind, significant } = child.spec
  const report: SupervisorAction[] =
    kind === 'permanent' || !isOrderly(reason)
      ? [{ tag: 'report', about: 'childTerminated', child, reason }]
      : []
  if (shouldRestart(kind, reason)) return restart(state, child, env, report)
  const after = ended(state, child)
  const over = significant && isOver(after)
  return [after, over ? [...report, { tag: 'autoShutdown' }] : report]
}

/** Whether the end of a significant child was the one to stop for (rule V16). */
function isOver({ autoShutdown, children }: SupervisorState): boolean {
  if (autoShutdown === 'allSignificant') return children.significant === 0
  return autoShutdown === 'anySignificant'
}

function restart(
  state: SupervisorState,
  child: Child,
  env: SupervisorEnv,
  before: readonly SupervisorAction[],
): Step {
  const { restarts, exceeded } = addRestart(
    state.restarts,
    env.nowMs,
    state.intensity,
    state.periodMs,
  )
  const { id } = child.spec
  const formerPid = child.pid ?? child.formerPid
  const waiting: Child = { spec: child.spec, pid: null, restarting: true, formerPid }
  const counted = { ...replaced(state, waiting), restarts }
  if (exceeded) return [counted, [...before, { tag: 'giveUp' }]]
  const { stop, start } = affected(state.strategy, counted.children, id)
  // Temporary siblings are stopped with the others and never come back (V6).
  const back = start.filter(({ spec }) => spec.id === id || spec.restart !== 'temporary')
  return [
    counted,
    [
      ...before,
      ...stop.map(({ spec }) => ({ tag: 'stop', id: spec.id }) as const),
      ...back.map(({ spec }) => ({ tag: 'start', id: spec.id }) as const),
    ],
  ]
}

function runs(state: SupervisorState, child: Child, pid: Pid): SupervisorState {
  return replaced(state, { spec: child.spec, pid, restarting: false, formerPid: null })
}

/** A child that does not run and is not to: its spec is kept, or it is forgotten. */
function ended(state: SupervisorState, { spec }: Child): SupervisorState {
  if (!isKept(state, spec.restart)) return without(state, spec.id)
  return replaced(state, { spec, pid: null, restarting: false, formerPid: null })
}

function isKept(state: SupervisorState, restart: Restart): boolean {
  return state.keepsEnded && restart !== 'temporary'
}

function replaced(state: SupervisorState, child: Child): SupervisorState {
  return { ...state, children: state.children.replace(child) }
}

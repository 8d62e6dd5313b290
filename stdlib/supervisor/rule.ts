/**
 * What a supervisor decides (rules V5 to V10), pure: `(state, event, env) -> [state, actions]`. The
 * process beside it (`supervisor.ts`) carries the actions out, in order, and feeds their outcomes
 * back as events.
 *
 * Invariant: a child with a pid is running as far as the supervisor knows; one without is stopped,
 * or `restarting` when an attempt failed and another is queued.
 */
import { isOrderly, type Pid, type Reason } from '../../runtime/index.ts'
import { addRestart, type Restarts } from './intensity.ts'
import type { ChildSpec, Restart, Strategy } from './spec.ts'
import { affected } from './strategy.ts'

export type Child = {
  readonly spec: ChildSpec
  readonly pid: Pid | null
  readonly restarting: boolean
}

export type SupervisorState = {
  readonly strategy: Strategy
  readonly intensity: number
  readonly periodMs: number
  /** In start order. */
  readonly children: readonly Child[]
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
      readonly id: string
      readonly reason: Reason
    }
  /** Too many restarts: stop every child and exit `shutdown`. */
  | { readonly tag: 'giveUp' }

export type SupervisorEnv = { readonly nowMs: number }

type Step = readonly [SupervisorState, readonly SupervisorAction[]]

export function supervise(
  state: SupervisorState,
  event: SupervisorEvent,
  env: SupervisorEnv,
): Step {
  switch (event.tag) {
    case 'exited':
      return childExited(state, event.pid, event.reason, env)
    case 'retry': {
      const child = state.children.find(({ spec }) => spec.id === event.id)
      return child?.restarting ? restart(state, event.id, env, []) : [state, []]
    }
    case 'started':
      if (event.pid === null && restartOf(state, event.id) === 'temporary') {
        return [without(state, event.id), []]
      }
      return [change(state, event.id, { pid: event.pid, restarting: false }), []]
    case 'startFailed':
      return [
        change(state, event.id, { pid: null, restarting: true }),
        [
          { tag: 'report', about: 'startError', id: event.id, reason: event.reason },
          { tag: 'queueRetry', id: event.id },
        ],
      ]
    case 'stopped':
      if (restartOf(state, event.id) === 'temporary') return [without(state, event.id), []]
      return [change(state, event.id, { pid: null, restarting: false }), []]
  }
}

/** Whether a child that ended with `reason` is started again (rule V5). */
export function shouldRestart(restart: Restart, reason: Reason): boolean {
  return restart === 'permanent' || (restart === 'transient' && !isOrderly(reason))
}

function childExited(state: SupervisorState, pid: Pid, reason: Reason, env: SupervisorEnv): Step {
  const child = state.children.find((candidate) => candidate.pid === pid)
  if (child === undefined) return [state, []]
  const { id, restart: kind } = child.spec
  const report: SupervisorAction[] =
    kind === 'permanent' || !isOrderly(reason)
      ? [{ tag: 'report', about: 'childTerminated', id, reason }]
      : []
  if (shouldRestart(kind, reason)) return restart(state, id, env, report)
  if (kind === 'temporary') return [without(state, id), report]
  return [change(state, id, { pid: null, restarting: false }), report]
}

function restart(
  state: SupervisorState,
  id: string,
  env: SupervisorEnv,
  before: readonly SupervisorAction[],
): Step {
  const { restarts, exceeded } = addRestart(
    state.restarts,
    env.nowMs,
    state.intensity,
    state.periodMs,
  )
  const counted = { ...change(state, id, { pid: null, restarting: true }), restarts }
  if (exceeded) return [counted, [...before, { tag: 'giveUp' }]]
  const ids = counted.children.map(({ spec }) => spec.id)
  const { stop, start } = affected(state.strategy, ids, id)
  // Temporary siblings are stopped with the others and never come back (V6).
  const back = start.filter((other) => other === id || restartOf(counted, other) !== 'temporary')
  return [
    counted,
    [
      ...before,
      ...stop.map((other) => ({ tag: 'stop', id: other }) as const),
      ...back.map((other) => ({ tag: 'start', id: other }) as const),
    ],
  ]
}

function restartOf(state: SupervisorState, id: string): Restart | undefined {
  return state.children.find(({ spec }) => spec.id === id)?.spec.restart
}

function change(
  state: SupervisorState,
  id: string,
  to: { readonly pid: Pid | null; readonly restarting: boolean },
): SupervisorState {
  const children = state.children.map((child) =>
    child.spec.id === id ? { ...child, ...to } : child,
  )
  return { ...state, children }
}

export function without(state: SupervisorState, id: string): SupervisorState {
  return { ...state, children: state.children.filter(({ spec }) => spec.id !== id) }
}

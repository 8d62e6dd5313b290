/**
 * The supervisor process: a gen_server that carries out what `rule.ts` decides. It traps exits,
 * starts children in order and waits for each one's `init`, stops them in reverse, and ends with
 * its parent.
 *
 * Differences from OTP: children are named data, looked up in the node's modules at every start;
 * a failed `startChild` answers with the reason alone, without a copy of the spec.
 */
import type { Module, Pid, Reason, Self } from '../../runtime/index.ts'
import { runtimeLimits } from '../../runtime/kernel.ts'
import { genServer } from '../gen-server.ts'
import { checkFunction } from '../given.ts'
import { Ignore, next, reply, type Stop, stop } from '../outcome.ts'
import type { Child, ChildCounts } from './children.ts'
import { childless, eventOf, type Handled, handle, startSpec, step, stopChild } from './perform.ts'
import { reportChild } from './report.ts'
import { added, type SupervisorState, without } from './rule.ts'
import {
  type ChildSpec,
  checkChild,
  checkFlags,
  isSpecError,
  type SpecError,
  type SupervisorFlags,
  supervisorMark,
} from './spec.ts'
import { TreeState, withoutArgs } from './state.ts'

export type ChildInfo = {
  readonly id: string
  readonly pid: Pid | null
  readonly restarting: boolean
  readonly type: 'worker' | 'supervisor'
  readonly module: string
}

export type StartedChild =
  | { readonly tag: 'ok'; readonly pid: Pid | null }
  | { readonly tag: 'error'; readonly reason: Reason | SpecError }

export type Done<E extends string> =
  | { readonly tag: 'ok' }
  | { readonly tag: 'error'; readonly reason: E }

/**
 * What a supervisor answers (OTP's `supervisor` API, rule V14). `startChild` fails with
 * `{ tag: 'alreadyStarted', pid }`, `alreadyPresent`, `{ tag: 'startSpec' }`,
 * `{ tag: 'unknownModule' }`, `{ tag: 'systemLimit' }` or the child's own reason; `restartChild`
 * with `notFound`, `running`, `restarting` or the child's reason. A child that ignores is `ok`
 * with `pid: null`.
 */
export type Supervisor = {
  calls: {
    startChild: (spec: ChildSpec) => StartedChild
    restartChild: (id: string) => StartedChild
    terminateChild: (id: string) => Done<'notFound'>
    deleteChild: (id: string) => Done<'notFound' | 'running' | 'restarting'>
    whichChildren: () => ChildInfo[]
    countChildren: () => ChildCounts
  }
}

/**
 * Defines a supervisor: `supervisor('shop.tree', (config) => ({ strategy, children: [...] }))`.
 * `describe` runs at every start of the supervisor, with its argument; it may answer `ignore()`.
 */
export function supervisor<Arg = void>(
  name: string,
  describe: (arg: Arg) => SupervisorFlags | Ignore,
): Module<Supervisor, Arg> {
  checkFunction('supervisor', describe)
  const module = genServer<Supervisor>(name)({
    init: (arg: Arg, self): Promise<TreeState | Stop<never>> | Ignore => {
      self.trapExit(true)
      const flags = describe(arg)
      return flags instanceof Ignore ? flags : startAll(self, flags)
    },
    calls: {
      startChild: async ({ supervised }, spec, self) => {
        const [result, after] = await addChild(self, supervised, spec)
        return reply(result, new TreeState(after))
      },
      restartChild: async ({ supervised }, id, self) => {
        const [result, after] = await restartChild(self, supervised, id)
        return reply(result, new TreeState(after))
      },
      terminateChild: async (state, id, self) => {
        const child = state.supervised.children.byId(id)
        if (child === undefined) return reply({ tag: 'error', reason: 'notFound' }, state)
        const after = await stopChild(self, state.supervised, child)
        return reply({ tag: 'ok' }, new TreeState(after))
      },
      deleteChild: (state, id) => {
        const child = state.supervised.children.byId(id)
        if (child === undefined) return reply({ tag: 'error', reason: 'notFound' }, state)
        if (child.restarting) return reply({ tag: 'error', reason: 'restarting' }, state)
        if (child.pid !== null) return reply({ tag: 'error', reason: 'running' }, state)
        return reply({ tag: 'ok' }, new TreeState(without(state.supervised, id)))
      },
      whichChildren: (state) =>
        reply([...state.supervised.children.backwards()].map(infoOf), state),
      countChildren: (state) => reply(state.supervised.children.counts, state),
    },
    info: (state, message, self) => {
      const event = eventOf(self, state.supervised, message)
      if (event === undefined) return next(state)
      return handle(self, state.supervised, event).then(goOn)
    },
    terminate: async (_reason, state, self) => {
      await stopAll(self, state.supervised)
    },
    formatStatus: (state) => withoutArgs(state.shown()),
  })
  Object.defineProperty(module, supervisorMark, { value: true })
  return module
}

function goOn({ state: supervised, ends }: Handled) {
  const state = new TreeState(supervised)
  return ends ? stop('shutdown', state) : next(state)
}

async function startAll(self: Self, flags: SupervisorFlags): Promise<TreeState | Stop<never>> {
  const checked = checkFlags(flags)
  if (isSpecError(checked)) return stop({ ...checked })
  let state = childless(checked, true)
  for (const spec of checked.children) {
    const result = await startSpec(self, spec)
    if (result.tag === 'error') {
      // Rule V3: those already started are stopped in reverse, and the supervisor says why.
      reportChild(self, 'startError', { spec, pid: null }, result.reason)
      await stopAll(self, state)
      const detail = { tag: 'failedToStartChild', id: spec.id, reason: result.reason }
      return stop({ tag: 'shutdown', detail })
    }
    state = added(state, spec, result.pid)
  }
  return new TreeState(state)
}

async function stopAll(self: Self, state: SupervisorState): Promise<void> {
  let current = state
  for (const child of [...state.children.backwards()]) {
    current = await stopChild(self, current, child)
  }
}

async function addChild(
  self: Self,
  state: SupervisorState,
  candidate: ChildSpec,
): Promise<[StartedChild, SupervisorState]> {
  const spec = checkChild(candidate, 'spec', state.autoShutdown)
  if (isSpecError(spec)) return [{ tag: 'error', reason: spec }, state]
  const known = state.children.byId(spec.id)
  if (known?.pid) {
    return [{ tag: 'error', reason: { tag: 'alreadyStarted', pid: known.pid } }, state]
  }
  if (known !== undefined) return [{ tag: 'error', reason: 'alreadyPresent' }, state]
  const max = runtimeLimits.supervisorChildrenMax
  if (state.children.size >= max) {
    return [{ tag: 'error', reason: { tag: 'systemLimit', limit: 'children', max } }, state]
  }
  const result = await startSpec(self, spec)
  return [result, result.tag === 'error' ? state : added(state, spec, result.pid)]
}

async function restartChild(
  self: Self,
  state: SupervisorState,
  id: string,
): Promise<[StartedChild, SupervisorState]> {
  const child = state.children.byId(id)
  if (child === undefined) return [{ tag: 'error', reason: 'notFound' }, state]
  if (child.restarting) return [{ tag: 'error', reason: 'restarting' }, state]
  if (child.pid !== null) return [{ tag: 'error', reason: 'running' }, state]
  const result = await startSpec(self, child.spec)
  if (result.tag === 'error') return [result, state]
  return [result, step(self, state, { tag: 'started', id, pid: result.pid })[0]]
}

function infoOf({ spec, pid, restarting }: Child): ChildInfo {
  return { id: spec.id, pid, restarting, type: spec.type, module: spec.module }
}

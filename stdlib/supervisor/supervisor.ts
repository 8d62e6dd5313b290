/**
 * The supervisor process: a gen_server that carries out what `rule.ts` decides. It traps exits,
 * starts children in order and waits for each one's `init`, stops them in reverse, and ends with
 * its parent. Restart attempts that failed go through the mailbox, so that requests get their turn
 * in between (rule V10).
 *
 * Difference from OTP: children are named data, looked up in the node's modules at every start.
 */
import { isExit, type Module, type Pid, type Reason, type Self } from '../../runtime/index.ts'
import { processOfSelf, withoutStack } from '../../runtime/kernel.ts'
import { startWith } from '../gen.ts'
import { genServer } from '../gen-server.ts'
import { next, reply, type Stop, stop } from '../outcome.ts'
import { noRestarts } from './intensity.ts'
import {
  type Child,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  supervise,
  without,
} from './rule.ts'
import { shutdownChild } from './shutdown.ts'
import {
  type ChildSpec,
  checkChild,
  checkFlags,
  isSpecError,
  type SpecError,
  type SupervisorFlags,
  supervisorMark,
} from './spec.ts'

export type ChildInfo = {
  readonly id: string
  readonly pid: Pid | null
  readonly restarting: boolean
  readonly type: 'worker' | 'supervisor'
  readonly module: string
}

export type ChildCounts = {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

export type StartedChild =
  | { readonly tag: 'ok'; readonly pid: Pid | null }
  | { readonly tag: 'error'; readonly reason: Reason | SpecError }

export type Done<E extends string> =
  | { readonly tag: 'ok' }
  | { readonly tag: 'error'; readonly reason: E }

/** What a supervisor answers (OTP's `supervisor` API, rule V14). */
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

type RetryMessage = { readonly tag: '$retry'; readonly id: string }

function isRetry(message: unknown): message is RetryMessage {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$retry'
  )
}

/**
 * Defines a supervisor: `supervisor('shop.tree', (config) => ({ strategy, children: [...] }))`.
 * `describe` runs at every start of the supervisor, with its argument.
 */
export function supervisor<Arg = void>(
  name: string,
  describe: (arg: Arg) => SupervisorFlags,
): Module<Supervisor, Arg> {
  const module = genServer<Supervisor>(name)({
    init: (arg: Arg, self): Promise<SupervisorState | Stop<never>> => {
      self.trapExit(true)
      return startAll(self, describe(arg))
    },
    calls: {
      startChild: async (state, spec, self) => {
        const [result, after] = await addChild(self, state, spec)
        return reply(result, after)
      },
      restartChild: async (state, id, self) => {
        const [result, after] = await restartChild(self, state, id)
        return reply(result, after)
      },
      terminateChild: async (state, id, self) => {
        const child = find(state, id)
        if (child === undefined) return reply({ tag: 'error', reason: 'notFound' }, state)
        const after = await stopChild(self, state, child)
        return reply({ tag: 'ok' }, after)
      },
      deleteChild: (state, id) => {
        const child = find(state, id)
        if (child === undefined) return reply({ tag: 'error', reason: 'notFound' }, state)
        if (child.restarting) return reply({ tag: 'error', reason: 'restarting' }, state)
        if (child.pid !== null) return reply({ tag: 'error', reason: 'running' }, state)
        return reply({ tag: 'ok' }, without(state, id))
      },
      whichChildren: (state) => reply(state.children.map(infoOf).reverse(), state),
      countChildren: (state) => reply(countOf(state.children), state),
    },
    info: async (state, message, self) => {
      if (isExit()(message)) {
        return handle(self, state, { tag: 'exited', pid: message.from, reason: message.reason })
      }
      if (isRetry(message)) return handle(self, state, { tag: 'retry', id: message.id })
      return next(state)
    },
    terminate: async (_reason, state, self) => {
      await stopAll(self, state)
    },
  })
  Object.defineProperty(module, supervisorMark, { value: true })
  return module
}

async function startAll(
  self: Self,
  flags: SupervisorFlags,
): Promise<SupervisorState | Stop<never>> {
  const checked = checkFlags(flags)
  if (isSpecError(checked)) return stop({ ...checked })
  const { strategy, intensity, periodMs } = checked
  let state: SupervisorState = { strategy, intensity, periodMs, children: [], restarts: noRestarts }
  for (const spec of checked.children) {
    const result = await startSpec(self, spec)
    if (result.tag === 'error') {
      // Rule V3: those already started are stopped in reverse, and the supervisor says why.
      await stopAll(self, state)
      const detail = { tag: 'failedToStartChild', id: spec.id, reason: result.reason }
      return stop({ tag: 'shutdown', detail })
    }
    if (result.pid === null && spec.restart === 'temporary') continue
    const child: Child = { spec, pid: result.pid, restarting: false }
    state = { ...state, children: [...state.children, child] }
  }
  return state
}

type SpecStart =
  | { readonly tag: 'ok'; readonly pid: Pid | null }
  | { readonly tag: 'error'; readonly reason: Reason }

async function startSpec(self: Self, spec: ChildSpec): Promise<SpecStart> {
  const { system } = processOfSelf(self)
  const module = system.modules.find(spec.module)
  if (module === undefined) {
    return { tag: 'error', reason: { tag: 'unknownModule', module: spec.module } }
  }
  const result = await startWith(
    self,
    module,
    spec.arg,
    spec.name === null ? {} : { name: spec.name },
    true,
  )
  if (result.tag === 'ok') return { tag: 'ok', pid: result.pid }
  if (result.tag === 'ignore') return { tag: 'ok', pid: null }
  return result
}

/** Carries out the consequences of an event, one action after the other. */
async function handle(self: Self, state: SupervisorState, event: SupervisorEvent) {
  let [current, actions] = step(self, state, event)
  const queue: SupervisorAction[] = [...actions]
  for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
    switch (action.tag) {
      case 'report':
        report(self, action.about, action.id, action.reason)
        break
      case 'queueRetry':
        self.send(self.pid, { tag: '$retry', id: action.id })
        break
      case 'giveUp':
        report(self, 'shutdown', self.pid.toString(), 'reachedMaxRestartIntensity')
        return stop('shutdown', current)
      case 'stop': {
        const child = find(current, action.id)
        if (child !== undefined) current = await stopChild(self, current, child)
        break
      }
      case 'start': {
        const { id } = action
        const child = find(current, id)
        if (child === undefined) break
        const result = await startSpec(self, child.spec)
        const outcome: SupervisorEvent =
          result.tag === 'ok'
            ? { tag: 'started', id, pid: result.pid }
            : { tag: 'startFailed', id, reason: result.reason }
        ;[current, actions] = step(self, current, outcome)
        // What follows a failed start in its group waits for the retry.
        if (result.tag === 'error') queue.length = 0
        queue.push(...actions)
        break
      }
    }
  }
  return next(current)
}

function step(self: Self, state: SupervisorState, event: SupervisorEvent) {
  const { system } = processOfSelf(self)
  return supervise(state, event, { nowMs: system.platform.clock.now() })
}

async function stopChild(
  self: Self,
  state: SupervisorState,
  child: Child,
): Promise<SupervisorState> {
  const { id, shutdown } = child.spec
  if (child.pid !== null) {
    const reason = await shutdownChild(self, child.pid, shutdown)
    const expected = shutdown === 'brutalKill' ? 'killed' : 'shutdown'
    if (reason !== expected && reason !== 'normal' && reason !== 'noproc') {
      report(self, 'shutdownError', id, reason)
    }
  }
  return step(self, state, { tag: 'stopped', id })[0]
}

async function stopAll(self: Self, state: SupervisorState): Promise<void> {
  let current = state
  for (const child of [...state.children].reverse()) current = await stopChild(self, current, child)
}

async function addChild(
  self: Self,
  state: SupervisorState,
  candidate: ChildSpec,
): Promise<[StartedChild, SupervisorState]> {
  const spec = checkChild(candidate, 'spec')
  if (isSpecError(spec)) return [{ tag: 'error', reason: spec }, state]
  const known = find(state, spec.id)
  if (known?.pid) {
    return [{ tag: 'error', reason: { tag: 'alreadyStarted', pid: known.pid } }, state]
  }
  if (known !== undefined) return [{ tag: 'error', reason: 'alreadyPresent' }, state]
  const result = await startSpec(self, spec)
  if (result.tag === 'error') return [result, state]
  if (result.pid === null && spec.restart === 'temporary') return [result, state]
  const children = [...state.children, { spec, pid: result.pid, restarting: false }]
  return [result, { ...state, children }]
}

async function restartChild(
  self: Self,
  state: SupervisorState,
  id: string,
): Promise<[StartedChild, SupervisorState]> {
  const child = find(state, id)
  if (child === undefined) return [{ tag: 'error', reason: 'notFound' }, state]
  if (child.restarting) return [{ tag: 'error', reason: 'restarting' }, state]
  if (child.pid !== null) return [{ tag: 'error', reason: 'running' }, state]
  const result = await startSpec(self, child.spec)
  if (result.tag === 'error') return [result, state]
  return [result, step(self, state, { tag: 'started', id, pid: result.pid })[0]]
}

function find(state: SupervisorState, id: string): Child | undefined {
  return state.children.find(({ spec }) => spec.id === id)
}

function infoOf({ spec, pid, restarting }: Child): ChildInfo {
  return { id: spec.id, pid, restarting, type: spec.type, module: spec.module }
}

function countOf(children: readonly Child[]): ChildCounts {
  const supervisors = children.filter(({ spec }) => spec.type === 'supervisor').length
  return {
    specs: children.length,
    active: children.filter(({ pid }) => pid !== null).length,
    supervisors,
    workers: children.length - supervisors,
  }
}

function report(self: Self, about: string, child: string, reason: Reason): void {
  const { system } = processOfSelf(self)
  system.trace.log('error', `supervisor: ${about}`, {
    supervisor: self.pid,
    child,
    reason: withoutStack(reason),
  })
}

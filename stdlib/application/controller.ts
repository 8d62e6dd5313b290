/**
 * The application controller of a node (OTP `application_controller`): one process that knows
 * which applications are loaded and running, and their configuration. It decides by `rule.ts`, and
 * never waits: a start or a stop is answered when the master has told how it went, so that the
 * callbacks of an application can ask for its configuration meanwhile.
 *
 * When it ends it stops every application, the last started first; if that is because a permanent
 * one has ended, it then has the node stopped.
 */
import { Exit, isExit, type Pid, type Reason, type Self, spawnLink } from '../../runtime/index.ts'
import { isReason, processOfSelf, runtimeLimits, withoutStack } from '../../runtime/kernel.ts'
import { replyTo } from '../gen.ts'
import { genServer } from '../gen-server.ts'
import { next, reply, stop } from '../outcome.ts'
import type { From } from '../protocol.ts'
import { shutdownChild } from '../supervisor/shutdown.ts'
import { Application } from './application.ts'
import type { ApplicationType, Environment } from './definition.ts'
import type { RunningMessage } from './master.ts'
import {
  type ControllerAction,
  type ControllerEvent,
  type ControllerState,
  control,
  type Done,
} from './rule.ts'

export type ApplicationInfo = {
  readonly name: string
  readonly description: string
  readonly version: string
}

export type RunningApplication = ApplicationInfo & {
  readonly type: ApplicationType
  /** The top process; null for an application without processes. */
  readonly pid: Pid | null
}

type Key = { readonly name: string; readonly key: string }

export type Controller = {
  calls: {
    load: (name: string) => Done
    unload: (name: string) => Done
    start: (request: { readonly name: string; readonly type: ApplicationType }) => Done
    stop: (name: string) => Done
    configure: (config: Readonly<Record<string, Environment>>) => null
    getEnv: (at: Key) => { readonly tag: 'ok'; readonly value: unknown } | { readonly tag: 'error' }
    setEnv: (at: Key & { readonly value: unknown }) => { readonly tag: 'ok' | 'error' }
    loaded: () => ApplicationInfo[]
    running: () => RunningApplication[]
  }
}

type State = ControllerState<From<Done>>
type Event = ControllerEvent<From<Done>>
type Action = ControllerAction<From<Done>>

export const ApplicationController = genServer<Controller>('skein.applicationController')<State>({
  init: (_, self) => {
    self.trapExit(true)
    return { config: {}, loaded: new Map() }
  },
  calls: {
    load: (state, name, self, from) => {
      const event = loading(self, name, from)
      if (event !== undefined) return perform(self, state, event)
      return reply(unknown(name), state)
    },
    unload: (state, name, self, from) => perform(self, state, { tag: 'unload', name, from }),
    start: (state, { name, type }, self, from) => {
      const event: Event = { tag: 'start', name, type, from }
      if (state.loaded.has(name)) return perform(self, state, event)
      const load = loading(self, name, from)
      if (load === undefined) return reply(unknown(name), state)
      const [loaded] = control(state, load)
      return loaded.loaded.has(name) ? perform(self, loaded, event) : perform(self, state, load)
    },
    stop: (state, name, self, from) => perform(self, state, { tag: 'stop', name, from }),
    configure: (state, config) => reply(null, { ...state, config: { ...state.config, ...config } }),
    getEnv: (state, { name, key }) => {
      const known = state.loaded.get(name)
      if (known === undefined) return reply({ tag: 'error' }, state)
      return reply({ tag: 'ok', value: known.env[key] }, state)
    },
    setEnv: (state, { name, key, value }) => {
      const known = state.loaded.get(name)
      if (known === undefined) return reply({ tag: 'error' }, state)
      const changed = { ...known, env: { ...known.env, [key]: value } }
      const loaded = new Map(state.loaded).set(name, changed)
      return reply({ tag: 'ok' }, { ...state, loaded })
    },
    loaded: (state) => reply([...state.loaded.values()].map(infoOf), state),
    running: (state) => reply(runningOf(state), state),
  },
  info: (state, message, self) => {
    if (isExit()(message) && isReason(message.reason)) {
      return perform(self, state, { tag: 'ended', master: message.from, reason: message.reason })
    }
    if (!isRunning(message)) return next(state)
    return perform(self, state, { tag: 'running', master: message.master, top: message.top })
  },
  terminate: async (reason, state, self) => {
    for (const { stage } of [...state.loaded.values()].reverse()) {
      if (stage.tag === 'loaded' || stage.master === null) continue
      await shutdownChild(self, stage.master, runtimeLimits.applicationStopMs)
    }
    if (isFatal(reason)) processOfSelf(self).system.onFatal(reason.detail)
  },
})

/** The event that loads `name`, if the node knows it. */
function loading(self: Self, name: string, from: From<Done>): Event | undefined {
  const found = processOfSelf(self).system.modules.find(name)
  if (!(found instanceof Application)) return undefined
  const { description, version, dependsOn, env } = found.definition
  return { tag: 'load', data: { name, description, version, dependsOn, env }, from }
}

function unknown(name: string): Done {
  return { tag: 'error', reason: { tag: 'unknownApplication', application: name } }
}

function perform(self: Self, state: State, event: Event) {
  let [current, actions] = control(state, event)
  const queue: Action[] = [...actions]
  for (let at = 0; at < queue.length; at++) {
    const action = queue[at]!
    switch (action.tag) {
      case 'answer':
        replyTo(self, action.to, action.result)
        break
      case 'startMaster':
        ;[current, actions] = control(current, spawnMaster(self, action))
        queue.push(...actions)
        break
      case 'stopMaster':
        self.exit(action.master, 'shutdown')
        break
      case 'report':
        report(self, action)
        break
      case 'stopNode':
        return stop({ tag: 'shutdown', detail: action.reason }, current)
    }
  }
  return next(current)
}

function spawnMaster(self: Self, action: Extract<Action, { readonly tag: 'startMaster' }>): Event {
  const { name, type, env } = action
  const module = processOfSelf(self).system.modules.find(name)
  try {
    if (!(module instanceof Application)) {
      throw new Exit({ tag: 'unknownApplication', application: name }, 'start')
    }
    const master = spawnLink(self, module, { controller: self.pid, type, env })
    return { tag: 'spawned', name, master }
  } catch (error) {
    if (!(error instanceof Exit)) throw error
    return { tag: 'notSpawned', name, reason: error.reason }
  }
}

function report(self: Self, action: Extract<Action, { readonly tag: 'report' }>): void {
  const { about, name, type, reason } = action
  const { system } = processOfSelf(self)
  const level = reason === null || isQuiet(reason) ? 'info' : 'error'
  system.trace.log(level, `application: ${about}`, {
    application: name,
    type,
    ...(reason === null ? {} : { reason: withoutStack(reason) }),
  })
}

function isQuiet(reason: Reason): boolean {
  return reason === 'normal' || reason === 'shutdown'
}

function isRunning(message: unknown): message is RunningMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === '$running'
  )
}

type Fatal = { readonly tag: 'shutdown'; readonly detail: Reason }

function isFatal(reason: Reason): reason is Fatal {
  return typeof reason === 'object' && reason.tag === 'shutdown' && isEnd(reason.detail)
}

function isEnd(detail: unknown): detail is Reason {
  return isReason(detail) && typeof detail === 'object' && detail.tag === 'applicationEnded'
}

function infoOf({ data }: { readonly data: ApplicationInfo }): ApplicationInfo {
  const { name, description, version } = data
  return { name, description, version }
}

function runningOf(state: State): RunningApplication[] {
  return [...state.loaded.values()].flatMap((known) => {
    const { stage } = known
    if (stage.tag !== 'running') return []
    return [{ ...infoOf(known), type: stage.type, pid: stage.top }]
  })
}

/**
 * What the application controller decides (rules K1 to K5), pure: `(state, event) -> [state,
 * actions]`. The process beside it (`controller.ts`) starts and stops the masters and feeds back
 * how it went. `Client` is whoever asked and is to be answered, here only passed on.
 *
 * Invariant: an application has a master while it is starting, running or stopping, and only then.
 * Nobody is answered before what they asked for has happened or cannot happen any more.
 */
import type { Pid, Reason } from '../../runtime/index.ts'
import { runtimeLimits } from '../../runtime/kernel.ts'
import type { ApplicationType, Environment } from './definition.ts'

/** What the rule knows of a definition. */
export type ApplicationData = {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly dependsOn: readonly string[]
  readonly env: Environment
}

type StartRequest<Client> = { readonly type: ApplicationType; readonly from: Client }

export type Stage<Client> =
  | { readonly tag: 'loaded' }
  | {
      readonly tag: 'starting'
      readonly type: ApplicationType
      readonly master: Pid | null
      readonly from: readonly Client[]
    }
  | {
      readonly tag: 'running'
      readonly type: ApplicationType
      readonly master: Pid
      readonly top: Pid | null
    }
  | {
      readonly tag: 'stopping'
      readonly master: Pid
      readonly type: ApplicationType
      readonly from: readonly Client[]
      /** Starts that were asked for meanwhile. */
      readonly again: readonly StartRequest<Client>[]
    }

export type Loaded<Client> = {
  readonly data: ApplicationData
  readonly env: Environment
  readonly stage: Stage<Client>
}

export type ControllerState<Client> = {
  /** By application name, for those to be loaded later. */
  readonly config: Readonly<Record<string, Environment>>
  /** In the order they were started, the ones that only are loaded anywhere. */
  readonly loaded: ReadonlyMap<string, Loaded<Client>>
}

export type Done = { readonly tag: 'ok' } | { readonly tag: 'error'; readonly reason: Reason }

export type ControllerEvent<Client> =
  | { readonly tag: 'load'; readonly data: ApplicationData; readonly from: Client }
  | { readonly tag: 'unload'; readonly name: string; readonly from: Client }
  | {
      readonly tag: 'start'
      readonly name: string
      readonly type: ApplicationType
      readonly from: Client
    }
  | { readonly tag: 'stop'; readonly name: string; readonly from: Client }
  /** The process has spawned the master it was told to start. */
  | { readonly tag: 'spawned'; readonly name: string; readonly master: Pid }
  /** A master says that everything has started. */
  | { readonly tag: 'running'; readonly master: Pid; readonly top: Pid | null }
  /** It could not. */
  | { readonly tag: 'notSpawned'; readonly name: string; readonly reason: Reason }
  | { readonly tag: 'ended'; readonly master: Pid; readonly reason: Reason }

export type ControllerAction<Client> =
  | { readonly tag: 'answer'; readonly to: Client; readonly result: Done }
  | {
      readonly tag: 'startMaster'
      readonly name: string
      readonly type: ApplicationType
      readonly env: Environment
    }
  | { readonly tag: 'stopMaster'; readonly master: Pid }
  | {
      readonly tag: 'report'
      readonly about: 'started' | 'ended'
      readonly name: string
      readonly type: ApplicationType
      readonly reason: Reason | null
    }
  | { readonly tag: 'stopNode'; readonly reason: Reason }

type Step<Client> = readonly [ControllerState<Client>, readonly ControllerAction<Client>[]]

export function control<Client>(
  state: ControllerState<Client>,
  event: ControllerEvent<Client>,
): Step<Client> {
  switch (event.tag) {
    case 'load':
      return load(state, event.data, event.from)
    case 'unload':
      return unload(state, event.name, event.from)
    case 'start':
      return start(state, event.name, event)
    case 'stop':
      return stop(state, event.name, event.from)
    case 'spawned': {
      const known = state.loaded.get(event.name)
      if (known?.stage.tag !== 'starting') return [state, []]
      return [put(state, { ...known, stage: { ...known.stage, master: event.master } }), []]
    }
    case 'running':
      return running(state, event.master, event.top)
    case 'notSpawned':
      return ended(state, state.loaded.get(event.name), event.reason)
    case 'ended':
      return ended(state, ofMaster(state, event.master), event.reason)
  }
}

/** Whether an application that ended by itself with `reason` takes the node along (rule K4). */
export function stopsNode(type: ApplicationType, reason: Reason): boolean {
  return type === 'permanent' || (type === 'transient' && reason !== 'normal')
}

function load<Client>(
  state: ControllerState<Client>,
  data: ApplicationData,
  from: Client,
): Step<Client> {
  const { name } = data
  if (state.loaded.has(name))
    return refuse(state, from, { tag: 'alreadyLoaded', application: name })
  const max = runtimeLimits.applicationsMax
  if (state.loaded.size >= max) {
    return refuse(state, from, { tag: 'systemLimit', limit: 'applications', max })
  }
  const env = { ...data.env, ...state.config[name] }
  return [put(state, { data, env, stage: { tag: 'loaded' } }), answer(from)]
}

function unload<Client>(state: ControllerState<Client>, name: string, from: Client): Step<Client> {
  const known = state.loaded.get(name)
  if (known === undefined) return refuse(state, from, { tag: 'notLoaded', application: name })
  if (known.stage.tag !== 'loaded')
    return refuse(state, from, { tag: 'running', application: name })
  const loaded = new Map(state.loaded)
  loaded.delete(name)
  return [{ ...state, loaded }, answer(from)]
}

function start<Client>(
  state: ControllerState<Client>,
  name: string,
  request: StartRequest<Client>,
): Step<Client> {
  const { type, from } = request
  const known = state.loaded.get(name)
  if (known === undefined) {
    return refuse(state, from, { tag: 'unknownApplication', application: name })
  }
  const { stage, data, env } = known
  if (stage.tag === 'running') {
    return refuse(state, from, { tag: 'alreadyStarted', application: name })
  }
  if (stage.tag === 'starting') {
    return [put(state, { ...known, stage: { ...stage, from: [...stage.from, from] } }), []]
  }
  if (stage.tag === 'stopping') {
    const again = [...stage.again, { type, from }]
    return [put(state, { ...known, stage: { ...stage, again } }), []]
  }
  const missing = data.dependsOn.find((other) => state.loaded.get(other)?.stage.tag !== 'running')
  if (missing !== undefined) return refuse(state, from, { tag: 'notStarted', application: missing })
  const starting = { tag: 'starting', type, master: null, from: [from] } as const
  return [put(state, { ...known, stage: starting }), [{ tag: 'startMaster', name, type, env }]]
}

function stop<Client>(state: ControllerState<Client>, name: string, from: Client): Step<Client> {
  const known = state.loaded.get(name)
  if (known?.stage.tag === 'stopping') {
    const { stage } = known
    return [put(state, { ...known, stage: { ...stage, from: [...stage.from, from] } }), []]
  }
  if (known?.stage.tag !== 'running') {
    return refuse(state, from, { tag: 'notStarted', application: name })
  }
  const { master, type } = known.stage
  const stage = { tag: 'stopping', master, type, from: [from], again: [] } as const
  return [put(state, { ...known, stage }), [{ tag: 'stopMaster', master }]]
}

function running<Client>(
  state: ControllerState<Client>,
  master: Pid,
  top: Pid | null,
): Step<Client> {
  const known = ofMaster(state, master)
  if (known?.stage.tag !== 'starting') return [state, []]
  const { type, from } = known.stage
  const { name } = known.data
  const stage = { tag: 'running', type, master, top } as const
  return [
    // Taken out and put back, so that the order is that of the starts.
    put(without(state, name), { ...known, stage }),
    [{ tag: 'report', about: 'started', name, type, reason: null }, ...from.flatMap(answer)],
  ]
}

function ended<Client>(
  state: ControllerState<Client>,
  known: Loaded<Client> | undefined,
  reason: Reason,
): Step<Client> {
  if (known === undefined || known.stage.tag === 'loaded') return [state, []]
  const { stage, data } = known
  const { type } = stage
  const { name } = data
  const after = put(state, { ...known, stage: { tag: 'loaded' } })
  const report = { tag: 'report', about: 'ended', name, type, reason } as const
  if (stage.tag === 'starting') {
    const failed = { tag: 'startFailed', application: name, reason }
    return [after, [report, ...stage.from.flatMap((from) => refuse(after, from, failed)[1])]]
  }
  if (stage.tag === 'stopping') {
    const first: Step<Client> = [after, [report, ...stage.from.flatMap(answer)]]
    return stage.again.reduce<Step<Client>>(([now, actions], request) => {
      const [next, more] = start(now, name, request)
      return [next, [...actions, ...more]]
    }, first)
  }
  if (!stopsNode(type, reason)) return [after, [report]]
  const fatal = { tag: 'applicationEnded', application: name, type, reason }
  return [after, [report, { tag: 'stopNode', reason: fatal }]]
}

function answer<Client>(to: Client): ControllerAction<Client>[] {
  return [{ tag: 'answer', to, result: { tag: 'ok' } }]
}

function refuse<Client>(state: ControllerState<Client>, to: Client, reason: Reason): Step<Client> {
  return [state, [{ tag: 'answer', to, result: { tag: 'error', reason } }]]
}

function put<Client>(
  state: ControllerState<Client>,
  known: Loaded<Client>,
): ControllerState<Client> {
  return { ...state, loaded: new Map(state.loaded).set(known.data.name, known) }
}

function without<Client>(state: ControllerState<Client>, name: string): ControllerState<Client> {
  const loaded = new Map(state.loaded)
  loaded.delete(name)
  return { ...state, loaded }
}

function ofMaster<Client>(state: ControllerState<Client>, master: Pid): Loaded<Client> | undefined {
  for (const known of state.loaded.values()) {
    const { stage } = known
    if (stage.tag !== 'loaded' && stage.master === master) return known
  }
  return undefined
}

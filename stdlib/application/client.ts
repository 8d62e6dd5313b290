/**
 * What a program does with applications (OTP `application`). All functions take the caller first,
 * a `self` or a node, and an application as a value or by its name; one given as a value is known
 * to the node from then on, with those it depends on. The controller is started when first needed.
 */
import {
  BadArgument,
  type Caller,
  Exit,
  type Pid,
  type Reason,
  type Ref,
} from '../../runtime/index.ts'
import {
  checkPid,
  LocalNode,
  Process,
  recordOfPid,
  runtimeLimits,
  type System,
  show,
  systemOf,
} from '../../runtime/kernel.ts'
import { callWithin, startWith } from '../gen.ts'
import type { ArgsOf, Calls, OpOf, ReplyOf } from '../protocol.ts'
import { Application, controllerName } from './application.ts'
import {
  ApplicationController,
  type ApplicationInfo,
  type Controller,
  type RunningApplication,
} from './controller.ts'
import {
  type ApplicationType,
  type Environment,
  environment,
  isApplicationType,
} from './definition.ts'
import { startOrder } from './order.ts'
import type { Done } from './rule.ts'

/** An application as a value, or the name of one the node knows. */
export type ApplicationRef<Env = unknown> = Application<Env> | string

export type ApplicationStartOptions = {
  /** What the end of the application means for the node. Default `temporary`. */
  readonly type?: ApplicationType
}

export type EnsuredApplications =
  | { readonly tag: 'ok'; readonly started: readonly string[] }
  | { readonly tag: 'error'; readonly application: string; readonly reason: Reason }

/**
 * Makes an application known with its configuration, without starting it. Fails with
 * `{ tag: 'alreadyLoaded' }`, `{ tag: 'unknownApplication' }`, or `{ tag: 'systemLimit' }`.
 */
export async function loadApplication(caller: Caller, app: ApplicationRef): Promise<Done> {
  return ask(caller, 'load', known(caller, app))
}

/** Forgets an application and its configuration. Fails with `{ tag: 'running' }`, `notLoaded`. */
export async function unloadApplication(caller: Caller, app: ApplicationRef): Promise<Done> {
  return ask(caller, 'unload', known(caller, app))
}

/**
 * Starts an application, loading it first if need be, and resolves when it runs. Fails with
 * `{ tag: 'alreadyStarted' }`, `{ tag: 'notStarted', application }` naming a dependency that does
 * not run, `{ tag: 'unknownApplication' }`, or `{ tag: 'startFailed', application, reason }`.
 */
export async function startApplication(
  caller: Caller,
  app: ApplicationRef,
  options: ApplicationStartOptions = {},
): Promise<Done> {
  return ask(caller, 'start', { name: known(caller, app), type: typeOf(options) })
}

/**
 * Starts applications and all they depend on, in order (OTP `ensure_all_started`). Resolves with
 * the names of those it started, in order; `[]` when all were running. If one fails, those it had
 * started are stopped again, last first, and the answer names it: `{ tag: 'circularDependency',
 * path }` or a reason of `startApplication`.
 */
export async function ensureAllStarted(
  caller: Caller,
  apps: ApplicationRef | readonly ApplicationRef[],
  options: ApplicationStartOptions = {},
): Promise<EnsuredApplications> {
  const type = typeOf(options)
  const system = systemOf(caller)
  const names = (isList(apps) ? apps : [apps]).map((app) => known(caller, app))
  const order = startOrder(names, (name) => {
    const found = system.modules.find(name)
    return found instanceof Application ? found.definition.dependsOn : undefined
  })
  if (order.tag === 'error') return order
  const started: string[] = []
  for (const name of order.names) {
    const result = await ask(caller, 'start', { name, type })
    if (result.tag === 'ok') started.push(name)
    else if (!isAlreadyStarted(result.reason)) {
      for (const other of started.reverse()) await ask(caller, 'stop', other)
      return { tag: 'error', application: name, reason: result.reason }
    }
  }
  return { tag: 'ok', started }
}

/**
 * Stops an application and resolves when it has ended; what depends on it goes on. Never stops the
 * node, whatever its type. Fails with `{ tag: 'notStarted' }`.
 */
export async function stopApplication(caller: Caller, app: ApplicationRef): Promise<Done> {
  return ask(caller, 'stop', known(caller, app))
}

/** Stops all applications, the last started first. */
export async function stopApplications(caller: Caller): Promise<void> {
  // Without a controller there are none, and a node that stops needs no new one.
  if (!systemOf(caller).names.has(controllerName)) return
  const running = await runningApplications(caller)
  for (const { name } of [...running].reverse()) await ask(caller, 'stop', name)
}

/**
 * Configures applications by name, each key over its default, when they are loaded (rule K5). One
 * that is loaded already keeps what it has until it is unloaded.
 */
export async function configureApplications(
  caller: Caller,
  config: Readonly<Record<string, Environment>>,
): Promise<void> {
  const given = environment('config', config)
  for (const [name, env] of Object.entries(given)) environment(`config['${name}']`, env)
  await ask(caller, 'configure', config)
}

/** The controller as a reader of one key sees it: whoever defined the key gave it its type. */
type EnvReader<Value> = {
  calls: {
    getEnv: (at: {
      readonly name: string
      readonly key: string
    }) => { readonly tag: 'ok'; readonly value: Value } | { readonly tag: 'error' }
  }
}

/** A value of the configuration. Rejects with `Exit({ tag: 'notLoaded' })`. */
export async function getEnv<Env, Key extends keyof Env & string>(
  caller: Caller,
  app: Application<Env>,
  key: Key,
): Promise<Env[Key]> {
  const name = known(caller, app)
  const controller: Ref<EnvReader<Env[Key]>> = await controllerOf(systemOf(caller))
  const result = await callWithin(caller, Number.POSITIVE_INFINITY, controller, 'getEnv', {
    name,
    key,
  })
  if (result.tag === 'error') throw notLoaded(name)
  return result.value
}

/**
 * Changes a value of the configuration until the application is unloaded; stopping and starting
 * it keeps it. Rejects with `Exit({ tag: 'notLoaded' })`.
 */
export async function setEnv<Env, Key extends keyof Env & string>(
  caller: Caller,
  app: Application<Env>,
  key: Key,
  value: Env[Key],
): Promise<void> {
  const name = known(caller, app)
  const result = await ask(caller, 'setEnv', { name, key, value })
  if (result.tag === 'error') throw notLoaded(name)
}

/** Those that run, in the order they were started. */
export function runningApplications(caller: Caller): Promise<RunningApplication[]> {
  return ask(caller, 'running')
}

/** Those that are loaded, running or not. */
export function loadedApplications(caller: Caller): Promise<ApplicationInfo[]> {
  return ask(caller, 'loaded')
}

/**
 * The name of the application a process of this node belongs to: the one that started it, or an
 * ancestor of it (rule K6). Undefined for processes of none, and of another node.
 */
export function applicationOf(caller: Caller, pid: Pid): string | undefined {
  checkPid('applicationOf', pid)
  const system = systemOf(caller)
  let at: Pid | null = pid
  for (let level = 0; level < runtimeLimits.ancestorsMax && at !== null; level++) {
    const record = recordOfPid(at)
    if (!(record instanceof Process) || record.system !== system) return undefined
    if (system.modules.find(record.module) instanceof Application) return record.module
    at = record.parent
  }
  return undefined
}

/** Asks the controller, which answers when what was asked for has happened. */
async function ask<Op extends OpOf<Calls<Controller>>>(
  caller: Caller,
  op: Op,
  ...args: ArgsOf<Calls<Controller>[Op]>
): Promise<ReplyOf<Calls<Controller>[Op]>> {
  const controller: Ref<Controller> = await controllerOf(systemOf(caller))
  return callWithin(caller, Number.POSITIVE_INFINITY, controller, op, ...args)
}

/** The controller of the node, started if there is none: it belongs to nobody. */
async function controllerOf(system: System): Promise<Pid> {
  const running = system.names.get(controllerName)
  if (running !== undefined) return running.pid
  if (system.modules.find(ApplicationController.name) === undefined) {
    system.modules.addShielded(ApplicationController)
  }
  const host = new LocalNode(system)
  const started = await startWith(
    host,
    ApplicationController,
    undefined,
    { name: controllerName },
    false,
  )
  if (started.tag === 'ok') return started.pid
  throw new Exit(started.tag === 'error' ? started.reason : 'ignore', 'application controller')
}

/** The name of an application, which the node knows from then on if it was given as a value. */
function known(caller: Caller, app: ApplicationRef): string {
  if (typeof app === 'string') return app
  if (!(app instanceof Application)) {
    throw new BadArgument(`application: expected an application or a name, got ${show(app)}`)
  }
  const { modules } = systemOf(caller)
  const left: Application[] = [app]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (modules.find(next.name) === next) continue
    modules.add(next)
    left.push(...next.dependencies)
  }
  return app.name
}

function typeOf({ type = 'temporary' }: ApplicationStartOptions): ApplicationType {
  if (isApplicationType(type)) return type
  throw new BadArgument(`type: expected permanent, transient or temporary, got ${show(type)}`)
}

function isList(
  apps: ApplicationRef | readonly ApplicationRef[],
): apps is readonly ApplicationRef[] {
  return Array.isArray(apps)
}

function isAlreadyStarted(reason: Reason): boolean {
  return typeof reason === 'object' && reason.tag === 'alreadyStarted'
}

function notLoaded(application: string): Exit {
  return new Exit({ tag: 'notLoaded', application }, 'application')
}

/**
 * What an application is (OTP's application resource and callback module in one): a name, what it
 * needs, its configuration, and the functions that start and stop its top process. Checked once,
 * where it is defined.
 */
import {
  type Awaitable,
  BadArgument,
  type Pid,
  type Reason,
  type Self,
} from '../../runtime/index.ts'
import { checkName, prepare, show } from '../../runtime/kernel.ts'
import type { Shutdown } from '../supervisor/spec.ts'

/** What the end of its top process means for the node (rule K4). */
export type ApplicationType = 'permanent' | 'transient' | 'temporary'

/** Configuration: plain data by key. */
export type Environment = Readonly<Record<string, unknown>>

export type ApplicationContext<Env> = {
  readonly type: ApplicationType
  /** The configuration at the time of the start. */
  readonly env: Readonly<Env>
}

/** What `start` answers: what `startLink` gives, with a state for the callbacks that follow. */
export type ApplicationStart<State> =
  | { readonly tag: 'ok'; readonly pid: Pid; readonly state: State }
  | (undefined extends State ? { readonly tag: 'ok'; readonly pid: Pid } : never)
  | { readonly tag: 'error'; readonly reason: Reason }
  | { readonly tag: 'ignore' }

export type StartPhase<Env, State> = {
  readonly name: string
  /** Throwing ends the start: the tree is stopped again. */
  readonly run: (self: Self, context: ApplicationContext<Env>, state: State) => Awaitable<void>
}

export type ApplicationCallbacks<Env, State> = {
  readonly description?: string
  readonly version?: string
  /** Applications that must be running before this one is started. */
  readonly dependsOn?: readonly (string | { readonly name: string })[]
  /** Defaults of the configuration. */
  readonly env?: Env
  /**
   * Starts the top process, linked, usually with `startLink(self, Tree)`. An application without
   * it has no processes: a library, which only others depend on.
   */
  readonly start?: (
    self: Self,
    context: ApplicationContext<NoInfer<Env>>,
  ) => Awaitable<ApplicationStart<State>>
  /** Run in order when the top process has started, before the application counts as running. */
  readonly startPhases?: readonly StartPhase<NoInfer<Env>, NoInfer<State>>[]
  /** Before the top process is stopped. What it returns is given to `stop`. */
  readonly prepStop?: (state: NoInfer<State>, self: Self) => Awaitable<NoInfer<State>>
  /** When the top process has ended, for whatever reason. */
  readonly stop?: (state: NoInfer<State>, self: Self) => Awaitable<void>
  /** How long the top process may take to stop. Default Infinity. */
  readonly shutdown?: Shutdown
}

/**
 * The callbacks as the processes see them. Methods, because what one callback gives is only ever
 * handed to the others of the same application: its type is theirs to know.
 */
export type Definition = {
  readonly description: string
  readonly version: string
  readonly dependsOn: readonly string[]
  readonly env: Environment
  readonly startPhases: readonly LoosePhase[]
  readonly shutdown: Shutdown
  start?(self: Self, context: ApplicationContext<unknown>): unknown
  prepStop?(state: unknown, self: Self): unknown
  stop?(state: unknown, self: Self): unknown
}

type LoosePhase = {
  readonly name: string
  run(self: Self, context: ApplicationContext<unknown>, state: unknown): unknown
}

export function isApplicationType(value: unknown): value is ApplicationType {
  return value === 'permanent' || value === 'transient' || value === 'temporary'
}

type Given = Omit<Definition, 'env'> & { readonly env: unknown }

/** Throws `BadArgument` naming the field and the value. */
export function checkDefinition(name: string, given: Given): Definition {
  const at = `application '${name}'`
  for (const field of ['start', 'prepStop', 'stop'] as const) {
    if (given[field] !== undefined && typeof given[field] !== 'function') {
      refuse(`${at}: ${field}`, 'a function', given[field])
    }
  }
  for (const dependency of given.dependsOn) checkName(`${at}: dependsOn`, dependency)
  for (const phase of given.startPhases) {
    if (typeof phase?.name !== 'string' || typeof phase.run !== 'function') {
      refuse(`${at}: startPhases`, '{ name, run }', phase)
    }
  }
  const { shutdown } = given
  const waits = typeof shutdown === 'number' && shutdown >= 0
  if (!waits && shutdown !== 'brutalKill') {
    refuse(`${at}: shutdown`, 'milliseconds, Infinity or brutalKill', shutdown)
  }
  return { ...given, env: environment(`${at}: env`, given.env) }
}

/** Checks that a configuration is an object of plain data, and freezes it. */
export function environment(field: string, given: unknown): Environment {
  const env = prepare(given, field)
  if (!isEnvironment(env)) refuse(field, 'an object', given)
  return env
}

function isEnvironment(value: unknown): value is Environment {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(field: string, expected: string, got: unknown): never {
  throw new BadArgument(`${field}: expected ${expected}, got ${show(got)}`)
}

/**
 * Child specifications and supervisor flags: plain data, checked once, with OTP's defaults (rule
 * V1). A child is `[module name, argument]`, never a closure, so that a restart begins from the
 * same data as the first start and a spec can travel. The argument is frozen, in production too: a
 * crashed child cannot hand a damaged argument to its successor.
 */
import {
  BadArgument,
  type MailboxOptions,
  type Module as ModuleOf,
  type ViaName,
} from '../../runtime/index.ts'
import { isMailboxOptions, Module, prepare, runtimeLimits, show } from '../../runtime/kernel.ts'
import { checkKeys } from '../given.ts'
import { type OwnName, ownName, registeredName } from '../name.ts'

export type Restart = 'permanent' | 'transient' | 'temporary'
export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne'

/** Whether a supervisor ends when significant children have ended by themselves (rule V16). */
export type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant'

/** Milliseconds to wait after `shutdown` before killing; Infinity waits; `brutalKill` does not. */
export type Shutdown = number | 'brutalKill'

export type ChildSpec = {
  /** Unique within its supervisor. */
  readonly id: string
  /** Name of a module the node lists. */
  readonly module: string
  readonly arg: unknown
  /** Local or via name the child is registered under. */
  readonly name: string | ViaName | null
  readonly restart: Restart
  readonly shutdown: Shutdown
  readonly type: 'worker' | 'supervisor'
  readonly significant: boolean
  /** A bound for the child's mailbox. */
  readonly mailbox?: MailboxOptions
}

export type ChildOptions<P = never> = {
  /** Default: the module's name. */
  readonly id?: string
  readonly name?: OwnName<P>
  /** Default `permanent`. */
  readonly restart?: Restart
  /** Default 5000 for workers, Infinity for supervisors. */
  readonly shutdown?: Shutdown
  /** Default `worker`; supervisors made by `supervisor` are known as such. */
  readonly type?: 'worker' | 'supervisor'
  /** Its end may end the supervisor: see `autoShutdown`. Never for `permanent`. Default false. */
  readonly significant?: boolean
  /** A bound for its mailbox, and what happens above it. Default: none. */
  readonly mailbox?: MailboxOptions
}

export type SupervisorFlags = {
  /** Default `oneForOne`. */
  readonly strategy?: Strategy
  /** Restarts allowed within `periodMs`. Default 1. */
  readonly intensity?: number
  /** Default 5000. */
  readonly periodMs?: number
  /**
   * Stop everything and end `shutdown` when a significant child, or the last one of them, has
   * ended by itself and is not restarted. Default `never`.
   */
  readonly autoShutdown?: AutoShutdown
  readonly children: readonly ChildSpec[]
}

export type CheckedFlags = Required<SupervisorFlags>

/** Why a spec was refused: the field, the rule it breaks, and what was there. */
export type SpecError = {
  readonly tag: 'startSpec'
  readonly field: string
  readonly expected: string
  readonly got: string
}

/** Modules that are supervisors, so that `child` knows their defaults. */
export const supervisorMark: unique symbol = Symbol('supervisor')

/** A child spec: `child(Counter, 0, { id: 'counter', name: 'counter' })`. */
export function child<P, Arg>(
  module: ModuleOf<P, Arg>,
  ...[arg, options = {}]: [Arg] extends [void]
    ? [arg?: undefined, options?: ChildOptions<NoInfer<P>>]
    : [arg: Arg, options?: ChildOptions<NoInfer<P>>]
): ChildSpec {
  checkKeys('options', options, childOptions, 'option')
  return {
    id: options.id ?? module.name,
    arg: prepare(arg, 'arg'),
    name: options.name === undefined ? null : ownName(options.name),
    significant: options.significant ?? false,
    ...runnable(module, options),
  }
}

const childOptions: readonly string[] = [
  'id',
  'name',
  'restart',
  'shutdown',
  'type',
  'significant',
  'mailbox',
]

export type RunOptions = Pick<ChildOptions, 'restart' | 'shutdown' | 'type' | 'mailbox'>

/** How a module is run as a child, with the defaults filled in. */
export function runnable(
  module: ModuleOf<unknown, never>,
  options: RunOptions,
): Pick<ChildSpec, 'module' | 'restart' | 'shutdown' | 'type' | 'mailbox'> {
  if (!(module instanceof Module)) {
    throw new BadArgument(`child: expected a module or behaviour, got ${show(module)}`)
  }
  const type = options.type ?? (supervisorMark in module ? 'supervisor' : 'worker')
  return {
    module: module.name,
    restart: options.restart ?? 'permanent',
    shutdown: options.shutdown ?? (type === 'supervisor' ? Number.POSITIVE_INFINITY : 5_000),
    type,
    ...(options.mailbox === undefined ? {} : { mailbox: options.mailbox }),
  }
}

/** Checks what a supervisor's function returned and fills in the defaults. */
export function checkFlags(flags: unknown): CheckedFlags | SpecError {
  if (!isRecord(flags)) return refuse('flags', 'an object with children', flags)
  const { strategy = 'oneForOne', autoShutdown = 'never', children } = flags
  if (strategy !== 'oneForOne' && strategy !== 'oneForAll' && strategy !== 'restForOne') {
    return refuse('strategy', 'oneForOne, oneForAll or restForOne', strategy)
  }
  if (!isAutoShutdown(autoShutdown)) {
    return refuse('autoShutdown', 'never, anySignificant or allSignificant', autoShutdown)
  }
  const limits = checkIntensity(flags)
  if ('tag' in limits) return limits
  if (!Array.isArray(children)) return refuse('children', 'an array of child specs', children)
  const specs = new Map<string, ChildSpec>()
  for (const [at, candidate] of children.entries()) {
    const spec = checkChild(candidate, `children[${at}]`, autoShutdown)
    if (isSpecError(spec)) return spec
    if (specs.has(spec.id)) return refuse(`children[${at}].id`, 'an id of its own', spec.id)
    specs.set(spec.id, spec)
  }
  return { strategy, autoShutdown, ...limits, children: [...specs.values()] }
}

/** The restart limits, which all kinds of supervisors have. */
export function checkIntensity(
  flags: Readonly<Record<string, unknown>>,
): { readonly intensity: number; readonly periodMs: number } | SpecError {
  const { intensity = 1, periodMs = 5_000 } = flags
  if (!isCount(intensity, 0)) return refuse('intensity', 'a whole number from 0', intensity)
  if (!isCount(periodMs, 1)) return refuse('periodMs', 'whole milliseconds from 1', periodMs)
  return { intensity, periodMs }
}

export function checkChild(
  candidate: unknown,
  at: string,
  autoShutdown: AutoShutdown,
): ChildSpec | SpecError {
  if (!isRecord(candidate)) return refuse(at, 'a child spec', candidate)
  const { id, module, arg, restart, shutdown, type, significant = false, mailbox } = candidate
  if (typeof id !== 'string' || id === '') return refuse(`${at}.id`, 'a non-empty string', id)
  if (typeof module !== 'string') return refuse(`${at}.module`, 'a module name', module)
  const name = candidate.name == null ? null : registeredName(candidate.name)
  if (name === undefined) return refuse(`${at}.name`, 'a local or via name', candidate.name)
  if (restart !== 'permanent' && restart !== 'transient' && restart !== 'temporary') {
    return refuse(`${at}.restart`, 'permanent, transient or temporary', restart)
  }
  if (shutdown !== 'brutalKill' && !isTimeout(shutdown)) {
    return refuse(`${at}.shutdown`, 'milliseconds, Infinity or brutalKill', shutdown)
  }
  if (type !== 'worker' && type !== 'supervisor') {
    return refuse(`${at}.type`, 'worker or supervisor', type)
  }
  if (typeof significant !== 'boolean') {
    return refuse(`${at}.significant`, 'true or false', significant)
  }
  if (significant && restart === 'permanent') {
    return refuse(`${at}.significant`, 'false for a permanent child', significant)
  }
  if (significant && autoShutdown === 'never') {
    return refuse(`${at}.significant`, 'false where autoShutdown is never', significant)
  }
  const spec: Omit<ChildSpec, 'arg'> = { id, module, name, restart, shutdown, type, significant }
  if (mailbox === undefined) return withArg(spec, arg, `${at}.arg`)
  if (!isMailboxOptions(mailbox)) {
    return refuse(`${at}.mailbox`, 'a max from 1 and an overflow policy', mailbox)
  }
  return withArg({ ...spec, mailbox }, arg, `${at}.arg`)
}

/** The spec with its argument, which is frozen whether the node runs checked or not. */
export function withArg(
  spec: Omit<ChildSpec, 'arg'>,
  arg: unknown,
  at: string,
): ChildSpec | SpecError {
  try {
    return { ...spec, arg: prepare(arg, at) }
  } catch (error) {
    if (error instanceof BadArgument) return refuse(at, `plain data (${error.message})`, arg)
    throw error
  }
}

export function isSpecError(value: object): value is SpecError {
  return 'tag' in value && value.tag === 'startSpec'
}

export function refuse(field: string, expected: string, got: unknown): SpecError {
  return { tag: 'startSpec', field, expected, got: show(got) }
}

export function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}

function isAutoShutdown(value: unknown): value is AutoShutdown {
  return value === 'never' || value === 'anySignificant' || value === 'allSignificant'
}

function isTimeout(value: unknown): value is number {
  if (typeof value !== 'number') return false
  return value === Number.POSITIVE_INFINITY || (value >= 0 && value <= runtimeLimits.timeoutMaxMs)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

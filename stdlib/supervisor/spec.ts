/**
 * Child specifications and supervisor flags: plain data, checked once, with OTP's defaults (rule
 * V1). A child is `[module name, argument]`, never a closure, so that a restart begins from the
 * same data as the first start and a spec can travel. The argument is frozen, in production too: a
 * crashed child cannot hand a damaged argument to its successor.
 */
import type { LocalName, Module } from '../../runtime/index.ts'
import { prepare, runtimeLimits, show } from '../../runtime/kernel.ts'

export type Restart = 'permanent' | 'transient' | 'temporary'
export type Strategy = 'oneForOne' | 'oneForAll' | 'restForOne'

/** Milliseconds to wait after `shutdown` before killing; Infinity waits; `brutalKill` does not. */
export type Shutdown = number | 'brutalKill'

export type ChildSpec = {
  /** Unique within its supervisor. */
  readonly id: string
  /** Name of a module the node lists. */
  readonly module: string
  readonly arg: unknown
  /** Local name the child is registered under. */
  readonly name: string | null
  readonly restart: Restart
  readonly shutdown: Shutdown
  readonly type: 'worker' | 'supervisor'
}

export type ChildOptions = {
  /** Default: the module's name. */
  readonly id?: string
  readonly name?: LocalName | string
  /** Default `permanent`. */
  readonly restart?: Restart
  /** Default 5000 for workers, Infinity for supervisors. */
  readonly shutdown?: Shutdown
  /** Default `worker`; supervisors made by `supervisor` are known as such. */
  readonly type?: 'worker' | 'supervisor'
}

export type SupervisorFlags = {
  /** Default `oneForOne`. */
  readonly strategy?: Strategy
  /** Restarts allowed within `periodMs`. Default 1. */
  readonly intensity?: number
  /** Default 5000. */
  readonly periodMs?: number
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
  module: Module<P, Arg>,
  ...[arg, options = {}]: [Arg] extends [void]
    ? [arg?: undefined, options?: ChildOptions]
    : [arg: Arg, options?: ChildOptions]
): ChildSpec {
  const type = options.type ?? (supervisorMark in module ? 'supervisor' : 'worker')
  const { name } = options
  return {
    id: options.id ?? module.name,
    module: module.name,
    arg: prepare(arg, 'arg'),
    name: name === undefined ? null : typeof name === 'string' ? name : name.name,
    restart: options.restart ?? 'permanent',
    shutdown: options.shutdown ?? (type === 'supervisor' ? Number.POSITIVE_INFINITY : 5_000),
    type,
  }
}

/** Checks what a supervisor's function returned and fills in the defaults. */
export function checkFlags(flags: unknown): CheckedFlags | SpecError {
  if (!isRecord(flags)) return refuse('flags', 'an object with children', flags)
  const { strategy = 'oneForOne', intensity = 1, periodMs = 5_000, children } = flags
  if (strategy !== 'oneForOne' && strategy !== 'oneForAll' && strategy !== 'restForOne') {
    return refuse('strategy', 'oneForOne, oneForAll or restForOne', strategy)
  }
  if (!isCount(intensity, 0)) return refuse('intensity', 'a whole number from 0', intensity)
  if (!isCount(periodMs, 1)) return refuse('periodMs', 'whole milliseconds from 1', periodMs)
  if (!Array.isArray(children)) return refuse('children', 'an array of child specs', children)
  const specs: ChildSpec[] = []
  for (const [at, candidate] of children.entries()) {
    const spec = checkChild(candidate, `children[${at}]`)
    if (isSpecError(spec)) return spec
    if (specs.some((other) => other.id === spec.id)) {
      return refuse(`children[${at}].id`, 'an id of its own', spec.id)
    }
    specs.push(spec)
  }
  return { strategy, intensity, periodMs, children: specs }
}

export function checkChild(candidate: unknown, at: string): ChildSpec | SpecError {
  if (!isRecord(candidate)) return refuse(at, 'a child spec', candidate)
  const { id, module, arg, name = null, restart, shutdown, type } = candidate
  if (typeof id !== 'string' || id === '') return refuse(`${at}.id`, 'a non-empty string', id)
  if (typeof module !== 'string') return refuse(`${at}.module`, 'a module name', module)
  if (name !== null && typeof name !== 'string') return refuse(`${at}.name`, 'a string', name)
  if (restart !== 'permanent' && restart !== 'transient' && restart !== 'temporary') {
    return refuse(`${at}.restart`, 'permanent, transient or temporary', restart)
  }
  if (shutdown !== 'brutalKill' && !isTimeout(shutdown)) {
    return refuse(`${at}.shutdown`, 'milliseconds, Infinity or brutalKill', shutdown)
  }
  if (type !== 'worker' && type !== 'supervisor') {
    return refuse(`${at}.type`, 'worker or supervisor', type)
  }
  return { id, module, arg, name, restart, shutdown, type }
}

export function isSpecError(value: object): value is SpecError {
  return 'tag' in value && value.tag === 'startSpec'
}

function refuse(field: string, expected: string, got: unknown): SpecError {
  return { tag: 'startSpec', field, expected, got: show(got) }
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}

function isTimeout(value: unknown): value is number {
  if (typeof value !== 'number') return false
  return value === Number.POSITIVE_INFINITY || (value >= 0 && value <= runtimeLimits.timeoutMaxMs)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * What a dynamic supervisor is told (OTP `simple_one_for_one`, Elixir `DynamicSupervisor`): either
 * a template, and every child differs by its argument alone, or nothing, and every child comes with
 * a spec. What makes no sense for children that come and go has no field: no strategy, no initial
 * children, no ids or names in a template, no significant children.
 */
import type { Module } from '../../runtime/index.ts'
import { runtimeLimits } from '../../runtime/kernel.ts'
import {
  type ChildSpec,
  checkChild,
  checkIntensity,
  isCount,
  isRecord,
  isSpecError,
  type RunOptions,
  refuse,
  runnable,
  type SpecError,
} from './spec.ts'

declare const argument: unique symbol

/** How all children of a supervisor are run; only their arguments, of type `Arg`, differ. */
export type ChildTemplate<Arg> = Pick<
  ChildSpec,
  'module' | 'restart' | 'shutdown' | 'type' | 'mailbox'
> & {
  readonly [argument]?: (arg: Arg) => void
}

/** A template: `template(Session, { restart: 'temporary' })`, with the defaults of `child`. */
export function template<P, Arg>(
  module: Module<P, Arg>,
  options: RunOptions = {},
): ChildTemplate<Arg> {
  return runnable(module, options)
}

export type DynamicLimits = {
  /** Restarts allowed within `periodMs`, of all children together. Default 1. */
  readonly intensity?: number
  /** Default 5000. */
  readonly periodMs?: number
  /** Children there may be at a time, those being restarted included. Default: no bound. */
  readonly maxChildren?: number
} & { readonly [Field in 'strategy' | 'children' | 'autoShutdown']?: never }

/** Children are arguments for the template. */
export type TemplateFlags<ChildArg> = DynamicLimits & { readonly template: ChildTemplate<ChildArg> }

/** Children are specs. */
export type SpecFlags = DynamicLimits & { readonly template?: never }

export type CheckedDynamicFlags = {
  readonly intensity: number
  readonly periodMs: number
  readonly maxChildren: number
  /** Its `id` and `arg` mean nothing. */
  readonly template: ChildSpec | null
}

/** Checks what the function of a dynamic supervisor returned and fills in the defaults. */
export function checkDynamicFlags(flags: unknown): CheckedDynamicFlags | SpecError {
  if (!isRecord(flags)) return refuse('flags', 'an object', flags)
  for (const field of Object.keys(flags)) {
    if (!known.includes(field))
      return refuse(field, `no field but ${known.join(', ')}`, flags[field])
  }
  const limits = checkIntensity(flags)
  if ('tag' in limits) return limits
  const { maxChildren = Number.POSITIVE_INFINITY } = flags
  if (maxChildren !== Number.POSITIVE_INFINITY && !isCount(maxChildren, 1)) {
    return refuse('maxChildren', 'a whole number from 1, or Infinity', maxChildren)
  }
  const max = Math.min(maxChildren, runtimeLimits.supervisorChildrenMax)
  if (flags.template === undefined) return { ...limits, maxChildren: max, template: null }
  const spec = checkDynamicChild(flags.template, 'template')
  return isSpecError(spec) ? spec : { ...limits, maxChildren: max, template: spec }
}

const known: readonly string[] = ['intensity', 'periodMs', 'maxChildren', 'template']

/** Checks a spec or a template. Dynamic children have no ids: what a spec says of it is ignored. */
export function checkDynamicChild(candidate: unknown, at: string): ChildSpec | SpecError {
  const given = isRecord(candidate) ? { ...candidate, id: at } : candidate
  return checkChild(given, at, 'never')
}

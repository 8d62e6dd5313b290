/**
 * The states of both kinds of supervisors, and what `sys` shows of them: flags and children, as
 * data. `replaceState` may change the flags, which are checked as those of a start; children come
 * and go by requests only, since they are processes (OTP replaces the whole record, unchecked).
 */
import { BadArgument, type Pid } from '../../runtime/index.ts'
import { runtimeLimits, show } from '../../runtime/kernel.ts'
import { SpecialState } from '../sys/special.ts'
import type { ChildCounts, Children } from './children.ts'
import { type CheckedDynamicFlags, checkDynamicFlags } from './dynamic-spec.ts'
import type { SupervisorState } from './rule.ts'
import {
  type AutoShutdown,
  type ChildSpec,
  checkFlags,
  isRecord,
  isSpecError,
  type SpecError,
  type Strategy,
} from './spec.ts'

/** A child: its spec, and whether it runs. */
export type ChildState = ChildSpec & { readonly pid: Pid | null; readonly restarting: boolean }

type Summary = {
  readonly intensity: number
  readonly periodMs: number
  /** Restarts that count at present. */
  readonly restarts: number
  readonly counts: ChildCounts
}

type Flags = { readonly strategy: Strategy; readonly autoShutdown: AutoShutdown }

/** What `sys.getState` shows of a supervisor: `children` in start order, 100,000 at most. */
export type SupervisorView = Summary & Flags & { readonly children: readonly ChildState[] }

type DynamicFlags = {
  readonly maxChildren: number
  /** Null: every child has a spec of its own. Its `id` and `arg` mean nothing. */
  readonly template: ChildSpec | null
}

/** What `sys.getState` shows of a dynamic supervisor. Ids count its children. */
export type DynamicSupervisorView = Summary &
  DynamicFlags & { readonly children: readonly ChildState[] }

export class TreeState extends SpecialState {
  readonly supervised: SupervisorState

  constructor(supervised: SupervisorState) {
    super()
    this.supervised = supervised
  }

  brief(): Summary & Flags {
    const { strategy, autoShutdown } = this.supervised
    return { ...summaryOf(this.supervised), strategy, autoShutdown }
  }

  shown(): SupervisorView {
    return { ...this.brief(), children: childrenOf(this.supervised.children) }
  }

  replacedBy(change: (shown: unknown) => unknown): TreeState {
    const before = this.shown()
    const after = changedFlags(before, change(before), treeFlags)
    const { strategy, autoShutdown, intensity, periodMs } = after
    const flags = checked(checkFlags({ strategy, autoShutdown, intensity, periodMs, children: [] }))
    const { supervised } = this
    if (flags.autoShutdown === 'never' && supervised.children.significant > 0) {
      throw new BadArgument('replaceState: autoShutdown: there are significant children')
    }
    const { children: _none, ...rules } = flags
    return new TreeState({ ...supervised, ...rules })
  }
}

export class DynamicState extends SpecialState {
  readonly supervised: SupervisorState
  readonly flags: CheckedDynamicFlags
  /** Children are numbered in the order they were started. */
  readonly lastChild: number

  constructor(supervised: SupervisorState, flags: CheckedDynamicFlags, lastChild: number) {
    super()
    this.supervised = supervised
    this.flags = flags
    this.lastChild = lastChild
  }

  with(supervised: SupervisorState): DynamicState {
    return new DynamicState(supervised, this.flags, this.lastChild)
  }

  brief(): Summary & DynamicFlags {
    const { maxChildren, template } = this.flags
    return { ...summaryOf(this.supervised), maxChildren, template }
  }

  shown(): DynamicSupervisorView {
    return { ...this.brief(), children: childrenOf(this.supervised.children) }
  }

  replacedBy(change: (shown: unknown) => unknown): DynamicState {
    const before = this.shown()
    const after = changedFlags(before, change(before), dynamicFlags)
    const { intensity, periodMs, maxChildren } = after
    const limits = checked(checkDynamicFlags({ intensity, periodMs, maxChildren }))
    const flags = { ...limits, template: this.flags.template }
    const { intensity: most, periodMs: within } = flags
    const supervised = { ...this.supervised, intensity: most, periodMs: within }
    return new DynamicState(supervised, flags, this.lastChild)
  }
}

const treeFlags: readonly string[] = ['strategy', 'autoShutdown', 'intensity', 'periodMs']
const dynamicFlags: readonly string[] = ['intensity', 'periodMs', 'maxChildren']

/** `view` for `getStatus`: arguments of children may be secrets, and large. */
export function withoutArgs<V extends { readonly children: readonly ChildState[] }>(view: V) {
  const children = view.children.map(({ arg: _arg, ...rest }) => rest)
  return { ...view, children }
}

function summaryOf({ intensity, periodMs, restarts, children }: SupervisorState): Summary {
  return { intensity, periodMs, restarts: restarts.length, counts: children.counts }
}

/** No more than a snapshot holds. */
function childrenOf(children: Children): readonly ChildState[] {
  const states: ChildState[] = []
  for (const { spec, pid, restarting } of children.onwards()) {
    if (states.push({ ...spec, pid, restarting }) >= runtimeLimits.snapshotObjectsMax) break
  }
  return states
}

/** `given`, which differs from `before` in nothing but `flags`. */
function changedFlags(
  before: object,
  given: unknown,
  flags: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isRecord(given)) {
    throw new BadArgument(`replaceState: expected the state of a supervisor, got ${show(given)}`)
  }
  for (const field of new Set([...Object.keys(before), ...Object.keys(given)])) {
    if (!flags.includes(field) && !Object.is(Reflect.get(before, field), given[field])) {
      const may = `only ${flags.join(', ')} can be replaced`
      throw new BadArgument(`replaceState: ${field}: ${may}, got ${show(given[field])}`)
    }
  }
  return given
}

function checked<F extends object>(flags: F | SpecError): F {
  if (!isSpecError(flags)) return flags
  const { field, expected, got } = flags
  throw new BadArgument(`replaceState: ${field}: expected ${expected}, got ${got}`)
}

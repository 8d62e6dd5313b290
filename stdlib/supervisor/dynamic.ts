/**
 * A supervisor of children that come and go (OTP `simple_one_for_one`, Elixir `DynamicSupervisor`;
 * rule V15): none at first, any number later, known by their pids. It decides by the same rule as
 * every supervisor, `oneForOne`, with the difference that a child that is not restarted is
 * forgotten. A restart reuses the argument. At its end all children are stopped concurrently.
 *
 * Differences from OTP: a kind of supervisor of its own, so that combinations OTP refuses at run
 * time cannot be written; no automatic shutdown.
 */
import { isPid, type Module, type Pid, type Reason, type Self } from '../../runtime/index.ts'
import { formatReason, processOfSelf } from '../../runtime/kernel.ts'
import { genServer } from '../gen-server.ts'
import { checkFunction } from '../given.ts'
import { Ignore, next, reply, type Stop, stop } from '../outcome.ts'
import type { Child, ChildCounts } from './children.ts'
import {
  checkDynamicChild,
  checkDynamicFlags,
  type SpecFlags,
  type TemplateFlags,
} from './dynamic-spec.ts'
import { childless, eventOf, handle, startSpec, stopChild } from './perform.ts'
import { reportChild } from './report.ts'
import { added, type SupervisorState } from './rule.ts'
import { shutdownTogether } from './shutdown.ts'
import { type ChildSpec, isSpecError, supervisorMark, withArg } from './spec.ts'
import { DynamicState, withoutArgs } from './state.ts'
import type { Done, StartedChild } from './supervisor.ts'

export type DynamicChildInfo = {
  readonly pid: Pid | null
  readonly restarting: boolean
  readonly type: 'worker' | 'supervisor'
  readonly module: string
}

/**
 * What a dynamic supervisor answers. `startChild` takes an argument for the template, or a spec
 * where there is none. It fails with `{ tag: 'maxChildren', max }`, `{ tag: 'startSpec' }`,
 * `{ tag: 'unknownModule' }` or the child's own reason, and nothing is kept; a child that ignores
 * is `ok` with `pid: null`, and nothing is kept either. `terminateChild` is `ok` for a pid that is
 * dead, and `notFound` for a live process that is none of its children.
 */
export type DynamicSupervisor<ChildArg = ChildSpec> = {
  calls: {
    startChild: (arg: ChildArg) => StartedChild
    terminateChild: (pid: Pid) => Done<'notFound'>
    whichChildren: () => DynamicChildInfo[]
    countChildren: () => ChildCounts
  }
}

/**
 * Defines a dynamic supervisor: `dynamicSupervisor('sessions', () => ({ template: template(Session)
 * }))`, whose children are started with an argument, or `dynamicSupervisor('any', () => ({}))`,
 * whose children are started with a spec. `describe` runs at every start of the supervisor, with
 * its argument; it may answer `ignore()`.
 */
export function dynamicSupervisor<ChildArg, Arg = void>(
  name: string,
  describe: (arg: Arg) => TemplateFlags<ChildArg> | Ignore,
): Module<DynamicSupervisor<ChildArg>, Arg>
export function dynamicSupervisor<Arg = void>(
  name: string,
  describe: (arg: Arg) => SpecFlags | Ignore,
): Module<DynamicSupervisor, Arg>
export function dynamicSupervisor<Arg>(
  name: string,
  describe: (arg: Arg) => TemplateFlags<unknown> | SpecFlags | Ignore,
): Module<DynamicSupervisor<unknown>, Arg> {
  checkFunction('dynamicSupervisor', describe)
  const module = genServer<DynamicSupervisor<unknown>>(name)({
    init: (arg: Arg, self): DynamicState | Stop<never> | Ignore => {
      self.trapExit(true)
      const flags = describe(arg)
      return flags instanceof Ignore ? flags : begin(flags)
    },
    calls: {
      startChild: async (state, arg, self) => {
        const [result, after] = await startChild(self, state, arg)
        return reply(result, after)
      },
      terminateChild: async (state, pid, self) => {
        const child = isPid(pid) ? state.supervised.children.byPid(pid) : undefined
        if (child === undefined) {
          const dead = isPid(pid) && processOfSelf(self).system.lookup(pid).tag === 'dead'
          return reply(dead ? { tag: 'ok' } : { tag: 'error', reason: 'notFound' }, state)
        }
        const supervised = await stopChild(self, state.supervised, child)
        return reply({ tag: 'ok' }, state.with(supervised))
      },
      whichChildren: (state) =>
        reply([...state.supervised.children.backwards()].map(infoOf), state),
      countChildren: (state) => reply(state.supervised.children.counts, state),
    },
    info: (state, message, self) => {
      const event = eventOf(self, state.supervised, message)
      if (event === undefined) return next(state)
      return handle(self, state.supervised, event).then(({ state: supervised, ends }) =>
        ends ? stop('shutdown', state.with(supervised)) : next(state.with(supervised)),
      )
    },
    terminate: (_reason, state, self) => stopAll(self, state.supervised),
    formatStatus: (state) => withoutArgs(state.shown()),
  })
  Object.defineProperty(module, supervisorMark, { value: true })
  return module
}

function begin(given: TemplateFlags<unknown> | SpecFlags): DynamicState | Stop<never> {
  const flags = checkDynamicFlags(given)
  if (isSpecError(flags)) return stop({ ...flags })
  const { intensity, periodMs } = flags
  const rules = { strategy: 'oneForOne', autoShutdown: 'never', intensity, periodMs } as const
  return new DynamicState(childless(rules, false), flags, 0)
}

async function startChild(
  self: Self,
  state: DynamicState,
  arg: unknown,
): Promise<[StartedChild, DynamicState]> {
  const { flags, supervised } = state
  const { maxChildren: max } = flags
  if (supervised.children.size >= max) {
    return [{ tag: 'error', reason: { tag: 'maxChildren', max } }, state]
  }
  const { template } = flags
  const spec = template === null ? checkDynamicChild(arg, 'spec') : withArg(template, arg, 'arg')
  if (isSpecError(spec)) return [{ tag: 'error', reason: spec }, state]
  const lastChild = state.lastChild + 1
  const numbered = { ...spec, id: String(lastChild) }
  const result = await startSpec(self, numbered)
  if (result.tag === 'error') return [result, state]
  return [result, new DynamicState(added(supervised, numbered, result.pid), flags, lastChild)]
}

/** Stops all children at once. Those that end alike otherwise than they should are one report. */
async function stopAll(self: Self, { children }: SupervisorState): Promise<void> {
  const odd = await shutdownTogether(self, children.onwards())
  const kinds = new Map<string, { readonly child: Child; readonly reason: Reason; count: number }>()
  for (const { child, reason } of odd) {
    const kind = `${child.spec.module} ${formatReason(reason)}`
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { child, reason, count: 1 })
    else known.count++
  }
  for (const { child, reason, count } of kinds.values()) {
    reportChild(self, 'shutdownError', child, reason, count)
  }
}

function infoOf({ spec, pid, restarting }: Child): DynamicChildInfo {
  return { pid, restarting, type: spec.type, module: spec.module }
}

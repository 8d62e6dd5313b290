/**
 * What the compiler must refuse about looking into servers: a replacement that makes another kind
 * of state than it is given. `tsc` checks this file and nothing runs it: a line marked as an error
 * that compiles is itself an error.
 */
import type { Ref, Self } from '../../runtime/index.ts'
import {
  type CurrentState,
  type DynamicSupervisorView,
  type HandlerState,
  type Supervisor,
  type SupervisorView,
  sys,
} from '../../stdlib/index.ts'

type Door = { calls: { enter: (code: string) => boolean } }
type Doors = { shut: { readonly tries: number }; open: { readonly by: string } }
type Now = CurrentState<Doors>
type Total = { readonly total: number }

declare const self: Self
declare const door: Ref<Door>
declare const tree: Ref<Supervisor>
declare const server: Ref<unknown>

export const fine = [
  sys.replaceState(self, server, (state: Total) => ({ ...state, total: 1 })),
  sys.replaceState(self, door, (now: Now) => now),
  sys.replaceState(self, door, (): Now => ({ state: 'open', data: { by: 'me' } })),
  sys.replaceState(self, door, (now: Now) =>
    now.state === 'open' ? { state: 'shut', data: { tries: 0 } } : now,
  ),
  sys.replaceState(self, tree, (view: SupervisorView) => ({ ...view, strategy: 'restForOne' })),
  sys.replaceState(self, tree, (view: DynamicSupervisorView) => ({ ...view, maxChildren: 5 })),
  sys.replaceState(self, server, (one: HandlerState<Total>) => ({ ...one, state: { total: 0 } })),
]

export const refused = [
  // @ts-expect-error: another kind of state
  sys.replaceState(self, server, (state: Total) => ({ total: `${state.total}` })),
  // @ts-expect-error: no such state
  sys.replaceState(self, door, (now: Now) => ({ ...now, state: 'ajar' })),
  // @ts-expect-error: the data of another state
  sys.replaceState(self, door, (_: Now) => ({ state: 'open', data: { tries: 1 } })),
  // @ts-expect-error: the data may be that of the other state
  sys.replaceState(self, door, (now: Now) => ({ state: 'open', data: now.data })),
  // @ts-expect-error: a state without its data
  sys.replaceState(self, door, (_: Now) => ({ state: 'open' })),
  // @ts-expect-error: no function
  sys.replaceState(self, door, { state: 'open', data: { by: 'me' } }),
  // @ts-expect-error: a promise of a state
  sys.replaceState(self, door, async (now: Now) => now),
  // @ts-expect-error: no such strategy
  sys.replaceState(self, tree, (view: SupervisorView) => ({ ...view, strategy: 'all' })),
  // @ts-expect-error: the handler without its state
  sys.replaceState(self, server, ({ module, id }: HandlerState<Total>) => ({ module, id })),
]

/**
 * What the compiler must refuse about events and their handlers. `tsc` checks this file and nothing
 * runs it: a line marked as an error that compiles is itself an error.
 */
import type { LocalNode, Ref, Self } from '../../runtime/index.ts'
import {
  addHandler,
  addSupervisedHandler,
  callHandler,
  deleteHandler,
  type EventManager,
  eventHandler,
  genEvent,
  handler,
  next,
  notify,
  remove,
  reply,
  start,
  swap,
  swapHandler,
  syncNotify,
} from '../../stdlib/index.ts'

type Alarm =
  | { readonly tag: 'set'; readonly id: string }
  | { readonly tag: 'cleared'; readonly id: string }
type Metric = { readonly tag: 'metric'; readonly value: number }

declare const self: Self
declare const node: LocalNode
declare const alarms: Ref<EventManager<Alarm>>

const Active = eventHandler<
  Alarm,
  { calls: { active: () => string[]; has: (id: string) => boolean } }
>('active')({
  init: (first: readonly string[]) => [...first],
  event: (ids, { tag, id }) => next(tag === 'set' ? [...ids, id] : ids.filter((one) => one !== id)),
  calls: {
    active: (ids) => reply(ids, ids),
    has: (ids, id) => reply(ids.includes(id), ids),
  },
})

const Any = eventHandler<Alarm | Metric>('any')({
  init: () => 0,
  event: (count) => next(count + 1),
})

const Metrics = eventHandler<Metric>('metrics')({
  init: () => 0,
  event: (sum, { value }) => next(sum + value),
})

const Alarms = genEvent<Alarm>('alarms')({
  handlers: [Active, Any],
  install: (ids: string[]) => [handler(Active, ids), handler(Any, undefined, { id: 'count' })],
})

export const fine = [
  start(self, Alarms, ['disk']),
  addHandler(node, alarms, handler(Active, [])),
  addHandler(self, alarms, handler(Any)),
  notify(self, alarms, { tag: 'set', id: 'disk' }),
  callHandler(self, alarms, Active, 'active') satisfies Promise<string[]>,
  callHandler(self, alarms, Active, 'has', 'disk', { id: 'x' }) satisfies Promise<boolean>,
  swapHandler(self, alarms, Active, handler(Any)),
]

export const refused = [
  // @ts-expect-error: an event of another kind
  notify(self, alarms, { tag: 'metric', value: 1 }),
  // @ts-expect-error: a missing field
  syncNotify(self, alarms, { tag: 'set' }),
  // @ts-expect-error: a handler that does not understand all events of the manager
  addHandler(self, alarms, handler(Metrics)),
  // @ts-expect-error: host code owns nothing
  addSupervisedHandler(node, alarms, handler(Any)),
  // @ts-expect-error: a wrong argument of init
  addHandler(self, alarms, handler(Active, 'disk')),
  // @ts-expect-error: a missing argument of init
  addHandler(self, alarms, handler(Active)),
  // @ts-expect-error: a handler is not the module of a process
  start(self, Active, []),
  // @ts-expect-error: no such operation
  callHandler(self, alarms, Active, 'has been'),
  // @ts-expect-error: a missing argument
  callHandler(self, alarms, Active, 'has'),
  // @ts-expect-error: a wrong argument
  callHandler(self, alarms, Active, 'has', 1),
  // @ts-expect-error: a handler without calls
  callHandler(self, alarms, Any, 'active'),
  // @ts-expect-error: the reply is a list
  callHandler(self, alarms, Active, 'active') satisfies Promise<boolean>,
  // @ts-expect-error: a handler of other events
  deleteHandler(self, alarms, Metrics),
  // @ts-expect-error: one that does not understand all events
  swapHandler(self, alarms, Active, handler(Metrics)),
  // @ts-expect-error: one that does not understand all events
  genEvent<Alarm>('alarms')({ handlers: [Metrics] }),
]

// @ts-expect-error: a manager of more kinds of events
export const wider: Ref<EventManager<Alarm | Metric>> = alarms

export const noCalls = eventHandler<Alarm, { calls: { get: () => number } }>('noCalls')(
  // @ts-expect-error: calls that nobody handles
  { init: () => 0, event: (state) => next(state) },
)

export const noData = [
  // @ts-expect-error: a reply that cannot be sent
  eventHandler<Alarm, { calls: { get: () => () => number } }>('noData'),
]

export const wrongOutcomes = eventHandler<Alarm, { calls: { get: () => number } }>('wrong')({
  init: () => 0,
  // @ts-expect-error: nobody waits for an answer
  event: (state) => reply(1, state),
  calls: {
    // @ts-expect-error: somebody waits for an answer
    get: (state) => remove(state),
  },
  // @ts-expect-error: the successor does not understand all events
  info: (state) => swap(state, handler(Metrics)),
})

export const wrongState = eventHandler<Alarm, { calls: { get: () => number } }>('wrongState')({
  init: () => 0,
  // @ts-expect-error: the state is a number
  event: () => next('one'),
  calls: {
    // @ts-expect-error: the reply is a number
    get: (state) => reply('one', state),
  },
})

/**
 * What the compiler must refuse about supervisors and applications. `tsc` checks this file and
 * nothing runs it: a line marked as an error that compiles is itself an error.
 */
import type { Pid, Ref, Self } from '../../runtime/index.ts'
import {
  application,
  call,
  cast,
  child,
  type DynamicSupervisor,
  dynamicSupervisor,
  ensureAllStarted,
  genServer,
  getEnv,
  type Supervisor,
  setEnv,
  startApplication,
  startLink,
  supervisor,
  template,
} from '../../stdlib/index.ts'

declare const self: Self
declare const tree: Ref<Supervisor>
declare const pool: Ref<DynamicSupervisor<number>>
declare const any: Ref<DynamicSupervisor>

const Worker = genServer<{}>('types.worker')({ init: (first: number) => first })
const Plain = genServer<{}>('types.plain')({ init: () => null })

export const children = [
  child(Worker, 1, { restart: 'transient', significant: true }),
  child(Plain),
  // @ts-expect-error: the argument is a number
  child(Worker, 'one'),
  // @ts-expect-error: the argument is missing
  child(Worker),
  // @ts-expect-error: no such restart type
  child(Plain, undefined, { restart: 'always' }),
]

export const trees = [
  supervisor('a', () => ({ autoShutdown: 'anySignificant', children: [child(Plain)] })),
  // @ts-expect-error: no such strategy
  supervisor('b', () => ({ strategy: 'simpleOneForOne', children: [] })),
  // @ts-expect-error: no such kind of shutdown
  supervisor('c', () => ({ autoShutdown: 'always', children: [] })),
  // @ts-expect-error: it must have children
  supervisor('d', () => ({ strategy: 'oneForOne' })),
]

export const pools = [
  dynamicSupervisor('e', () => ({ template: template(Worker), maxChildren: 5 })),
  dynamicSupervisor('f', (max: number) => ({ maxChildren: max })),
  // @ts-expect-error: no strategies
  dynamicSupervisor('g', () => ({ template: template(Worker), strategy: 'oneForAll' as const })),
  // @ts-expect-error: no initial children
  dynamicSupervisor('h', () => ({ children: [child(Plain)] })),
  // @ts-expect-error: a template has no name, its children would share it
  template(Worker, { name: 'worker' }),
  // @ts-expect-error: nor an id
  template(Worker, { id: 'worker' }),
]

export const asked = [
  call(self, tree, 'startChild', child(Worker, 1)),
  call(self, pool, 'startChild', 1),
  call(self, any, 'startChild', child(Worker, 1)),
  call(self, tree, 'countChildren') satisfies Promise<{ readonly active: number }>,
  // @ts-expect-error: no such operation
  call(self, tree, 'addChild', child(Plain)),
  // @ts-expect-error: a module is no spec
  call(self, tree, 'startChild', Plain),
  // @ts-expect-error: a missing argument
  call(self, tree, 'terminateChild'),
  // @ts-expect-error: named children are known by their ids
  call(self, tree, 'terminateChild', tree),
  // @ts-expect-error: the answer is a list
  call(self, tree, 'whichChildren') satisfies Promise<number>,
  // @ts-expect-error: a supervisor has no casts
  cast(self, tree, 'startChild', child(Plain)),
  // @ts-expect-error: the template's argument is a number
  call(self, pool, 'startChild', 'one'),
  // @ts-expect-error: an argument, not a spec
  call(self, pool, 'startChild', child(Worker, 1)),
  // @ts-expect-error: a spec, not an argument
  call(self, any, 'startChild', 1),
  // @ts-expect-error: dynamic children have no ids
  call(self, pool, 'terminateChild', 'a'),
  // @ts-expect-error: nor can they be restarted by hand
  call(self, pool, 'restartChild', 'a'),
]

const Shop = application('types.shop', {
  env: { port: 80, host: 'a' },
  start: async (own, { env }) => {
    const started = await startLink(own, Worker, env.port)
    return started.tag === 'ok' ? { ...started, state: { since: 1 } } : started
  },
  prepStop: (state) => ({ since: state.since + 1 }),
  stop: (state) => void state.since.toFixed(),
})

export const Stateless = application('types.stateless', {
  start: (own) => startLink(own, Plain),
  stop: (state) => state satisfies undefined,
})

export const applications = [
  startApplication(self, Shop, { type: 'permanent' }),
  ensureAllStarted(self, [Shop, 'other']),
  getEnv(self, Shop, 'port') satisfies Promise<number>,
  setEnv(self, Shop, 'host', 'b'),
  // @ts-expect-error: no such key
  getEnv(self, Shop, 'ports'),
  // @ts-expect-error: the port is a number
  setEnv(self, Shop, 'port', '80'),
  // @ts-expect-error: no such type
  startApplication(self, Shop, { type: 'eternal' }),
  // @ts-expect-error: `start` must say what it started
  application('types.broken', { start: () => 7 }),
]

export async function outcomes(): Promise<void> {
  const started = await startLink(self, Worker, 1)
  // @ts-expect-error: it may have failed, or have nothing to do
  started.pid
  const added = await call(self, tree, 'startChild', child(Plain))
  // @ts-expect-error: it may have failed
  added.pid
  // @ts-expect-error: a child that ignores has no pid
  if (added.tag === 'ok') added.pid satisfies Pid
  const deleted = await call(self, tree, 'deleteChild', 'a')
  // @ts-expect-error: no such reason
  if (deleted.tag === 'error') deleted.reason satisfies 'notFound'
}

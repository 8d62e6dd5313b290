/** A dynamic supervisor of told workers, and a process that acts on it. */
import type { Module, Pid, Ref, Self, TraceEvent } from '../../../runtime/index.ts'
import {
  call,
  type DynamicSupervisor,
  dynamicSupervisor,
  start,
  type TemplateFlags,
  template,
} from '../../../stdlib/index.ts'
import { oneNode } from './one-node.ts'
import { type Workers, workers } from './tree.ts'

export type Pool<ChildArg> = Ref<DynamicSupervisor<ChildArg>>

export type Scene = Workers & {
  readonly self: Self
  readonly pool: Pool<string>
  readonly events: TraceEvent[]
  /** Starts a child that must start. */
  add(arg: string): Promise<Pid>
}

export async function grow<ChildArg>(
  self: Self,
  module: Module<DynamicSupervisor<ChildArg>, void>,
): Promise<Pool<ChildArg>> {
  const started = await start(self, module)
  if (started.tag !== 'ok') throw new Error(`it starts: ${JSON.stringify(started)}`)
  return started.pid
}

export function withPool(
  flags: Omit<TemplateFlags<string>, 'template'> & Parameters<typeof template>[1],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const made = workers()
  const { restart = 'permanent', shutdown = 5_000, type = 'worker', ...limits } = flags
  const child = template(made.module, { restart, shutdown, type })
  const module = dynamicSupervisor('pool', () => ({ intensity: 100, ...limits, template: child }))
  const node = oneNode([made.module, module])
  const events: TraceEvent[] = []
  node.observe((event) => events.push(event))
  return node.run(async (self) => {
    const pool = await grow(self, module)
    const add = async (arg: string): Promise<Pid> => {
      const started = await call(self, pool, 'startChild', arg)
      if (started.tag !== 'ok' || started.pid === null) throw new Error('the child starts')
      return started.pid
    }
    await body({ ...made, self, pool, events, add })
  })
}

/**
 * Starting tasks: here, on another node, under a supervisor. All but the last form give the caller
 * a `Task` to wait for. A task is a module, so that it can be started by name wherever it is
 * listed; a function is enough for one that runs here, linked with the caller, and is not started
 * a second time by anyone (`taskOf`).
 */
import {
  type AnyModule,
  type Caller,
  Exit,
  type Module,
  type Pid,
  pidKey,
  type Reason,
  type Self,
  spawn,
  spawnAt,
  spawnLink,
} from '../../runtime/index.ts'
import { processOfSelf, type SpawnArgs, systemOf } from '../../runtime/kernel.ts'
import { callWithin } from '../gen.ts'
import type { ServerRef } from '../protocol.ts'
import { type DynamicSupervisor, dynamicSupervisor } from '../supervisor/dynamic.ts'
import { type ChildSpec, child } from '../supervisor/spec.ts'
import { type Order, type TaskModule, task } from './module.ts'
import { Task } from './task.ts'

export type TaskOptions = {
  /** Whether the end of one ends the other, as links do. Default true. */
  readonly link?: boolean
}

/** What a supervisor must answer to run tasks: `supervisor` and `dynamicSupervisor` do. */
export type TaskSupervisor = {
  readonly calls: {
    readonly startChild: (
      spec: ChildSpec,
    ) =>
      | { readonly tag: 'ok'; readonly pid: Pid | null }
      | { readonly tag: 'error'; readonly reason: Reason }
  }
}

/** Starts a task on this node, linked with the calling process unless told otherwise. */
export function asyncTask<Arg, R>(
  self: Self,
  module: TaskModule<Arg, R>,
  ...[arg, options = {}]: SpawnArgs<Arg, TaskOptions>
): Task<R> {
  return orderHere(self, module, arg, options.link !== false)
}

/** Runs a function as a linked task of this node. */
export function taskOf<R>(self: Self, body: (self: Self) => R | Promise<R>): Task<R> {
  return asyncTask(self, task<void, R>('skein.task', body))
}

/**
 * Starts a task on node `node`, which must list it. Rejects as `spawnAt` does. When the node is
 * lost, the task ends with `{ tag: 'nodedown', node }` for its owner.
 */
export function asyncTaskAt<Arg, R>(
  self: Self,
  node: string,
  module: TaskModule<Arg, R>,
  ...[arg, options = {}]: SpawnArgs<Arg, TaskOptions>
): Promise<Task<R>> {
  return orderAt(self, node, module, arg, options.link !== false)
}

/**
 * Starts a task under a supervisor, here or elsewhere, whose node must list it; it is never
 * restarted. Rejects with `Exit`: the supervisor's reason for refusing, those of a call, or
 * `noproc` when the task is gone already.
 */
export function asyncTaskUnder<Arg, R>(
  self: Self,
  parent: ServerRef<TaskSupervisor>,
  module: TaskModule<Arg, R>,
  ...[arg, options = {}]: SpawnArgs<Arg, TaskOptions>
): Promise<Task<R>> {
  return orderUnder(self, parent, module, arg, options.link !== false)
}

/**
 * Starts a task under a supervisor for what it does, not for its value (Elixir's
 * `Task.Supervisor.start_child`). Rejects as `asyncTaskUnder`.
 */
export function startTask<Arg, R>(
  caller: Caller,
  parent: ServerRef<TaskSupervisor>,
  module: TaskModule<Arg, R>,
  ...[arg]: SpawnArgs<Arg, undefined>
): Promise<Pid> {
  return startUnder(caller, parent, module, arg)
}

/** A supervisor for tasks: `child(taskSupervisor('shop.tasks'), undefined, { name: 'tasks' })`. */
export function taskSupervisor(name: string): Module<DynamicSupervisor, void> {
  return dynamicSupervisor(name, () => ({}))
}

/** `asyncTask` where the argument is known to fit. */
export function orderHere<R>(
  self: Self,
  module: TaskModule<never, R>,
  arg: unknown,
  link: boolean,
): Task<R> {
  const start = link ? spawnLink : spawn
  return new Task<R>(processOfSelf(self), start(self, module.ordered, orderOf(self, arg)))
}

/** `asyncTaskAt` where the argument is known to fit. */
export async function orderAt<R>(
  self: Self,
  node: string,
  module: TaskModule<never, R>,
  arg: unknown,
  link: boolean,
): Promise<Task<R>> {
  const owner = processOfSelf(self)
  const pid = await spawnAt(self, node, module.ordered, orderOf(self, arg), { link })
  return new Task<R>(owner, pid)
}

/** `asyncTaskUnder` where the argument is known to fit. */
export async function orderUnder<R>(
  self: Self,
  parent: ServerRef<TaskSupervisor>,
  module: TaskModule<never, R>,
  arg: unknown,
  link: boolean,
): Promise<Task<R>> {
  const owner = processOfSelf(self)
  const pid = await startUnder(self, parent, module.ordered, orderOf(self, arg))
  if (link) self.link(pid)
  return new Task<R>(owner, pid)
}

async function startUnder(
  caller: Caller,
  parent: ServerRef<TaskSupervisor>,
  module: AnyModule,
  arg: unknown,
): Promise<Pid> {
  const system = systemOf(caller)
  // Unique also among the owners of other nodes.
  const id = `${pidKey(system.hostPid)}/${system.nextId()}`
  const spec = child(module, arg, { id, restart: 'temporary' })
  const result = await callWithin(caller, Number.POSITIVE_INFINITY, parent, 'startChild', spec)
  if (result.tag === 'ok' && result.pid !== null) return result.pid
  throw new Exit(result.tag === 'ok' ? 'noproc' : result.reason, 'startChild')
}

function orderOf(self: Self, arg: unknown): Order {
  return { tag: '$task', owner: self.pid, arg }
}

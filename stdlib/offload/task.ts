/**
 * Tasks: the exported functions of a module, found by own name only. One takes an argument and a
 * context, and returns its result or a promise of it. Runs in a worker thread, where it is all of
 * skein that is loaded, and inline in simulation.
 */
import type { Transferable } from 'node:worker_threads'
// Not through the kernel, which would load the whole runtime into every thread.
import { type Reason, reasonOfThrown } from '../../runtime/exit.ts'
import { unclonable } from './clonable.ts'

/** What a task gets beside its argument. */
export type TaskContext = {
  /** Moves buffers of the result to the caller instead of copying them. */
  transfer(...moved: Transferable[]): void
}

/** How an offloaded task went. Everything that can be expected to fail is a value. */
export type OffloadResult<R = unknown> =
  | { readonly tag: 'ok'; readonly value: R }
  | { readonly tag: 'error'; readonly reason: Reason }

export type TaskRun = { readonly result: OffloadResult; readonly moved: readonly Transferable[] }

export async function runTask(module: object, task: string, arg: unknown): Promise<TaskRun> {
  const run: unknown = Object.hasOwn(module, task) ? Reflect.get(module, task) : undefined
  if (!isFunction(run)) return { result: failure({ tag: 'undef', op: task }), moved: [] }
  const moved: Transferable[] = []
  const context: TaskContext = { transfer: (...list) => void moved.push(...list) }
  try {
    const value = await run(arg, context)
    const message = unclonable(value, 'result')
    if (message !== undefined) return { result: failure({ tag: 'unsendable', message }), moved: [] }
    return { result: { tag: 'ok', value }, moved }
  } catch (thrown) {
    return { result: failure(reasonOfThrown(thrown)), moved: [] }
  }
}

export function failure(reason: Reason): { readonly tag: 'error'; readonly reason: Reason } {
  return { tag: 'error', reason }
}

/** What an error says; what a thread died of is not always an `Error` of this one. */
export function messageOf(error: unknown): string {
  const told = typeof error === 'object' && error !== null && 'message' in error
  return String(told ? error.message : error)
}

function isFunction(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === 'function'
}

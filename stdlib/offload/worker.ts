/**
 * What runs in a thread of an offload pool: loads the program's module of tasks, whose address the
 * pool gave, and runs one task of it at a time. Failures of tasks go back as data; only what ends
 * the thread is left to piscina.
 */
import { workerData } from 'node:worker_threads'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { messageOf, runTask } from './task.ts'

/** Loads the module, so that one that cannot be loaded is known before a task needs it. */
export async function load(): Promise<string | undefined> {
  const { tasks }: { readonly tasks: string } = workerData
  try {
    await import(tasks)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

export async function run(job: { readonly task: string; readonly arg: unknown }): Promise<unknown> {
  const { tasks }: { readonly tasks: string } = workerData
  const { result, moved } = await runTask(await import(tasks), job.task, job.arg)
  if (moved.length === 0) return result
  // Piscina posts `transferableSymbol` as the list and `valueSymbol` as the message.
  return move({ [transferableSymbol]: moved, [valueSymbol]: result })
}

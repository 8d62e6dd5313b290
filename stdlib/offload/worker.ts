/**
 * What runs in a thread of an offload pool: loads the program's module of tasks, whose address the
 * pool gave, and runs one task of it at a time. Failures of tasks go back as data; only what ends
 * the thread is left to piscina.
 */
import { workerData } from 'node:worker_threads'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { messageOf, runTask } from './task.ts'

const { tasks }: { readonly tasks: string } = workerData
const module: Promise<object> = import(tasks)

/** Waits for the module; gives why it cannot be loaded, before a task needs it. */
export function load(): Promise<string | undefined> {
  return module.then(() => undefined, messageOf)
}

export async function run(job: { readonly task: string; readonly arg: unknown }): Promise<unknown> {
  const { result, moved } = await runTask(await module, job.task, job.arg)
  if (moved.length === 0) return result
  // Piscina posts `transferableSymbol` as the list and `valueSymbol` as the message.
  return move({ [transferableSymbol]: moved, [valueSymbol]: result })
}

/**
 * Tasks on worker threads, by piscina, which is loaded here and now, so that a program without a
 * pool never loads it. A task that is aborted loses its thread, whatever it is doing, and another
 * one is started in its place.
 */
import type { Piscina } from 'piscina'
import type { Executor, Opened, Work } from './executor.ts'
import { threadArgv } from './loader.ts'
import { failure, messageOf, type OffloadResult } from './task.ts'
import type * as Worker from './worker.ts'

/** piscina takes functions of the thread's side by name. */
const entries: { readonly [Name in keyof typeof Worker]: Name } = { load: 'load', run: 'run' }

export type ThreadOptions = {
  readonly tasks: URL
  readonly threads: number
  /** Megabytes of heap of one thread; a task that needs more loses it. Undefined: V8's default. */
  readonly heapMaxMb: number | undefined
  /** Aborted when the threads are to end, whatever they do. */
  readonly until: AbortSignal
  /** A thread ended while it had no task, and another one has begun in its place or could not. */
  readonly lost: (message: string, replaced: boolean) => void
}

/** Starts the threads and loads the tasks in one of them. */
export async function openThreads(options: ThreadOptions): Promise<Opened> {
  const { Piscina } = await import('piscina')
  const { tasks, threads, heapMaxMb, until } = options
  if (until.aborted) return { tag: 'error', message: 'aborted' }
  const file = entry()
  const execArgv = threadArgv(process.execArgv, [file, tasks])
  const pool = new Piscina({
    filename: file.href,
    workerData: { tasks: tasks.href },
    minThreads: threads,
    maxThreads: threads,
    recordTiming: false,
    // A thread that sleeps between tasks would hide what a task has left behind until the next one.
    atomics: 'disabled',
    ...(execArgv !== undefined && { execArgv }),
    ...(heapMaxMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMaxMb } }),
  })
  until.addEventListener('abort', () => void pool.destroy(), { once: true })
  const report = (message: string): void => {
    options.lost(message, pool.threads.length === threads)
  }
  let lost = report
  pool.on('error', (error: unknown) => lost(messageOf(error)))
  // A thread that cannot begin leaves what waits for it waiting: its failure is the answer.
  const failure = new Promise<string>((resolve) => {
    lost = resolve
  })
  const loading: Promise<string | undefined> = pool.run(null, { name: entries.load })
  const message = await Promise.race([loading.catch(messageOf), failure])
  lost = report
  if (message === undefined) return { tag: 'ok', executor: new Threads(pool) }
  await pool.destroy()
  return { tag: 'error', message }
}

/** The thread's side, as a source file or as it was built. */
function entry(): URL {
  const source = new URL('./worker.ts', import.meta.url)
  return import.meta.url.endsWith('.ts') ? source : new URL('./worker.js', import.meta.url)
}

class Threads implements Executor {
  readonly #pool: Piscina

  constructor(pool: Piscina) {
    this.#pool = pool
  }

  async run({ task, arg, transfer, signal }: Work): Promise<OffloadResult> {
    try {
      const options = { name: entries.run, transferList: [...transfer], signal }
      return await this.#pool.run({ task, arg }, options)
    } catch (error) {
      return failure(signal.aborted ? 'aborted' : reasonOf(error))
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** What is not the task's own failure: data that cannot be copied, or the end of a thread. */
function reasonOf(error: unknown) {
  const message = messageOf(error)
  const unsendable = error instanceof Error && error.name === 'DataCloneError'
  return { tag: unsendable ? 'unsendable' : 'threadLost', message }
}

/**
 * Where an offload pool has its tasks run: a port with two sides, threads (`threads.ts`) and the
 * node's own thread (`inline.ts`), which a simulation can repeat exactly.
 */
import type { Transferable } from 'node:worker_threads'
import type { OffloadResult } from './task.ts'

/** One piece of work, as it leaves the pool. */
export type Work = {
  readonly task: string
  readonly arg: unknown
  readonly transfer: readonly Transferable[]
  /** Aborted when nobody wants the result any more: the work is to end at once. */
  readonly signal: AbortSignal
}

export interface Executor {
  /**
   * Runs a task. Never rejects: a task that threw, a thread that was lost and an abort are results
   * with a reason. The pool asks for no more at a time than there are threads.
   */
  run(work: Work): Promise<OffloadResult>
  /** Ends every thread; resolves when they are gone. */
  close(): Promise<void>
}

/** How opening went; an error says why the tasks cannot be run, and the pool must not start. */
export type Opened =
  | { readonly tag: 'ok'; readonly executor: Executor }
  | { readonly tag: 'error'; readonly message: string }

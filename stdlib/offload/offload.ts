/**
 * Offloading: work that would hold the node up runs on threads beside it, as on BEAM's dirty
 * schedulers, and the caller awaits it like a call. A pool is a supervised server with a module of
 * tasks given by address; a task goes by name. Nothing of piscina is loaded before the first pool
 * starts.
 *
 * A job always ends: with its result, with the reason it failed, or because nobody wants it any
 * more. Then it is really aborted, and its thread replaced.
 */
import type { Transferable } from 'node:worker_threads'
import { BadArgument, type Caller, Exit, type Module } from '../../runtime/index.ts'
import {
  callerProcess,
  checkName,
  checkTimeout,
  isReason,
  parkedCaller,
  runtimeLimits,
  show,
  startCall,
  systemOf,
} from '../../runtime/kernel.ts'
import type { ServerRef } from '../protocol.ts'
import { unclonable } from './clonable.ts'
import { Job } from './job.ts'
import { type PoolProtocol, poolModule } from './pool.ts'
import { failure, messageOf, type OffloadResult } from './task.ts'

/** What a pool speaks. `Tasks` is the type of its module: `typeof import('./tasks.ts')`. */
export type OffloadPool<Tasks> = PoolProtocol & { readonly tasks?: Tasks }

export type OffloadPoolOptions<Tasks> = {
  /** The module whose functions are the tasks: `new URL('./tasks.js', import.meta.url)`. */
  readonly url: URL
  /** Default: one less than the machine's processors, at least 1. */
  readonly threads?: number
  /** Jobs that may wait for a thread. Default 1000. */
  readonly queueMax?: number
  /**
   * Megabytes of heap of one thread; a job that needs more loses its thread and fails with
   * `{ tag: 'threadLost' }`. Default: Node's.
   */
  readonly heapMaxMb?: number
  /** The module itself, for where no threads can be: a simulation runs the tasks in its own. */
  readonly inline?: Tasks
}

/**
 * Defines a pool: `offloadPool<typeof import('./tasks.ts')>('cpu', { url, threads: 2 })`, a module
 * to be listed and supervised: `child(Cpu, undefined, { name: 'cpu' })`. Its start fails with
 * `{ tag: 'cannotOffload', pool, message }` when the tasks cannot be loaded. A thread
 * that is lost is replaced; the pool ends with `{ tag: 'threadLost', message }` when it cannot be.
 * `call(self, pool, 'statistics')` tells how many jobs run and wait. Throws `BadArgument` for bad
 * options.
 */
export function offloadPool<Tasks extends object>(
  name: string,
  options: OffloadPoolOptions<Tasks>,
): Module<OffloadPool<Tasks>, void> {
  const { url, inline, threads, queueMax = runtimeLimits.offloadQueueMax, heapMaxMb } = options
  if (!(url instanceof URL)) throw new BadArgument(`url: expected a URL, got ${show(url)}`)
  if (threads !== undefined) checkCount('threads', threads, 1)
  checkCount('queueMax', queueMax, 0)
  if (heapMaxMb !== undefined) checkCount('heapMaxMb', heapMaxMb, 1)
  return poolModule(name, { url, inline, threads, queueMax, heapMaxMb })
}

function checkCount(field: string, value: unknown, least: number): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return
  throw new BadArgument(`${field}: expected a whole number from ${least}, got ${show(value)}`)
}

/** Names of the tasks of a module. */
export type TaskOf<Tasks> = {
  [Name in keyof Tasks]: Tasks[Name] extends (...args: never[]) => unknown ? Name : never
}[keyof Tasks] &
  string

type TaskArgs<F> = F extends (...args: infer Args) => unknown
  ? Args extends readonly []
    ? [arg?: undefined, options?: OffloadOptions]
    : Args extends readonly [infer Arg, ...infer _]
      ? [arg: Arg, options?: OffloadOptions]
      : Args extends readonly [(infer Arg)?, ...infer _]
        ? [arg?: Arg, options?: OffloadOptions]
        : never
  : never

type TaskResult<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never

export type OffloadOptions = {
  /** Milliseconds until the job is aborted with reason `timeout`. Default: no bound. */
  readonly timeoutMs?: number
  /** Aborts the job with reason `aborted`. */
  readonly signal?: AbortSignal
  /** Buffers in the argument that are moved to the thread instead of copied, and are empty here. */
  readonly transfer?: readonly Transferable[]
}

/**
 * Runs a task in a pool of the caller's own node: `await offload(self, local(Cpu, 'cpu'), 'primes',
 * 1000)`. Resolves with `{ tag: 'ok', value }`, or `{ tag: 'error', reason }`: what the task threw,
 * as `{ tag: 'error', name, message, stack }`; `{ tag: 'systemLimit', limit: 'offloadQueue' }` when
 * too many wait; `timeout`; `aborted`; `{ tag: 'undef', op }` for an unknown task;
 * `{ tag: 'unsendable' }` for a result that cannot be copied; `{ tag: 'threadLost' }`; `noproc`; or
 * the reason the pool ended with. When the calling process ends the job is aborted too.
 *
 * Argument and result are what the platform's structured clone takes, typed arrays included, but
 * no pids. Throws `BadArgument` for bad options, a pool of another node and, in checked mode, an
 * argument that a thread cannot be given.
 */
export function offload<Tasks, Task extends TaskOf<Tasks>>(
  caller: Caller,
  pool: ServerRef<OffloadPool<Tasks>>,
  task: Task,
  ...[arg, options]: TaskArgs<Tasks[Task]>
): Promise<OffloadResult<TaskResult<Tasks[Task]>>>
export function offload(
  caller: Caller,
  pool: ServerRef<PoolProtocol>,
  task: string,
  arg?: unknown,
  options: OffloadOptions = {},
): Promise<OffloadResult> {
  const parked = parkedCaller(caller)
  if (parked !== undefined) return parked
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, transfer = [] } = options
  checkName('task', task)
  checkTimeout('timeoutMs', timeoutMs)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new BadArgument(`signal: expected an AbortSignal, got ${show(signal)}`)
  }
  if (!Array.isArray(transfer)) {
    throw new BadArgument(`transfer: expected an array, got ${show(transfer)}`)
  }
  const system = systemOf(caller)
  const owner = callerProcess(caller)
  if (system.callTarget(pool).tag === 'remote') {
    throw new BadArgument('offload: the pool is on another node: spawn a process there instead')
  }
  const sent = system.checked ? copied(arg, transfer) : { arg, transfer }
  const job = new Job(task, sent.arg, sent.transfer, owner?.pid ?? null)
  const answer = startCall(system, owner, pool, 'run', job, timeoutMs)
  return finish(job, signal, answer)
}

/**
 * Checked mode: a job may wait, and what the caller does to its own objects meanwhile must not
 * matter. One clone of both keeps what is to be moved the same object as in the argument.
 */
function copied(arg: unknown, transfer: readonly Transferable[]) {
  const refused = unclonable(arg, 'arg')
  if (refused !== undefined) throw new BadArgument(refused)
  try {
    return structuredClone({ arg, transfer }, { transfer: [...transfer] })
  } catch (error) {
    throw new BadArgument(`arg: it cannot be given to a thread: ${messageOf(error)}`)
  }
}

async function finish(
  job: Job,
  signal: AbortSignal | undefined,
  answer: Promise<unknown>,
): Promise<OffloadResult> {
  const abort = (): void => job.abort('aborted')
  const forget = (): void => signal?.removeEventListener('abort', abort)
  // A caller that ends is never resumed: its job, which is called off then, lets go of the signal.
  job.signal.addEventListener('abort', forget, { once: true })
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    const result = await answer
    return isResult(result) ? result : failure('badReply')
  } catch (error) {
    if (!(error instanceof Exit)) throw error
    job.abort(error.reason)
    return failure(error.reason)
  } finally {
    forget()
  }
}

function isResult(value: unknown): value is OffloadResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'tag' in value &&
    (value.tag === 'ok' || (value.tag === 'error' && 'reason' in value && isReason(value.reason)))
  )
}

/**
 * A task in the hands of its owner (Elixir's `%Task{}`): its pid, and its result once there is one.
 * The owner alone may wait for it, as often as it likes; waiting reads no mailbox, so it may wait
 * for several at once. A task cannot be sent.
 *
 * Differences from Elixir: the result stays, so that a second wait gives it again; after a timeout
 * nothing arrives in the mailbox later.
 */
import {
  BadArgument,
  Exit,
  type Pid,
  type Reason,
  type Ref,
  type Self,
} from '../../runtime/index.ts'
import {
  checkTimeout,
  type Process,
  parkedCaller,
  processOfSelf,
  reasonOfThrown,
  selfOf,
} from '../../runtime/kernel.ts'
import { callWithin } from '../gen.ts'
import type { RunProtocol } from './module.ts'

export type TaskResult<R> =
  | { readonly tag: 'ok'; readonly value: R }
  | { readonly tag: 'exit'; readonly reason: Reason }

/** Elixir's `Task.await/2`, `yield/2` and `shutdown/2`. */
const defaultTimeoutMs = 5_000

export class Task<R> {
  readonly pid: Pid
  readonly #owner: Process
  readonly #waiting = new Set<() => void>()
  #result: TaskResult<R> | null = null

  /** Internal: asks the task for its value. */
  constructor(owner: Process, pid: Ref<RunProtocol<R>>) {
    this.pid = pid
    this.#owner = owner
    callWithin(selfOf(owner), Number.POSITIVE_INFINITY, pid, '$run').then(
      (value) => this.#settle({ tag: 'ok', value }),
      (error: unknown) => this.#settle({ tag: 'exit', reason: reasonOfThrown(error) }),
    )
  }

  /** Internal: throws `BadArgument` unless `self` started this task. */
  checkOwner(self: Self): Process {
    if (processOfSelf(self) === this.#owner) return this.#owner
    throw new BadArgument(`task: ${String(this.pid)} was started by ${String(this.#owner.pid)}`)
  }

  /** Internal: the result, or null after `timeoutMs`. Never resolves for an owner that ended. */
  wait(timeoutMs: number): Promise<TaskResult<R> | null> {
    if (this.#result !== null || timeoutMs === 0) return Promise.resolve(this.#result)
    const { timeouts } = this.#owner.system
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        timeout?.cancel()
        if (this.#owner.alive) resolve(this.#result)
      }
      const bounded = timeoutMs !== Number.POSITIVE_INFINITY
      const timeout = bounded ? timeouts.add(timeoutMs, wake) : null
      this.#waiting.add(wake)
    })
  }

  #settle(result: TaskResult<R>): void {
    this.#result = result
    for (const wake of [...this.#waiting]) wake()
  }
}

/**
 * The value of a task. Rejects with `Exit`: the reason the task ended with, or `timeout` after
 * `timeoutMs` (5000 unless told), when the task runs on and may be awaited again.
 */
export async function awaitTask<R>(
  self: Self,
  task: Task<R>,
  timeoutMs: number = defaultTimeoutMs,
): Promise<R> {
  const result = await yieldTask(self, task, timeoutMs)
  if (result?.tag === 'ok') return result.value
  const error = new Exit(result === null ? 'timeout' : result.reason, 'awaitTask')
  const process = processOfSelf(self)
  process.system.attribute(error, process)
  throw error
}

/** What a task has come to; null if it still runs after `timeoutMs` (5000 unless told). */
export async function yieldTask<R>(
  self: Self,
  task: Task<R>,
  timeoutMs: number = defaultTimeoutMs,
): Promise<TaskResult<R> | null> {
  await parkedCaller(self)
  task.checkOwner(self)
  checkTimeout('timeoutMs', timeoutMs)
  return task.wait(timeoutMs)
}

/**
 * Ends a task and waits for its end: unlinks it, sends it `shutdown`, and `kill` after `timeoutMs`
 * (5000 unless told) or at once for `brutalKill`. Gives the result it had or still came to, and
 * null for a task that ended of this.
 */
export async function shutdownTask<R>(
  self: Self,
  task: Task<R>,
  timeoutMs: number | 'brutalKill' = defaultTimeoutMs,
): Promise<TaskResult<R> | null> {
  await parkedCaller(self)
  task.checkOwner(self)
  if (timeoutMs !== 'brutalKill') checkTimeout('timeoutMs', timeoutMs)
  const early = await task.wait(0)
  self.unlink(task.pid)
  if (early !== null) return early
  if (timeoutMs !== 'brutalKill') {
    self.exit(task.pid, 'shutdown')
    const result = await task.wait(timeoutMs)
    if (result !== null) return isReason(result, 'shutdown') ? null : result
  }
  self.exit(task.pid, 'kill')
  const result = await task.wait(Number.POSITIVE_INFINITY)
  return isReason(result, 'killed') ? null : result
}

function isReason(result: TaskResult<unknown> | null, reason: Reason): boolean {
  return result?.tag === 'exit' && result.reason === reason
}

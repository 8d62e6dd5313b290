/**
 * One task per item, a bounded number at a time (Elixir's `Task.async_stream`). Items are drawn as
 * tasks can be started, so the source may be endless; results that wait for their turn count as
 * running, so what is held is bounded too. Leaving the loop early kills the tasks that still run.
 *
 * Difference from Elixir: no process stands between owner and tasks. An owner that traps exits and
 * links its tasks finds the EXIT of each that failed in its mailbox, besides its result.
 */
import { BadArgument, Exit, type Self } from '../../runtime/index.ts'
import { checkTimeout, show } from '../../runtime/kernel.ts'
import type { ServerRef } from '../protocol.ts'
import type { TaskModule } from './module.ts'
import { orderHere, orderUnder, type TaskSupervisor } from './start.ts'
import { shutdownTask, type Task, type TaskResult } from './task.ts'

export type StreamOptions = {
  /** Tasks at a time. Default 8. */
  readonly maxConcurrency?: number
  /** Milliseconds each task may take from its start. Default 5000. */
  readonly timeoutMs?: number
  /**
   * What a task that takes longer does: `exit` throws `Exit('timeout')` from the loop, `killTask`
   * kills it and gives `{ tag: 'exit', reason: 'timeout' }`. Default `exit`.
   */
  readonly onTimeout?: 'exit' | 'killTask'
  /** Results in the order of the items, or as they come. Default true. */
  readonly ordered?: boolean
  /** Without links a failing task is a result and nothing else. Default true. */
  readonly link?: boolean
  /** Runs the tasks under this supervisor. */
  readonly supervisor?: ServerRef<TaskSupervisor>
}

/**
 * Runs `module` for every item: `for await (const result of asyncStream(self, urls, Fetch))`.
 * Throws `BadArgument` for items that are not iterable and for bad options; the loop throws what
 * drawing an item throws, and as `asyncTaskUnder` does when a task cannot be started.
 */
export function asyncStream<Arg, R>(
  self: Self,
  items: Iterable<Arg>,
  module: TaskModule<Arg, R>,
  options: StreamOptions = {},
): AsyncGenerator<TaskResult<R>, void, void> {
  const { maxConcurrency = 8, timeoutMs = 5_000, onTimeout = 'exit' } = options
  if (typeof items?.[Symbol.iterator] !== 'function') {
    throw new BadArgument(`items: expected an iterable, got ${show(items)}`)
  }
  if (!Number.isInteger(maxConcurrency) || maxConcurrency < 1) {
    throw new BadArgument(`maxConcurrency: expected 1 or more, got ${show(maxConcurrency)}`)
  }
  checkTimeout('timeoutMs', timeoutMs)
  if (onTimeout !== 'exit' && onTimeout !== 'killTask') {
    throw new BadArgument(`onTimeout: expected 'exit' or 'killTask', got ${show(onTimeout)}`)
  }
  const { ordered = true, link = true, supervisor } = options
  const start = (item: Arg): Task<R> | Promise<Task<R>> =>
    supervisor === undefined
      ? orderHere(self, module, item, link)
      : orderUnder(self, supervisor, module, item, link)
  return results(self, items, start, { maxConcurrency, timeoutMs, onTimeout, ordered })
}

type Settings = Required<
  Pick<StreamOptions, 'maxConcurrency' | 'timeoutMs' | 'onTimeout' | 'ordered'>
>

async function* results<Arg, R>(
  self: Self,
  items: Iterable<Arg>,
  start: (item: Arg) => Task<R> | Promise<Task<R>>,
  settings: Settings,
): AsyncGenerator<TaskResult<R>, void, void> {
  const running = new Running<R>(settings.timeoutMs, settings.ordered)
  try {
    for (const item of items) {
      running.add(await start(item))
      if (running.size < settings.maxConcurrency) continue
      yield await settled(self, await running.next(), settings.onTimeout)
    }
    while (running.size > 0) yield await settled(self, await running.next(), settings.onTimeout)
  } finally {
    for (const task of running.rest()) {
      self.unlink(task.pid)
      self.exit(task.pid, 'kill')
    }
  }
}

/** A task with what it has come to; null when it took too long. */
type Ended<R> = { readonly task: Task<R>; readonly result: TaskResult<R> | null }

async function settled<R>(
  self: Self,
  { task, result }: Ended<R>,
  onTimeout: 'exit' | 'killTask',
): Promise<TaskResult<R>> {
  if (result !== null) return result
  await shutdownTask(self, task, 'brutalKill')
  if (onTimeout === 'exit') throw new Exit('timeout', 'asyncStream')
  return { tag: 'exit', reason: 'timeout' }
}

/** The tasks of a stream whose results have not been taken. */
class Running<R> {
  readonly #timeoutMs: number
  readonly #ordered: boolean
  /** In the order of their items. */
  readonly #tasks = new Set<Task<R>>()
  /** Those of them that have ended, in the order of their ends. */
  readonly #ended = new Map<Task<R>, TaskResult<R> | null>()
  #wake: () => void = () => undefined

  constructor(timeoutMs: number, ordered: boolean) {
    this.#timeoutMs = timeoutMs
    this.#ordered = ordered
  }

  get size(): number {
    return this.#tasks.size
  }

  /** The time of the task begins. */
  add(task: Task<R>): void {
    this.#tasks.add(task)
    void task.wait(this.#timeoutMs).then((result) => {
      this.#ended.set(task, result)
      this.#wake()
    })
  }

  /** Takes the first of the items, or the first to end. There must be one. */
  async next(): Promise<Ended<R>> {
    for (;;) {
      const [task] = this.#ordered ? this.#tasks : this.#ended.keys()
      const result = task === undefined ? undefined : this.#ended.get(task)
      if (task !== undefined && result !== undefined) {
        this.#tasks.delete(task)
        this.#ended.delete(task)
        return { task, result }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  rest(): Iterable<Task<R>> {
    return this.#tasks
  }
}

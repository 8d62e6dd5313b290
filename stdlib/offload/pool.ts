/**
 * The process of an offload pool: a gen_server that carries out what `rule.ts` decides. It owns the
 * threads and ends them with itself, however it ends; jobs that are not answered then fail with its
 * reason, as every call does. A caller that ends calls its jobs off.
 *
 * Jobs, and what becomes of them, lie in its mailbox as objects of its own: data for threads need
 * not be a message, and the pool answers callers of its own node alone.
 */
import {
  type DownMessage,
  isDown,
  type Module,
  type Reason,
  type Reference,
  type Self,
} from '../../runtime/index.ts'
import { answer, deliver, processOfSelf } from '../../runtime/kernel.ts'
import { genServer } from '../gen-server.ts'
import { next, reply, stop } from '../outcome.ts'
import type { Executor, Opened } from './executor.ts'
import { Inline } from './inline.ts'
import { Job } from './job.ts'
import { emptyQueue, type Queue, type QueueAction, type QueueEvent, step } from './rule.ts'
import { failure, type OffloadResult } from './task.ts'
import { openThreads } from './threads.ts'

export type PoolDefinition = {
  readonly url: URL
  readonly inline: object | undefined
  /** Undefined: as many as the machine has processors, without the one the node runs on. */
  readonly threads: number | undefined
  readonly queueMax: number
  readonly heapMaxMb: number | undefined
}

/** What a pool has in hand. `threads` is also what it runs at a time where there are none. */
export type OffloadStatistics = {
  readonly threads: number
  readonly running: number
  readonly waiting: number
}

export type PoolProtocol = {
  calls: {
    /** Internal: `offload` is the client. */
    run: (job: unknown) => unknown
    statistics: () => OffloadStatistics
  }
}

type Held = { readonly job: Job; readonly from: Reference; readonly watch: Reference | null }

type State = {
  readonly queue: Queue
  readonly executor: Executor
  readonly jobs: Map<number, Held>
  readonly lastId: number
}

/** In the mailbox: a job is over, was called off, or a thread was lost that had nothing to do. */
class Ended {
  readonly id: number
  readonly result: OffloadResult

  constructor(id: number, result: OffloadResult) {
    this.id = id
    this.result = result
  }
}

class CalledOff {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }
}

class ThreadLost {
  readonly message: string
  readonly replaced: boolean

  constructor(message: string, replaced: boolean) {
    this.message = message
    this.replaced = replaced
  }
}

export function poolModule(name: string, pool: PoolDefinition): Module<PoolProtocol, void> {
  return genServer<PoolProtocol>(name)<State>({
    init: async (_arg, self) => {
      self.trapExit(true)
      const { parallelism } = processOfSelf(self).system.platform
      const threads = pool.threads ?? Math.max(1, parallelism - 1)
      const opened = await self.wait(open(self, pool, threads))
      if (opened.tag === 'error') {
        return stop({ tag: 'cannotOffload', pool: name, message: opened.message })
      }
      const { executor } = opened
      const queue = emptyQueue(threads, pool.queueMax)
      return { queue, executor, jobs: new Map(), lastId: 0 }
    },
    calls: {
      run: (state, job, self, from) => {
        if (!(job instanceof Job)) return reply(failure('badJob'), state)
        if (job.why !== null) return reply(failure(job.why), state)
        const id = state.lastId + 1
        const watch = job.owner === null ? null : self.monitor(job.owner)
        state.jobs.set(id, { job, from, watch })
        const process = processOfSelf(self)
        const callOff = (): void => deliver(process, new CalledOff(id))
        job.signal.addEventListener('abort', callOff, { once: true })
        return next(follow(self, { ...state, lastId: id }, { tag: 'submit', id }))
      },
      statistics: (state) => {
        const { threads, running, waiting } = state.queue
        return reply({ threads, running: running.size, waiting: waiting.length }, state)
      },
    },
    info: (state, message, self) => {
      if (message instanceof ThreadLost) {
        const reason = { tag: 'threadLost', message: message.message }
        if (!message.replaced) return stop(reason, state)
        const { system, pid, module } = processOfSelf(self)
        system.trace.log('error', 'offload thread lost', { pid, module, reason })
      }
      if (message instanceof CalledOff) {
        return next(follow(self, state, { tag: 'cancel', id: message.id }))
      }
      if (message instanceof Ended) {
        const { id, result } = message
        settle(self, state, id, result)
        return next(follow(self, state, { tag: 'ended', id }))
      }
      if (isDown()(message)) return next(abandoned(self, state, message))
      return next(state)
    },
    terminate: (_reason, { executor }, self) => self.wait(executor.close()),
  })
}

/** Opens what runs the tasks. Threads end with this process, however it ends. */
async function open(self: Self, pool: PoolDefinition, threads: number): Promise<Opened> {
  const process = processOfSelf(self)
  const { parallelism, turn } = process.system.platform
  if (parallelism === 0) {
    if (pool.inline !== undefined) return { tag: 'ok', executor: new Inline(pool.inline, turn) }
    return { tag: 'error', message: 'no threads may be started here, and there is no `inline`' }
  }
  return openThreads({
    tasks: pool.url,
    threads,
    heapMaxMb: pool.heapMaxMb,
    until: self.signal,
    lost: (message, replaced) => deliver(process, new ThreadLost(message, replaced)),
  })
}

/** A caller has ended: what it wanted makes room at once. */
function abandoned(self: Self, state: State, { ref, reason }: DownMessage): State {
  for (const [id, { job, watch }] of state.jobs) {
    if (watch !== ref) continue
    job.abort({ tag: 'ownerExit', reason })
    return follow(self, state, { tag: 'cancel', id })
  }
  return state
}

/** Asks the rule and does what it says. */
function follow(self: Self, state: State, event: QueueEvent): State {
  const [queue, actions] = step(state.queue, event)
  for (const action of actions) perform(self, state, action)
  return { ...state, queue }
}

function perform(self: Self, state: State, { tag, id }: QueueAction): void {
  const held = state.jobs.get(id)
  if (held === undefined) return
  switch (tag) {
    case 'start': {
      const process = processOfSelf(self)
      const ended = state.executor.run(held.job)
      void ended.then((result) => deliver(process, new Ended(id, result)))
      break
    }
    case 'refuse':
      settle(self, state, id, failure(queueFull(state.queue.queueMax)))
      break
    case 'withdraw':
      settle(self, state, id, failure('aborted'))
      break
  }
}

function queueFull(max: number): Reason {
  return { tag: 'systemLimit', limit: 'offloadQueue', max }
}

/** Answers the caller. What came too late for a job that was called off is not told. */
function settle(self: Self, { jobs }: State, id: number, result: OffloadResult): void {
  const held = jobs.get(id)
  if (held === undefined) return
  jobs.delete(id)
  const { job, from, watch } = held
  if (watch !== null) self.demonitor(watch, { flush: true })
  const process = processOfSelf(self)
  answer(process.system, process, from, job.why === null ? result : failure(job.why))
}

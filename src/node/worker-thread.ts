/**
 * One worker node as the node that started it sees it: a thread that is starting, running,
 * stopping or gone. However it ends it is let go of once. A thread that nobody told to end is
 * reported, and its node is down like any other; one that does not end in time is ended.
 */

import type { System } from '../../runtime/kernel.ts'
import type { TimerHandle } from '../../runtime/platform/platform.ts'
import { startThread, type Thread } from '../carrier/worker/thread.ts'
import { limits } from '../limits.ts'
import { StartError } from './start-error.ts'
import type { WorkerTask } from './worker-main.ts'
import { isWorkerReport, stopOrder } from './worker-report.ts'

export type WorkerThreadOptions = {
  readonly system: System
  readonly task: WorkerTask
  readonly heapMaxMb: number | undefined
  /** The thread is gone. Called once. */
  readonly onGone: () => void
}

export class WorkerThread {
  readonly name: string
  /** Settles when the node has started and met the others; rejects with `StartError`. */
  readonly started: Promise<void>
  readonly #system: System
  readonly #thread: Thread
  readonly #gone: Promise<void>
  readonly #overdue: TimerHandle
  #state: 'starting' | 'running' | 'ending' = 'starting'
  #resolve: () => void = () => undefined
  #reject: (error: StartError) => void = () => undefined
  #stopping: Promise<void> | undefined

  constructor({ system, task, heapMaxMb, onGone }: WorkerThreadOptions) {
    this.name = task.name
    this.#system = system
    this.started = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Who waits for several threads learns of this one's failure later than it happens.
    this.started.catch(() => undefined)
    this.#overdue = system.platform.clock.after(limits.workerStartMaxMs, () =>
      this.#fail(`it has not started within ${limits.workerStartMaxMs} ms`),
    )
    let gone = (): void => undefined
    this.#gone = new Promise((resolve) => {
      gone = resolve
    })
    this.#thread = startThread({
      entry: entry(),
      loads: [new URL(task.program)],
      data: task,
      ports: task.links.map(({ port }) => port),
      heapMaxMb,
      onMessage: (message) => this.#hear(message),
      onEnd: (failure) => {
        this.#ended(failure)
        onGone()
        gone()
      },
    })
  }

  /** Stops the node in order, and its thread with it. Asking again waits for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Ends the thread, whatever it is doing. */
  end(): Promise<void> {
    this.#state = 'ending'
    return this.#thread.end()
  }

  async #stop(): Promise<void> {
    const { clock } = this.#system.platform
    this.#state = 'ending'
    this.#thread.post(stopOrder)
    const overdue = clock.after(limits.drainMaxMs, () => {
      this.#log('a worker node has not stopped in time', `${limits.drainMaxMs} ms`)
      void this.#thread.end()
    })
    await this.#gone
    clock.cancel(overdue)
  }

  #hear(report: unknown): void {
    if (!isWorkerReport(report)) return
    if (report.tag === 'failed') this.#fail(report.message)
    else if (report.tag === 'ready') {
      this.#system.platform.clock.cancel(this.#overdue)
      if (this.#state === 'starting') this.#state = 'running'
      this.#resolve()
    } else {
      if (report.byItself) this.#log('a worker node cannot go on and has stopped')
      void this.end()
    }
  }

  #fail(why: string): void {
    this.#reject(new StartError('workerFailed', `${this.name}: ${why}`))
    void this.end()
  }

  #ended(failure: string | undefined): void {
    this.#system.platform.clock.cancel(this.#overdue)
    if (this.#state === 'running') this.#log('the thread of a worker node has ended', failure)
    this.#reject(new StartError('workerFailed', `${this.name}: ${failure ?? 'its thread ended'}`))
  }

  #log(message: string, detail?: string): void {
    const fields = { node: this.name, ...(detail !== undefined && { detail }) }
    this.#system.trace.log('error', message, fields)
  }
}

/** The thread's side, as a source file or as it was built. */
function entry(): URL {
  const source = new URL('./worker-main.ts', import.meta.url)
  return import.meta.url.endsWith('.ts') ? source : new URL('./worker-main.js', import.meta.url)
}

/**
 * What the loops of behaviours have in common (OTP `gen`, `sys`): how a process of one starts and
 * tells its starter, what `sys` may do with it, and how it ends. What becomes of its mail is the
 * behaviour's alone.
 *
 * Invariant: the starter is told exactly once, before the first message is taken or when the
 * process is about to end. There is one of these for every server, so it keeps nothing that only
 * its start needs, and nothing here runs for a message.
 */
import type { Pid, Reason, Self, StartResult } from '../runtime/index.ts'
import {
  LINKED_START,
  type Process,
  type Receiver,
  reasonOfThrown,
  reportCrash,
  selfOf,
  terminate,
  waitFor,
} from '../runtime/kernel.ts'
import { Ignore, Stop } from './outcome.ts'
import type { Debug } from './sys/debug.ts'
import type { SysHost } from './sys/serve.ts'

export type Started = (result: StartResult) => void

// Its methods are private to the compiler only: each class with a `#method` costs every instance a
// field more.
export abstract class Loop implements Receiver, SysHost {
  readonly process: Process

  constructor(process: Process) {
    this.process = process
  }

  /** Who started it linked with itself; a starter without a link is nobody's parent. */
  get parent(): Pid | null {
    return (this.process.flags & LINKED_START) === 0 ? null : this.process.parent
  }

  protected get self(): Self {
    return selfOf(this.process)
  }

  abstract debug: Debug | null
  abstract state: unknown
  abstract format(): unknown
  abstract goOn(): void
  abstract receive(message: unknown): void

  protected abstract init(arg: unknown): unknown
  /** A value that counts as returned when it is thrown. */
  protected abstract isOutcome(thrown: unknown): boolean
  /** Why what `init` returned, neither `Stop` nor `Ignore`, cannot be begun with; null: it can. */
  protected abstract refusal(outcome: unknown): Reason | null
  /** The starter has been told: on with what `init` returned. */
  protected abstract enter(outcome: unknown): void
  /** Lets go of timers: nothing but `terminate` is to run any more. */
  protected abstract release(): void
  protected abstract lastWords(reason: Reason): unknown

  begin(arg: unknown, started: Started): void {
    this.process.receiver = this
    let outcome: unknown
    try {
      outcome = this.init(arg)
    } catch (thrown) {
      this.initThrew(thrown, started)
      return
    }
    if (!(outcome instanceof Promise)) this.initialised(outcome, started)
    else {
      waitFor(this.process, outcome, {
        proceed: (value) => this.initialised(value, started),
        fail: (thrown) => this.initThrew(thrown, started),
      })
    }
  }

  private initThrew(thrown: unknown, started: Started): void {
    if (this.isOutcome(thrown)) this.initialised(thrown, started)
    else this.declined(reasonOfThrown(thrown), started)
  }

  private initialised(outcome: unknown, started: Started): void {
    if (!this.process.alive) return
    if (outcome instanceof Stop) this.declined(outcome.reason, started)
    else if (outcome instanceof Ignore) {
      started({ tag: 'ignore' })
      terminate(this.process, 'normal')
    } else {
      const refusal = this.refusal(outcome)
      if (refusal !== null) this.declined(refusal, started)
      else {
        started({ tag: 'ok', pid: this.process.pid })
        this.enter(outcome)
      }
    }
  }

  private declined(reason: Reason, started: Started): void {
    if (this.process.alive) reportCrash(this.process, reason)
    started({ tag: 'error', reason })
    terminate(this.process, reason)
  }

  /** Runs `terminate`, then `last`, then ends; a failing `terminate` gives the reason. */
  stop(reason: Reason, last?: () => void): void {
    this.release()
    const end = (final: Reason): void => {
      if (final === reason) last?.()
      if (this.process.alive) reportCrash(this.process, final)
      terminate(this.process, final)
    }
    let pending: unknown
    try {
      pending = this.lastWords(reason)
    } catch (error) {
      end(reasonOfThrown(error))
      return
    }
    if (pending instanceof Promise) {
      waitFor(this.process, pending, {
        proceed: () => end(reason),
        fail: (error) => end(reasonOfThrown(error)),
      })
    } else end(reason)
  }

  protected report(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { system, pid, module } = this.process
    system.trace.log('warning', message, { pid, module, ...fields })
  }
}

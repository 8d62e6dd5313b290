/**
 * A call as its server sees it: operation, argument, and a reference to answer to (OTP's `From`).
 * The record is the alias of the call (OTP 24): once `done`, whether by a reply, a failure, a
 * timeout or the caller's death, later answers are dropped without trace, so an answer never
 * reaches a mailbox. Answering twice is therefore harmless, which OTP does not give (rule A6).
 */
import type { Reason } from './exit.ts'
import { Reference } from './identifier.ts'
import { type Process, STARTING } from './process.ts'
import { unwatch, type Watch, watch } from './watch.ts'

export abstract class Request extends Reference implements Watch {
  // The kinds of request lay these out themselves: one is made per call, and a chain of
  // constructors costs more than all of its fields.
  abstract readonly op: string
  abstract readonly arg: unknown
  abstract done: boolean
  /** The process that took it from its mailbox and has not answered yet. */
  abstract target: Process | null
  abstract before: Watch | null
  abstract after: Watch | null

  /** How a call looks to a plain process that finds it in its mailbox. */
  get tag(): 'call' {
    return 'call'
  }

  /** Answers the caller; `sender` is the process that answers, null for host code. */
  protected abstract succeed(value: unknown, sender: Process | null): void

  /**
   * Tells the caller that no answer will come. `sender` is the process that owed it: what it sent
   * the caller before is to arrive before (rule O6, as a DOWN would: M8).
   */
  protected abstract miss(reason: Reason, sender: Process | null): void

  reply(value: unknown, sender: Process | null): void {
    if (this.done) return
    this.finish()
    this.succeed(value, sender)
  }

  fail(reason: Reason, sender: Process | null = this.target): void {
    if (this.done) return
    this.finish()
    this.miss(reason, sender)
  }

  /** Ends the record without telling anyone. */
  finish(): void {
    this.done = true
    if (this.target === null) return
    unwatch(this)
    this.target = null
  }

  /** Who owes the answer has ended. */
  fire(reason: Reason): void {
    this.fail(reason)
  }
}

/**
 * A process that takes calls from its mailbox itself, without saying so, as opposed to a callback
 * process. One that has not begun may become either.
 */
export function isPlain(server: Process): boolean {
  return server.receiver === null || (server.flags & STARTING) !== 0
}

/** Notes that `server` owes an answer: if it dies first, the call fails with its reason. */
export function holdRequest(server: Process, request: Request): void {
  if (!server.alive) {
    request.fail(server.reason ?? 'noproc', server)
    return
  }
  request.target = server
  watch(server, request)
}

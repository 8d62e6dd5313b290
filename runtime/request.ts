/**
 * A call as its server sees it: operation, argument, and a reference to answer to (OTP's `From`).
 * The record is the alias of the call (OTP 24): once `done`, whether by a reply, a failure, a
 * timeout or the caller's death, later answers are dropped without trace, so an answer never
 * reaches a mailbox. Answering twice is therefore harmless, which OTP does not give (rule A6).
 */
import type { Reason } from './exit.ts'
import { Reference } from './identifier.ts'
import type { Process } from './process.ts'

export abstract class Request extends Reference {
  // The kinds of request lay these out themselves: one is made per call, and a chain of
  // constructors costs more than all of its fields.
  abstract readonly op: string
  abstract readonly arg: unknown
  abstract done: boolean
  /** The process that took it from its mailbox and has not answered yet. */
  abstract server: Process | null
  abstract before: Request | null
  abstract after: Request | null

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

  fail(reason: Reason, sender: Process | null = this.server): void {
    if (this.done) return
    this.finish()
    this.miss(reason, sender)
  }

  /** Ends the record without telling anyone. */
  finish(): void {
    this.done = true
    if (this.server !== null) forgetRequest(this.server, this)
  }
}

/** Notes that `server` owes an answer: if it dies first, the call fails with its reason. */
export function holdRequest(server: Process, request: Request): void {
  if (!server.alive) {
    request.fail(server.reason ?? 'noproc', server)
    return
  }
  request.server = server
  request.after = server.requests
  if (server.requests !== null) server.requests.before = request
  server.requests = request
}

function forgetRequest(server: Process, request: Request): void {
  if (request.before !== null) request.before.after = request.after
  else if (server.requests === request) server.requests = request.after
  if (request.after !== null) request.after.before = request.before
  request.server = null
  request.before = null
  request.after = null
}

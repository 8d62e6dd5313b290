/**
 * The loop of a gen_server: takes one message after the other, runs the callback it calls for, and
 * does what the outcome says. Pure data decides (`outcome.ts`); here it is carried out.
 *
 * Invariant: while a callback's promise is pending the process is busy, so no other callback runs,
 * and the state is only ever replaced by an outcome.
 */
import { isExit, type Reason } from '../runtime/index.ts'
import {
  type Continuation,
  holdRequest,
  type Process,
  prepare,
  Request,
  reasonOfThrown,
  show,
  type Timeout,
  waitFor,
} from '../runtime/kernel.ts'
import { isCast, isStop } from './gen.ts'
import { Loop } from './loop.ts'
import {
  isOutcome,
  Next,
  next,
  noOptions,
  type OutcomeOptions,
  Reply,
  Stop,
  StopReply,
} from './outcome.ts'
import type { Callbacks, Handler } from './server-callbacks.ts'
import { sysOp } from './sys/command.ts'
import type { Debug } from './sys/debug.ts'
import { decided, incoming } from './sys/event.ts'
import { isSystem, serveSystem } from './sys/serve.ts'

export type TimeoutMessage = { readonly tag: 'timeout' }

/** What `info` gets when a timeout has passed. */
export const timeoutMessage: TimeoutMessage = Object.freeze({ tag: 'timeout' })

/**
 * The loop of one server. A callback that returns a promise leaves the process busy and its
 * continuation with `waitFor`; nothing is allocated per message for one that does not.
 */
export class Server extends Loop implements Continuation {
  readonly #callbacks: Callbacks
  state: unknown = undefined
  /** Null for nearly every server: one field instead of three. */
  #extras: Extras | null = null

  constructor(process: Process, callbacks: Callbacks) {
    super(process)
    this.#callbacks = callbacks
  }

  protected init(arg: unknown): unknown {
    return this.#callbacks.init(arg, this.self)
  }

  protected isOutcome(thrown: unknown): boolean {
    return isOutcome(thrown)
  }

  protected refusal(outcome: unknown): Reason | null {
    return isOutcome(outcome) && !(outcome instanceof Next) ? badReturn(outcome) : null
  }

  protected enter(outcome: unknown): void {
    this.process.flags |= this.#callbacks.flags
    this.apply(outcome instanceof Next ? outcome : next(outcome), null)
  }

  protected release(): void {
    this.#extras?.cancelTimeout()
  }

  protected lastWords(reason: Reason): unknown {
    return this.#callbacks.terminate?.(reason, this.state, this.self)
  }

  format(): unknown {
    const { formatStatus } = this.#callbacks
    return formatStatus === undefined ? this.state : formatStatus(this.state)
  }

  get debug(): Debug | null {
    return this.#extras === null ? null : this.#extras.debug
  }

  set debug(debug: Debug | null) {
    if (debug === null && this.#extras === null) return
    this.extras().debug = debug
  }

  private extras(): Extras {
    if (this.#extras === null) {
      const extras = new Extras()
      // A kill runs nothing of this loop: its timer must not outlive it, nor keep its state.
      this.self.onExit(() => extras.cancelTimeout())
      this.#extras = extras
    }
    return this.#extras
  }

  /** A system request has been answered, or a suspension is over: the timeout begins anew. */
  goOn(): void {
    const mark = this.#extras === null ? null : this.#extras.mark
    if (mark !== null) this.armTimeout(mark.timeoutMs)
  }

  receive(message: unknown): void {
    if (this.#extras !== null && this.interrupted(this.#extras, message)) return
    if (message instanceof Request) this.handleCall(message)
    else if (isCast(message)) this.handleCast(message.op, message.arg)
    else if (isStop(message)) this.stop(message.reason)
    else if (message instanceof TimeoutMark) this.handleTimeout(message)
    else this.handleOther(message)
  }

  /** Before a message is handled: who watches hears of it, and it ends a timeout that waits. */
  private interrupted(extras: Extras, message: unknown): boolean {
    if (extras.debug !== null) extras.debug.tell(incoming(shown(message), this.state))
    if (extras.mark === null || message instanceof TimeoutMark) return false
    if (isSystem(message)) {
      this.handleSystem(message)
      return true
    }
    extras.cancelTimeout()
    return false
  }

  private handleCall(request: Request): void {
    const handler = this.#callbacks.calls.find(request.op)
    if (handler === undefined) {
      if (request.op === sysOp) this.handleSystem(request)
      else request.fail({ tag: 'undef', op: request.op }, this.process)
      return
    }
    let outcome: unknown
    try {
      outcome = handler(this.state, request.arg, this.self, request)
    } catch (thrown) {
      this.threw(thrown, request)
      return
    }
    // Nearly every call ends here: the way through `returned` costs a tenth of it.
    if (outcome instanceof Reply && this.#extras === null) this.answered(outcome, request)
    else if (outcome instanceof Promise) this.wait(outcome, request)
    else this.returned(outcome, request)
  }

  private answered(outcome: Reply<unknown, unknown>, request: Request): void {
    if (!this.process.alive) {
      this.owe(request)
      return
    }
    this.state = outcome.state
    const sent = this.answer(request, outcome.value)
    if (sent && outcome.options !== noOptions) this.goOnWith(outcome.options)
  }

  /** Looked for last: a server that nobody looks into pays nothing for it. */
  private handleSystem(request: Request): void {
    this.#extras?.timeout?.cancel()
    serveSystem(this, request)
  }

  private handleCast(op: string, arg: unknown): void {
    const handler = this.#callbacks.casts.find(op)
    if (handler === undefined) this.report('unknown cast dropped', { op })
    else this.run(handler, arg)
  }

  private handleOther(message: unknown): void {
    const parent = this.parent
    // Rule G12: the parent's exit ends the server even when it is `normal`, and never reaches info.
    if (parent !== null && isExit(parent)(message)) this.stop(message.reason)
    else if (this.#callbacks.info !== undefined) this.run(this.#callbacks.info, message)
    else this.report('message without a handler dropped', { message: show(message) })
  }

  private handleTimeout(mark: TimeoutMark): void {
    const extras = this.#extras
    if (extras === null || mark !== extras.mark) return
    extras.mark = null
    if (this.#callbacks.info !== undefined) this.run(this.#callbacks.info, timeoutMessage)
  }

  /** Runs a callback nobody waits for. */
  private run(handler: Handler, arg: unknown): void {
    let outcome: unknown
    try {
      outcome = handler(this.state, arg, this.self)
    } catch (thrown) {
      this.threw(thrown, null)
      return
    }
    // And nearly every cast here.
    if (outcome instanceof Next && this.#extras === null && this.process.alive) {
      this.state = outcome.state
      if (outcome.options !== noOptions) this.goOnWith(outcome.options)
    } else this.returned(outcome, null)
  }

  /** Goes on with what a callback returned; `request` is the call it was for. */
  private returned(outcome: unknown, request: Request | null): void {
    // The usual outcomes are told first: each further question costs as much as their answer.
    const usual = request === null ? outcome instanceof Next : outcome instanceof Reply
    if (!usual && outcome instanceof Promise) this.wait(outcome, request)
    else if (this.process.alive) this.apply(outcome, request)
    else if (request !== null) this.owe(request)
  }

  private wait(outcome: Promise<unknown>, request: Request | null): void {
    if (request !== null && !this.process.alive) this.owe(request)
    waitFor(this.process, outcome, this, request)
  }

  /** An async callback has returned. */
  proceed(value: unknown, request: Request | null): void {
    const usual = request !== null && value instanceof Reply && this.#extras === null
    if (usual) this.answered(value, request)
    else this.returned(value, request)
  }

  /** An async callback has thrown. */
  fail(thrown: unknown, request: Request | null): void {
    this.threw(thrown, request)
  }

  /** A thrown outcome counts as returned (rule G5). */
  private threw(thrown: unknown, request: Request | null): void {
    if (isOutcome(thrown)) this.returned(thrown, request)
    else {
      if (request !== null) this.owe(request)
      if (this.process.alive) this.stop(reasonOfThrown(thrown))
    }
  }

  private apply(outcome: unknown, request: Request | null): void {
    if (this.#extras !== null) this.#extras.debug?.tell(decided(outcome, request))
    if (request !== null && outcome instanceof Reply) {
      this.state = outcome.state
      if (this.answer(request, outcome.value)) this.goOnWith(outcome.options)
      return
    }
    if (request !== null) this.owe(request)
    if (outcome instanceof Next) {
      this.state = outcome.state
      this.goOnWith(outcome.options)
    } else if (outcome instanceof Stop) {
      if (outcome.state !== undefined) this.state = outcome.state
      this.stop(outcome.reason)
    } else if (outcome instanceof StopReply && request !== null) {
      this.state = outcome.state
      this.stop(outcome.reason, () => this.reply(request, outcome.value))
    } else this.stop(badReturn(outcome))
  }

  /** Throws `BadArgument` for a value that cannot be sent. */
  private reply(request: Request, value: unknown): void {
    const process = this.process
    request.reply(process.system.checked ? prepare(value, 'reply') : value, process)
  }

  /** Answers a call. A value that cannot be sent is the server's mistake, and ends it: false. */
  private answer(request: Request, value: unknown): boolean {
    try {
      this.reply(request, value)
      return true
    } catch (error) {
      this.owe(request)
      this.stop(reasonOfThrown(error))
      return false
    }
  }

  /** If the server ends before it has answered, the caller hears why. */
  private owe(request: Request): void {
    if (!request.done && request.target === null) holdRequest(this.process, request)
  }

  private goOnWith(options: OutcomeOptions): void {
    if (options === noOptions) return
    if ('continue' in options) {
      const step = this.#callbacks.continue
      if (step === undefined) this.stop({ tag: 'undef', op: 'continue' })
      else this.run(step, options.continue)
    } else if (options.timeoutMs !== undefined) this.armTimeout(options.timeoutMs)
  }

  private armTimeout(timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const { process } = this
    const extras = this.extras()
    const mark = new TimeoutMark(timeoutMs)
    extras.mark = mark
    const fire = (): void => {
      if (extras.mark !== mark || !process.alive) return
      process.push(mark)
      process.system.scheduler.wake(process)
    }
    if (timeoutMs > 0) extras.timeout = process.system.timeouts.add(timeoutMs, fire)
    else if (!process.hasMail) fire()
  }
}

/** What few servers have: somebody who watches, and a timeout that waits for want of mail. */
class Extras {
  debug: Debug | null = null
  timeout: Timeout | null = null
  /** What the mailbox holds when the timeout fires; replaced whenever a message is handled. */
  mark: TimeoutMark | null = null

  cancelTimeout(): void {
    this.mark = null
    this.timeout?.cancel()
    this.timeout = null
  }
}

/** Lies in the mailbox when a server's timeout has fired. */
class TimeoutMark {
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
  }
}

function shown(message: unknown): unknown {
  return message instanceof TimeoutMark ? timeoutMessage : message
}

function badReturn(value: unknown): Reason {
  const got = isOutcome(value) ? value.constructor.name : show(value)
  return { tag: 'badReturnValue', got }
}

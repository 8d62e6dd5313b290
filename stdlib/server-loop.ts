/**
 * The loop of a gen_server: takes one message after the other, runs the callback it calls for, and
 * does what the outcome says. Pure data decides (`outcome.ts`); here it is carried out.
 *
 * Invariant: while a callback's promise is pending the process is busy, so no other callback runs,
 * and the state is only ever replaced by an outcome.
 */
import { isExit, type Pid, type Reason, type Self, type StartResult } from '../runtime/index.ts'
import {
  type Continuation,
  holdRequest,
  type Process,
  prepare,
  type Receiver,
  Request,
  reasonOfThrown,
  reportCrash,
  selfOf,
  show,
  type Timeout,
  terminate,
  waitFor,
} from '../runtime/kernel.ts'
import { isCast, isStop } from './gen.ts'
import {
  Ignore,
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
import { isSystem, type SysHost, serveSystem } from './sys/serve.ts'

export type TimeoutMessage = { readonly tag: 'timeout' }

/** What `info` gets when a timeout has passed. */
export const timeoutMessage: TimeoutMessage = Object.freeze({ tag: 'timeout' })

/**
 * The loop of one server. A callback that returns a promise leaves the process busy and its
 * continuation with `waitFor`; nothing is allocated per message for one that does not.
 */
export class Server implements Receiver, Continuation {
  readonly #process: Process
  readonly #self: Self
  /** Who started it linked with itself; a starter without a link is nobody's parent. */
  readonly #parent: Pid | null
  readonly #callbacks: Callbacks
  /** Null once it has been told. */
  #started: ((result: StartResult) => void) | null
  #state: unknown
  #timeout: Timeout | null = null
  /** What the mailbox holds when the timeout fires; replaced whenever a message is handled. */
  #timeoutMark: TimeoutMark | null = null
  /** What has been installed to watch it. */
  #debug: Debug | null = null

  constructor(process: Process, callbacks: Callbacks, started: (result: StartResult) => void) {
    this.#process = process
    this.#self = selfOf(process)
    const { parent, links } = process
    this.#parent = parent !== null && links?.has(parent) ? parent : null
    this.#callbacks = callbacks
    this.#started = started
  }

  begin(arg: unknown): void {
    const process = this.#process
    process.receiver = this
    let outcome: unknown
    try {
      outcome = this.#callbacks.init(arg, this.#self)
    } catch (thrown) {
      this.#initThrew(thrown)
      return
    }
    if (!(outcome instanceof Promise)) this.#initialised(outcome)
    else {
      waitFor(process, outcome, {
        proceed: (value) => this.#initialised(value),
        fail: (thrown) => this.#initThrew(thrown),
      })
    }
  }

  receive(message: unknown): void {
    if (this.#debug !== null) this.#debug.tell(incoming(shown(message), this.#state))
    if (this.#timeoutMark !== null && !(message instanceof TimeoutMark)) {
      if (isSystem(message)) {
        this.#system(message)
        return
      }
      this.#cancelTimeout()
    }
    if (message instanceof Request) this.#call(message)
    else if (isCast(message)) this.#cast(message.op, message.arg)
    else if (isStop(message)) this.#stop(message.reason)
    else if (message instanceof TimeoutMark) this.#timedOut(message)
    else this.#other(message)
  }

  #call(request: Request): void {
    const handler = this.#callbacks.calls.find(request.op)
    if (handler === undefined) {
      if (request.op === sysOp) this.#system(request)
      else request.fail({ tag: 'undef', op: request.op }, this.#process)
      return
    }
    let outcome: unknown
    try {
      outcome = handler(this.#state, request.arg, this.#self, request)
    } catch (thrown) {
      this.#threw(thrown, request)
      return
    }
    this.#returned(outcome, request)
  }

  /** Looked for last: a server that nobody looks into pays nothing for it. */
  #system(request: Request): void {
    const idleMs = this.#timeoutMark?.timeoutMs ?? Number.POSITIVE_INFINITY
    this.#cancelTimeout()
    serveSystem(
      this.#host(() => this.#armTimeout(idleMs)),
      request,
    )
  }

  #host(goOn: () => void): SysHost {
    const server = this
    const { formatStatus } = this.#callbacks
    return {
      process: this.#process,
      parent: this.#parent,
      get debug() {
        return server.#debug
      },
      set debug(debug) {
        server.#debug = debug
      },
      get state() {
        return server.#state
      },
      set state(state) {
        server.#state = state
      },
      format: () => (formatStatus === undefined ? this.#state : formatStatus(this.#state)),
      stop: (reason) => this.#stop(reason),
      goOn,
    }
  }

  #cast(op: string, arg: unknown): void {
    const handler = this.#callbacks.casts.find(op)
    if (handler === undefined) this.#report('unknown cast dropped', { op })
    else this.#run(handler, arg)
  }

  #other(message: unknown): void {
    const parent = this.#parent
    // Rule G12: the parent's exit ends the server even when it is `normal`, and never reaches info.
    if (parent !== null && isExit(parent)(message)) this.#stop(message.reason)
    else if (this.#callbacks.info !== undefined) this.#run(this.#callbacks.info, message)
    else this.#report('message without a handler dropped', { message: show(message) })
  }

  #timedOut(mark: TimeoutMark): void {
    if (mark !== this.#timeoutMark) return
    this.#timeoutMark = null
    if (this.#callbacks.info !== undefined) this.#run(this.#callbacks.info, timeoutMessage)
  }

  /** Runs a callback nobody waits for. */
  #run(handler: Handler, arg: unknown): void {
    let outcome: unknown
    try {
      outcome = handler(this.#state, arg, this.#self)
    } catch (thrown) {
      this.#threw(thrown, null)
      return
    }
    this.#returned(outcome, null)
  }

  /** Goes on with what a callback returned; `request` is the call it was for. */
  #returned(outcome: unknown, request: Request | null): void {
    // The usual outcomes are told first: each further question costs as much as their answer.
    const usual = outcome instanceof Next || outcome instanceof Reply
    if (!usual && outcome instanceof Promise) this.#wait(outcome, request)
    else if (this.#process.alive) this.#apply(outcome, request)
    else if (request !== null) this.#owe(request)
  }

  #wait(outcome: Promise<unknown>, request: Request | null): void {
    if (this.#process.alive) this.#process.serving = request
    else if (request !== null) this.#owe(request)
    waitFor(this.#process, outcome, this)
  }

  /** An async callback has returned. */
  proceed(value: unknown): void {
    this.#returned(value, this.#served())
  }

  /** An async callback has thrown. */
  fail(thrown: unknown): void {
    this.#threw(thrown, this.#served())
  }

  #served(): Request | null {
    const request = this.#process.serving
    this.#process.serving = null
    return request
  }

  /** A thrown outcome counts as returned (rule G5). */
  #threw(thrown: unknown, request: Request | null): void {
    if (isOutcome(thrown)) this.#returned(thrown, request)
    else {
      if (request !== null) this.#owe(request)
      if (this.#process.alive) this.#stop(reasonOfThrown(thrown))
    }
  }

  #initThrew(thrown: unknown): void {
    if (isOutcome(thrown)) this.#initialised(thrown)
    else this.#declined(reasonOfThrown(thrown))
  }

  #initialised(outcome: unknown): void {
    if (!this.#process.alive) return
    if (outcome instanceof Stop) this.#declined(outcome.reason)
    else if (outcome instanceof Ignore) {
      this.#tell({ tag: 'ignore' })
      terminate(this.#process, 'normal')
    } else if (isOutcome(outcome) && !(outcome instanceof Next)) {
      this.#declined(badReturn(outcome))
    } else {
      this.#tell({ tag: 'ok', pid: this.#process.pid })
      this.#apply(outcome instanceof Next ? outcome : next(outcome), null)
    }
  }

  #tell(result: StartResult): void {
    const started = this.#started
    this.#started = null
    started?.(result)
  }

  #declined(reason: Reason): void {
    if (this.#process.alive) reportCrash(this.#process, reason)
    this.#tell({ tag: 'error', reason })
    terminate(this.#process, reason)
  }

  #apply(outcome: unknown, request: Request | null): void {
    if (this.#debug !== null) this.#debug.tell(decided(outcome, request))
    if (request !== null && outcome instanceof Reply) {
      this.#state = outcome.state
      if (this.#answer(request, outcome.value)) this.#goOn(outcome.options)
      return
    }
    if (request !== null) this.#owe(request)
    if (outcome instanceof Next) {
      this.#state = outcome.state
      this.#goOn(outcome.options)
    } else if (outcome instanceof Stop) {
      if (outcome.state !== undefined) this.#state = outcome.state
      this.#stop(outcome.reason)
    } else if (outcome instanceof StopReply && request !== null) {
      this.#state = outcome.state
      this.#stop(outcome.reason, () => this.#reply(request, outcome.value))
    } else this.#stop(badReturn(outcome))
  }

  /** Throws `BadArgument` for a value that cannot be sent. */
  #reply(request: Request, value: unknown): void {
    const process = this.#process
    request.reply(process.system.checked ? prepare(value, 'reply') : value, process)
  }

  /** Answers a call. A value that cannot be sent is the server's mistake, and ends it: false. */
  #answer(request: Request, value: unknown): boolean {
    try {
      this.#reply(request, value)
      return true
    } catch (error) {
      this.#owe(request)
      this.#stop(reasonOfThrown(error))
      return false
    }
  }

  /** If the server ends before it has answered, the caller hears why. */
  #owe(request: Request): void {
    if (!request.done && request.server === null) holdRequest(this.#process, request)
  }

  #goOn(options: OutcomeOptions): void {
    if (options === noOptions) return
    if ('continue' in options) {
      const step = this.#callbacks.continue
      if (step === undefined) this.#stop({ tag: 'undef', op: 'continue' })
      else this.#run(step, options.continue)
    } else if (options.timeoutMs !== undefined) this.#armTimeout(options.timeoutMs)
  }

  #armTimeout(timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const mark = new TimeoutMark(timeoutMs)
    this.#timeoutMark = mark
    const { system } = this.#process
    const fire = (): void => {
      this.#timeout = null
      if (this.#timeoutMark !== mark || !this.#process.alive) return
      this.#process.push(mark)
      system.scheduler.wake(this.#process)
    }
    if (timeoutMs > 0) this.#timeout = system.timeouts.add(timeoutMs, fire)
    else if (!this.#process.hasMail) fire()
  }

  #cancelTimeout(): void {
    this.#timeoutMark = null
    this.#timeout?.cancel()
    this.#timeout = null
  }

  /** Runs `terminate`, then `last`, then ends; a failing `terminate` gives the reason. */
  #stop(reason: Reason, last?: () => void): void {
    this.#cancelTimeout()
    const end = (final: Reason): void => {
      if (final === reason) last?.()
      if (this.#process.alive) reportCrash(this.#process, final)
      terminate(this.#process, final)
    }
    const words = this.#callbacks.terminate
    let pending: unknown
    try {
      pending = words?.(reason, this.#state, this.#self)
    } catch (error) {
      end(reasonOfThrown(error))
      return
    }
    if (pending instanceof Promise) {
      waitFor(this.#process, pending, {
        proceed: () => end(reason),
        fail: (error) => end(reasonOfThrown(error)),
      })
    } else end(reason)
  }

  #report(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { system, pid, module } = this.#process
    system.trace.log('warning', message, { pid, module, ...fields })
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

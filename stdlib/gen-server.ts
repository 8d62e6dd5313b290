/**
 * gen_server: a server as a map of handlers over a declared protocol. One message at a time, also
 * when a handler is async: mail waits. What a handler returns decides (see `outcome.ts`); anything
 * else ends the server with `{ tag: 'badReturnValue' }`.
 *
 * Differences from OTP: an unknown operation fails the caller with `{ tag: 'undef', op }` and
 * leaves the server alone, because the operation may come from another node; a second answer is
 * dropped; handlers may be async.
 */
import {
  type Awaitable,
  isExit,
  type Reason,
  type Self,
  type StartResult,
} from '../runtime/index.ts'
import {
  BUSY,
  holdRequest,
  Module,
  type Process,
  type Receiver,
  Request,
  reasonOfThrown,
  selfOf,
  show,
  type Timeout,
  terminate,
  waitFor,
} from '../runtime/kernel.ts'
import { isCast, isStop } from './gen.ts'
import {
  type CallOutcome,
  type CastOutcome,
  Ignore,
  type InitOutcome,
  Next,
  Outcome,
  type OutcomeOptions,
  Reply,
  Stop,
  StopReply,
} from './outcome.ts'
import type { ArgOf, Calls, Casts, CheckedProtocol, From, ReplyOf } from './protocol.ts'

export type CallHandlers<P, S> = {
  readonly [Op in keyof Calls<P>]: (
    state: S,
    arg: ArgOf<Calls<P>[Op]>,
    self: Self,
    from: From<ReplyOf<Calls<P>[Op]>>,
  ) => Awaitable<CallOutcome<ReplyOf<Calls<P>[Op]>, S>>
}

export type CastHandlers<P, S> = {
  readonly [Op in keyof Casts<P>]: (
    state: S,
    arg: ArgOf<Casts<P>[Op]>,
    self: Self,
  ) => Awaitable<CastOutcome<S>>
}

type Required<Name extends string, Handlers> = keyof Handlers extends never
  ? { readonly [N in Name]?: Handlers }
  : { readonly [N in Name]: Handlers }

export type ServerCallbacks<P, S, Arg> = {
  /** Makes the first state; the starter waits for it. May answer `stop(reason)` or `ignore()`. */
  readonly init: (arg: Arg, self: Self) => Awaitable<InitOutcome<S>>
  /** Any other message: plain sends, DOWN, EXIT (when trapping), `{ tag: 'timeout' }`. */
  readonly info?: (state: S, message: unknown, self: Self) => Awaitable<CastOutcome<S>>
  /** Runs right after the callback whose outcome asked for it, before any waiting message. */
  readonly continue?: (state: S, value: unknown, self: Self) => Awaitable<CastOutcome<S>>
  /** Last words, on a stop, a crash, or the parent's exit when trapping (rule G11). */
  readonly terminate?: (reason: Reason, state: S, self: Self) => Awaitable<void>
} & Required<'calls', CallHandlers<P, S>> &
  Required<'casts', CastHandlers<P, S>>

/** A behaviour: a module whose processes speak protocol `P`. */
export type Behaviour<P, Arg = unknown> = Module<P, Arg>

export type TimeoutMessage = { readonly tag: 'timeout' }

/** True for the message `info` gets when `timeoutMs` passed without mail. */
export function isTimeout(message: unknown): message is TimeoutMessage {
  return message === timeoutMessage
}

const timeoutMessage: TimeoutMessage = Object.freeze({ tag: 'timeout' })

/**
 * Defines a server: `genServer<Protocol>('name')({ init, calls, casts, ... })`. The name is how
 * child specs and other nodes refer to it.
 */
export function genServer<P extends CheckedProtocol<P>>(
  name: string,
): <S, Arg = void>(callbacks: ServerCallbacks<P, S, Arg>) => Module<P, Arg> {
  return <S, Arg>(callbacks: ServerCallbacks<P, S, Arg>) =>
    new Module<P, Arg>(name, (process, arg, started) => {
      new Server<S>(process, callbacks as unknown as Callbacks<S>, started).begin(arg)
    })
}

/** The callbacks as the loop sees them: operations are looked up by name at run time. */
type Callbacks<S> = {
  readonly init: (arg: unknown, self: Self) => Awaitable<unknown>
  readonly calls?: Readonly<
    Record<string, (s: S, arg: unknown, self: Self, from: Request) => unknown>
  >
  readonly casts?: Readonly<Record<string, (s: S, arg: unknown, self: Self) => unknown>>
  readonly info?: (state: S, message: unknown, self: Self) => unknown
  readonly continue?: (state: S, value: unknown, self: Self) => unknown
  readonly terminate?: (reason: Reason, state: S, self: Self) => Awaitable<void>
}

class Server<S> implements Receiver {
  readonly #process: Process
  readonly #self: Self
  readonly #callbacks: Callbacks<S>
  readonly #started: (result: StartResult) => void
  #state!: S
  #timeout: Timeout | null = null
  /** What the mailbox holds when the timeout fires; replaced whenever a message is handled. */
  #timeoutMark: object | null = null

  constructor(process: Process, callbacks: Callbacks<S>, started: (result: StartResult) => void) {
    this.#process = process
    this.#self = selfOf(process)
    this.#callbacks = callbacks
    this.#started = started
  }

  begin(arg: unknown): void {
    const result = this.#run(
      () => this.#callbacks.init(arg, this.#self),
      (outcome) => this.#initialised(outcome),
      (reason) => {
        this.#started({ tag: 'error', reason })
        terminate(this.#process, reason)
      },
    )
    this.#process.receiver = this
    if (result instanceof Promise) waitFor(this.#process, result)
  }

  receive(message: unknown): void | Promise<void> {
    if (message === this.#timeoutMark && message !== null) {
      this.#timeoutMark = null
      return this.#info(timeoutMessage)
    }
    if (message instanceof TimeoutMark) return
    if (this.#timeoutMark !== null) this.#cancelTimeout()
    if (message instanceof Request) return this.#call(message)
    if (isCast(message)) return this.#cast(message.op, message.arg)
    if (isStop(message)) return this.#stop(message.reason)
    const { parent } = this.#process
    // Rule G12: the parent's exit ends the server even when it is `normal`, and never reaches info.
    if (parent !== null && isExit(parent)(message)) return this.#stop(message.reason)
    return this.#info(message)
  }

  #call(request: Request): void | Promise<void> {
    const handlers = this.#callbacks.calls
    if (handlers === undefined || !Object.hasOwn(handlers, request.op)) {
      request.fail({ tag: 'undef', op: request.op })
      return
    }
    const handler = handlers[request.op]!
    const result = this.#run(
      () => handler(this.#state, request.arg, this.#self, request),
      (outcome) => this.#applyCall(outcome, request),
      (reason) => {
        if (!request.done && request.server === null) holdRequest(this.#process, request)
        return this.#stop(reason)
      },
    )
    if (result instanceof Promise && !request.done) holdRequest(this.#process, request)
    return result
  }

  #cast(op: string, arg: unknown): void | Promise<void> {
    const handlers = this.#callbacks.casts
    if (handlers === undefined || !Object.hasOwn(handlers, op)) {
      this.#report('unknown cast dropped', { op })
      return
    }
    const handler = handlers[op]!
    return this.#run(
      () => handler(this.#state, arg, this.#self),
      (outcome) => this.#apply(outcome),
      (reason) => this.#stop(reason),
    )
  }

  #info(message: unknown): void | Promise<void> {
    const { info } = this.#callbacks
    if (info === undefined) {
      if (message !== timeoutMessage)
        this.#report('message without a handler dropped', { message: show(message) })
      return
    }
    return this.#run(
      () => info(this.#state, message, this.#self),
      (outcome) => this.#apply(outcome),
      (reason) => this.#stop(reason),
    )
  }

  /**
   * Runs a callback, synchronous or not, and passes on what it returned. A thrown outcome counts as
   * returned (rule G5).
   */
  #run(
    callback: () => unknown,
    then: (outcome: unknown) => void | Promise<void>,
    failed: (reason: Reason) => void | Promise<void>,
  ): void | Promise<void> {
    let outcome: unknown
    try {
      outcome = callback()
    } catch (thrown) {
      if (!(thrown instanceof Outcome)) return failed(reasonOfThrown(thrown))
      outcome = thrown
    }
    if (!(outcome instanceof Promise)) return this.#process.alive ? then(outcome) : undefined
    return outcome.then(
      (value: unknown) => (this.#process.alive ? then(value) : undefined),
      (thrown: unknown) => {
        if (!this.#process.alive) return undefined
        return thrown instanceof Outcome ? then(thrown) : failed(reasonOfThrown(thrown))
      },
    )
  }

  #initialised(outcome: unknown): void | Promise<void> {
    if (outcome instanceof Stop) {
      this.#started({ tag: 'error', reason: outcome.reason })
      terminate(this.#process, outcome.reason)
      return
    }
    if (outcome instanceof Ignore) {
      this.#started({ tag: 'ignore' })
      terminate(this.#process, 'normal')
      return
    }
    if (outcome instanceof Outcome && !(outcome instanceof Next)) {
      const reason = badReturn(outcome)
      this.#started({ tag: 'error', reason })
      terminate(this.#process, reason)
      return
    }
    const next = outcome instanceof Next ? outcome : new Next(outcome as S, {})
    this.#started({ tag: 'ok', pid: this.#process.pid })
    return this.#apply(next)
  }

  #applyCall(outcome: unknown, request: Request): void | Promise<void> {
    if (outcome instanceof Reply) {
      this.#state = outcome.state as S
      request.reply(outcome.value, this.#process)
      return this.#goOn(outcome.options)
    }
    if (outcome instanceof StopReply) {
      this.#state = outcome.state as S
      return this.#stop(outcome.reason, () => request.reply(outcome.value, this.#process))
    }
    if (!request.done && request.server === null) holdRequest(this.#process, request)
    return this.#apply(outcome)
  }

  #apply(outcome: unknown): void | Promise<void> {
    if (outcome instanceof Next) {
      this.#state = outcome.state as S
      return this.#goOn(outcome.options)
    }
    if (outcome instanceof Stop) {
      if (outcome.state !== undefined) this.#state = outcome.state as S
      return this.#stop(outcome.reason)
    }
    return this.#stop(badReturn(outcome))
  }

  #goOn(options: OutcomeOptions): void | Promise<void> {
    if ('continue' in options) {
      const step = this.#callbacks.continue
      if (step === undefined) return this.#stop({ tag: 'undef', op: 'continue' })
      return this.#run(
        () => step(this.#state, options.continue, this.#self),
        (outcome) => this.#apply(outcome),
        (reason) => this.#stop(reason),
      )
    }
    if (options.timeoutMs !== undefined) this.#armTimeout(options.timeoutMs)
  }

  #armTimeout(timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const mark = new TimeoutMark()
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

  /** Runs `terminate`, then `last`, then ends the process; a failing `terminate` gives the reason. */
  #stop(reason: Reason, last?: () => void): void | Promise<void> {
    this.#cancelTimeout()
    const end = (final: Reason): void => {
      if (final === reason) last?.()
      terminate(this.#process, final)
    }
    const words = this.#callbacks.terminate
    if (words === undefined) return end(reason)
    let pending: Awaitable<void>
    try {
      pending = words(reason, this.#state, this.#self)
    } catch (error) {
      return end(reasonOfThrown(error))
    }
    if (!(pending instanceof Promise)) return end(reason)
    this.#process.flags |= BUSY
    return pending.then(
      () => end(reason),
      (error: unknown) => end(reasonOfThrown(error)),
    )
  }

  #report(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { system, pid, module } = this.#process
    system.trace.log('warning', message, { pid, module, ...fields })
  }
}

/** Lies in the mailbox when a server's timeout has fired. */
class TimeoutMark {}

function badReturn(value: unknown): Reason {
  const got = value instanceof Outcome ? value.constructor.name : show(value)
  return { tag: 'badReturnValue', got }
}

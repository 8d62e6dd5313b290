/**
 * The process of a state machine: takes mail, runs the callbacks the engine asks for, replies,
 * keeps the timers, and ends. What happens next is the engine's decision alone (`engine.ts`).
 *
 * Invariant: mail is taken only when the machine has no events of its own left and no callback is
 * out, so nothing overtakes an inserted or retried event. Calls that have been taken and not
 * answered are held: they fail with the machine's reason when it ends (rule F15).
 *
 * A machine that inserts events without end yields as often as one that exchanges mail without end.
 */
import { isExit, type Pid, type Reason, type Self, type StartResult } from '../../runtime/index.ts'
import {
  answer,
  type Continuation,
  holdRequest,
  type Process,
  prepare,
  type Receiver,
  Request,
  reasonOfThrown,
  reportCrash,
  runtimeLimits,
  selfOf,
  show,
  terminate,
  waitFor,
} from '../../runtime/kernel.ts'
import { isCast, isStop } from '../gen.ts'
import { Ignore, isOutcome, Stop } from '../outcome.ts'
import type { StatemCallbacks } from './callbacks.ts'
import {
  type Action,
  badReturn,
  type Env,
  hasOwnEvents,
  type Input,
  type Machine,
  step,
  unborn,
} from './engine.ts'
import { StatemEvent } from './event.ts'
import { isStatemOutcome, stay, To } from './outcome.ts'
import { Expired, OwnTimers } from './timers.ts'

export class Statem implements Receiver, Continuation {
  readonly #process: Process
  readonly #self: Self
  /** Who started it linked with itself; a starter without a link is nobody's parent. */
  readonly #parent: Pid | null
  readonly #callbacks: StatemCallbacks
  /** Null once it has been told. */
  #started: ((result: StartResult) => void) | null
  readonly #env: Env
  #machine: Machine = unborn
  readonly #timers: OwnTimers

  constructor(
    process: Process,
    callbacks: StatemCallbacks,
    started: (result: StartResult) => void,
  ) {
    this.#process = process
    this.#self = selfOf(process)
    const { parent, links } = process
    this.#parent = parent !== null && links?.has(parent) ? parent : null
    this.#callbacks = callbacks
    this.#started = started
    this.#timers = new OwnTimers(process)
    this.#env = {
      has: (state) => callbacks.has(state),
      enters: (state) => callbacks.enters(state),
      postponedMax: runtimeLimits.postponedMax,
    }
  }

  begin(arg: unknown): void {
    this.#process.receiver = this
    this.#self.onExit(() => this.#timers.stop())
    let outcome: unknown
    try {
      outcome = this.#callbacks.init(arg, this.#self)
    } catch (thrown) {
      this.#initThrew(thrown)
      return
    }
    if (!(outcome instanceof Promise)) this.#initialised(outcome)
    else {
      waitFor(this.#process, outcome, {
        proceed: (value) => this.#initialised(value),
        fail: (thrown) => this.#initThrew(thrown),
      })
    }
  }

  receive(message: unknown): void {
    if (message instanceof Expired) this.#drive(message)
    else if (message instanceof Request) this.#called(message)
    else if (isCast(message)) this.#event(new StatemEvent('cast', message.op, message.arg, null))
    else if (isStop(message)) this.#stop(message.reason)
    else if (this.#parent !== null && isExit(this.#parent)(message)) this.#stop(message.reason)
    else this.#event(new StatemEvent('info', '', message, null))
  }

  /** An async callback has returned. */
  proceed(value: unknown): void {
    if (this.#process.alive) this.#drive({ tag: 'returned', outcome: value })
  }

  /** An async callback has thrown. */
  fail(thrown: unknown): void {
    if (this.#process.alive) this.#drive(this.#threw(thrown))
  }

  #initThrew(thrown: unknown): void {
    if (isOutcome(thrown) || isStatemOutcome(thrown)) this.#initialised(thrown)
    else this.#declined(reasonOfThrown(thrown))
  }

  #initialised(outcome: unknown): void {
    if (!this.#process.alive) return
    if (outcome instanceof To) {
      this.#tell({ tag: 'ok', pid: this.#process.pid })
      this.#drive({ tag: 'begin', outcome })
    } else if (outcome instanceof Ignore) {
      this.#tell({ tag: 'ignore' })
      terminate(this.#process, 'normal')
    } else this.#declined(outcome instanceof Stop ? outcome.reason : badReturn(outcome))
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

  #called(request: Request): void {
    const event = new StatemEvent('call', request.op, request.arg, request)
    if (this.#callbacks.find(this.#machine.state, event) === undefined) this.#unhandled(event)
    else {
      if (!request.done) holdRequest(this.#process, request)
      this.#drive({ tag: 'event', event })
    }
  }

  /** What no callback knows does not touch the machine: it may come from anywhere (DEV-8). */
  #event(event: StatemEvent): void {
    if (this.#callbacks.find(this.#machine.state, event) === undefined) this.#unhandled(event)
    else this.#drive({ tag: 'event', event })
  }

  /** Feeds the engine until it waits for mail, a promise, or its end. */
  #drive(first: Input): void {
    for (let input: Input | null = first; input !== null; ) {
      const [machine, actions]: readonly [Machine, readonly Action[]] = step(
        this.#machine,
        input,
        this.#env,
      )
      this.#machine = machine
      input = this.#perform(actions)
    }
  }

  /** Carries actions out; gives what the engine is to hear next, or null when it has to wait. */
  #perform(actions: readonly Action[]): Input | null {
    for (const action of actions) {
      switch (action.tag) {
        case 'reply':
          if (!this.#reply(action)) return null
          break
        case 'arm':
          if (!this.#timers.arm(action)) {
            this.#stop({ tag: 'systemLimit', limit: 'timers', max: runtimeLimits.timersMax })
            return null
          }
          break
        case 'disarm':
          this.#timers.disarm(action.id)
          break
        case 'overflow':
          this.#overflow(action.event)
          break
        case 'handle':
          return this.#handle(action.event)
        case 'enter':
          return this.#run(() => this.#callbacks.enter(this.#machine, action.previous, this.#self))
        case 'stop':
          this.#stop(action.reason)
          return null
      }
    }
    return hasOwnEvents(this.#machine) ? this.#nextInTurn() : null
  }

  /** The machine's own events, as long as the turn's budget lasts. */
  #nextInTurn(): Input | null {
    const { scheduler, platform } = this.#process.system
    if (scheduler.charge()) return { tag: 'next' }
    const turn = new Promise<void>((resolve) => platform.turn.later(resolve))
    waitFor(this.#process, turn, {
      proceed: () => {
        if (this.#process.alive) this.#drive({ tag: 'next' })
      },
      fail: () => undefined,
    })
    return null
  }

  #handle(event: StatemEvent): Input | null {
    const handler = this.#callbacks.find(this.#machine.state, event)
    if (handler !== undefined) return this.#run(() => handler(this.#machine, event, this.#self))
    if (this.#unhandled(event)) return { tag: 'returned', outcome: stay() }
    const { tag, op } = event
    this.#stop({ tag: 'undef', op: op === '' ? tag : op, state: this.#machine.state })
    return null
  }

  #run(callback: () => unknown): Input | null {
    let outcome: unknown
    try {
      outcome = callback()
    } catch (thrown) {
      return this.#process.alive ? this.#threw(thrown) : null
    }
    if (outcome instanceof Promise) {
      waitFor(this.#process, outcome, this)
      return null
    }
    return this.#process.alive ? { tag: 'returned', outcome } : null
  }

  /** A thrown outcome counts as returned (rule F5). */
  #threw(thrown: unknown): Input {
    if (isOutcome(thrown) || isStatemOutcome(thrown)) return { tag: 'returned', outcome: thrown }
    return { tag: 'returned', outcome: new Stop(reasonOfThrown(thrown), undefined) }
  }

  /** An event without a handler. False for one that the machine itself has caused. */
  #unhandled({ tag, op, arg, from }: StatemEvent): boolean {
    if (tag === 'call') {
      if (from instanceof Request) from.fail({ tag: 'undef', op }, this.#process)
    } else if (tag === 'cast') this.#report('unknown cast dropped', { op })
    else if (tag !== 'info') return false
    else this.#report('message without a handler dropped', { message: show(arg) })
    return true
  }

  #overflow({ tag, op, from }: StatemEvent): void {
    if (from instanceof Request) from.fail('overloaded', this.#process)
    else this.#report('event dropped: too many are postponed', { event: tag, op })
  }

  /** False when the value cannot be sent, which is the machine's mistake and ends it. */
  #reply({ from, value }: Extract<Action, { readonly tag: 'reply' }>): boolean {
    const { system } = this.#process
    try {
      answer(system, this.#process, from, system.checked ? prepare(value, 'reply') : value)
      return true
    } catch (error) {
      this.#stop(reasonOfThrown(error))
      return false
    }
  }

  /** Runs `terminate`, then ends; a failing `terminate` gives the reason. */
  #stop(reason: Reason): void {
    this.#timers.stop()
    const end = (final: Reason): void => {
      if (this.#process.alive) reportCrash(this.#process, final)
      terminate(this.#process, final)
    }
    let pending: unknown
    try {
      pending = this.#callbacks.lastWords(this.#machine, reason, this.#self)
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

/**
 * The process of a state machine: takes mail, runs the callbacks the engine asks for, replies,
 * keeps the timers, and ends. What happens next is the engine's decision alone (`engine.ts`).
 *
 * Invariant: mail is taken only when the machine has no events of its own left and no callback is
 * out, so nothing overtakes an inserted or retried event. Calls that have been taken and not
 * answered are held: they fail with the machine's reason when it ends (rule F15).
 *
 * A machine that inserts events without end yields as often as one that exchanges mail without end.
 * System requests are no events: timeouts run on, also while it is suspended, and what they cause
 * waits with the rest of the mail.
 */
import { BadArgument, isExit, type Reason } from '../../runtime/index.ts'
import {
  answer,
  type Continuation,
  holdRequest,
  type Process,
  prepare,
  Request,
  reasonOfThrown,
  runtimeLimits,
  show,
  waitFor,
} from '../../runtime/kernel.ts'
import { isCast, isStop } from '../gen.ts'
import { Loop } from '../loop.ts'
import { isOutcome, Stop } from '../outcome.ts'
import type { Debug } from '../sys/debug.ts'
import { isSystem, serveSystem } from '../sys/serve.ts'
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
import { type Shown, settled, taken } from './watched.ts'

export class Statem extends Loop implements Continuation {
  debug: Debug | null = null
  readonly #callbacks: StatemCallbacks
  readonly #env: Env
  #machine: Machine = unborn
  readonly #timers: OwnTimers

  constructor(process: Process, callbacks: StatemCallbacks) {
    super(process)
    this.#callbacks = callbacks
    this.#timers = new OwnTimers(process)
    this.#env = {
      has: (state) => callbacks.has(state),
      enters: (state) => callbacks.enters(state),
      postponedMax: runtimeLimits.postponedMax,
    }
  }

  protected init(arg: unknown): unknown {
    this.self.onExit(() => this.#timers.stop())
    return this.#callbacks.init(arg, this.self)
  }

  protected isOutcome(thrown: unknown): boolean {
    return isOutcome(thrown) || isStatemOutcome(thrown)
  }

  protected refusal(outcome: unknown): Reason | null {
    return outcome instanceof To ? null : badReturn(outcome)
  }

  protected enter(outcome: unknown): void {
    if (outcome instanceof To) this.#drive({ tag: 'begin', outcome })
  }

  protected release(): void {
    this.#timers.stop()
  }

  protected lastWords(reason: Reason): unknown {
    return this.#callbacks.lastWords(this.#machine, reason, this.self)
  }

  get state(): Shown {
    const { state, data } = this.#machine
    return { state, data }
  }

  /** As in OTP nothing is entered, no timeout ends and nothing postponed is retried. */
  set state(given: unknown) {
    const { state, data } = shownOf(given)
    if (!this.#callbacks.has(state)) {
      throw new BadArgument(`replaceState: there is no state ${show(state)}`)
    }
    this.#machine = this.#machine.at(state, data, this.#machine.doing)
  }

  format(): unknown {
    return this.#callbacks.format(this.#machine)
  }

  /** Nothing was held up but its mail. */
  goOn(): void {}

  receive(message: unknown): void {
    if (message instanceof Expired) this.#drive(message)
    else if (message instanceof Request) this.#called(message)
    else if (isCast(message)) this.#event(new StatemEvent('cast', message.op, message.arg, null))
    else if (isStop(message)) this.stop(message.reason)
    else if (this.parent !== null && isExit(this.parent)(message)) this.stop(message.reason)
    else this.#event(new StatemEvent('info', '', message, null))
  }

  /** An async callback has returned. */
  proceed(value: unknown): void {
    if (this.process.alive) this.#drive({ tag: 'returned', outcome: value })
  }

  /** An async callback has thrown. */
  fail(thrown: unknown): void {
    if (this.process.alive) this.#drive(this.#threw(thrown))
  }

  #called(request: Request): void {
    const event = new StatemEvent('call', request.op, request.arg, request)
    if (this.#callbacks.find(this.#machine.state, event) === undefined) {
      if (isSystem(request)) serveSystem(this, request)
      else this.#unhandled(event)
    } else {
      if (!request.done) holdRequest(this.process, request)
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
      const before: Machine = this.#machine
      const result: readonly [Machine, readonly Action[]] = step(before, input, this.#env)
      this.#machine = result[0]
      const next = this.#perform(result[1])
      if (this.debug !== null && this.process.alive) {
        this.debug.tell(settled(before, input, result, this.state))
      }
      input = next
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
            this.stop({ tag: 'systemLimit', limit: 'timers', max: runtimeLimits.timersMax })
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
          return this.#run(() => this.#callbacks.enter(this.#machine, action.previous, this.self))
        case 'stop':
          this.stop(action.reason)
          return null
      }
    }
    return hasOwnEvents(this.#machine) ? this.#nextInTurn() : null
  }

  /** The machine's own events, as long as the turn's budget lasts. */
  #nextInTurn(): Input | null {
    const { scheduler, platform } = this.process.system
    if (scheduler.charge()) return { tag: 'next' }
    const turn = new Promise<void>((resolve) => platform.turn.later(resolve))
    waitFor(this.process, turn, {
      proceed: () => {
        if (this.process.alive) this.#drive({ tag: 'next' })
      },
      fail: () => undefined,
    })
    return null
  }

  #handle(event: StatemEvent): Input | null {
    const handler = this.#callbacks.find(this.#machine.state, event)
    if (handler !== undefined) {
      if (this.debug !== null) this.debug.tell(taken(event, this.state))
      return this.#run(() => handler(this.#machine, event, this.self))
    }
    if (this.#unhandled(event)) return { tag: 'returned', outcome: stay() }
    const { tag, op } = event
    this.stop({ tag: 'undef', op: op === '' ? tag : op, state: this.#machine.state })
    return null
  }

  #run(callback: () => unknown): Input | null {
    let outcome: unknown
    try {
      outcome = callback()
    } catch (thrown) {
      return this.process.alive ? this.#threw(thrown) : null
    }
    if (outcome instanceof Promise) {
      waitFor(this.process, outcome, this)
      return null
    }
    return this.process.alive ? { tag: 'returned', outcome } : null
  }

  /** A thrown outcome counts as returned (rule F5). */
  #threw(thrown: unknown): Input {
    if (isOutcome(thrown) || isStatemOutcome(thrown)) return { tag: 'returned', outcome: thrown }
    return { tag: 'returned', outcome: new Stop(reasonOfThrown(thrown), undefined) }
  }

  /** An event without a handler. False for one that the machine itself has caused. */
  #unhandled(event: StatemEvent): boolean {
    const { tag, op, arg, from } = event
    if (this.debug !== null) this.debug.tell(taken(event, this.state))
    if (tag === 'call') {
      if (from instanceof Request) from.fail({ tag: 'undef', op }, this.process)
    } else if (tag === 'cast') this.report('unknown cast dropped', { op })
    else if (tag !== 'info') return false
    else this.report('message without a handler dropped', { message: show(arg) })
    return true
  }

  #overflow({ tag, op, from }: StatemEvent): void {
    if (from instanceof Request) from.fail('overloaded', this.process)
    else this.report('event dropped: too many are postponed', { event: tag, op })
  }

  /** False when the value cannot be sent, which is the machine's mistake and ends it. */
  #reply({ from, value }: Extract<Action, { readonly tag: 'reply' }>): boolean {
    const { system } = this.process
    try {
      answer(system, this.process, from, system.checked ? prepare(value, 'reply') : value)
      this.debug?.tell({ tag: 'out', value, to: from, state: this.state })
      return true
    } catch (error) {
      this.stop(reasonOfThrown(error))
      return false
    }
  }
}

function shownOf(given: unknown): Shown {
  if (typeof given === 'object' && given !== null && 'state' in given && 'data' in given) {
    const { state, data } = given
    if (typeof state === 'string') return { state, data }
  }
  throw new BadArgument(`replaceState: expected { state, data }, got ${show(given)}`)
}

/**
 * The hands of an event manager: installs handlers, runs their callbacks one after the other in the
 * order in which they were installed, and carries out what `rule.ts` decides. Whatever a handler
 * does, the others get the event.
 */
import type { Pid, Reason, Reference, Self } from '../../runtime/index.ts'
import {
  prepare,
  processOfSelf,
  reasonOfThrown,
  runtimeLimits,
  withoutStack,
} from '../../runtime/kernel.ts'
import { attempt, type Ran } from './attempt.ts'
import type { EventHandler, HandlerId, HandlerSpec, Previous, Removal } from './handler.ts'
import {
  begun,
  type Handlers,
  type Installed,
  type Owner,
  reasonTold,
  refusal,
  type Verdict,
} from './rule.ts'

/** What a manager knows from its definition. */
export type Repertoire = {
  readonly known: ReadonlyMap<string, EventHandler>
  readonly limitMs: number
}

/** How an owner is told that its handler is gone (OTP `gen_event_EXIT`). */
export type HandlerExitMessage = {
  readonly tag: 'handlerExit'
  /** What `addSupervisedHandler` gave. */
  readonly ref: Reference
  readonly handler: HandlerId
  readonly reason: Reason
}

/** Who asked to own a handler. */
export type OwnerRequest = { readonly pid: Pid; readonly ref: Reference }

export type Started =
  | { readonly tag: 'ok'; readonly installed: Installed }
  | { readonly tag: 'error'; readonly reason: Reason }

export class Hands {
  readonly #self: Self
  readonly #repertoire: Repertoire

  constructor(self: Self, repertoire: Repertoire) {
    this.#self = self
    this.#repertoire = repertoire
  }

  /** Why `spec` cannot be installed beside `handlers`, in the place of `instead` if given. */
  refusal(handlers: Handlers, spec: HandlerId, instead?: HandlerId): Reason | undefined {
    const { eventHandlersMax } = runtimeLimits
    return refusal(handlers, spec, this.#repertoire.known, eventHandlersMax, instead)
  }

  /** Runs `init`. Nothing else may refuse `spec`. */
  async begin(
    spec: HandlerSpec,
    owner: Owner | OwnerRequest | null,
    previous?: Previous,
  ): Promise<Started> {
    const { module, id, arg } = spec
    const handler = this.#repertoire.known.get(module)
    if (handler === undefined) return { tag: 'error', reason: { tag: 'unknownHandler', module } }
    const first = begun(await this.#attempt(() => handler.init(arg, this.#self, previous)))
    if (first.tag === 'error') return first
    const watched = owner === null || 'watch' in owner ? owner : this.#watch(owner)
    const installed = { handler, id: { module, id }, state: first.state, owner: watched }
    return { tag: 'ok', installed }
  }

  /**
   * Runs a callback of every handler that has it, and gives those that are installed then. One that
   * takes another's place does not see the event again.
   */
  async each(
    handlers: Handlers,
    callback: 'event' | 'info',
    message: unknown,
    verdictOf: (before: unknown, ran: Ran) => Verdict,
  ): Promise<Handlers> {
    const after: Installed[] = []
    for (const [at, one] of handlers.entries()) {
      const run = one.handler[callback]
      if (run === undefined) {
        after.push(one)
        continue
      }
      const pending = attempt(this.#self, this.#repertoire.limitMs, () =>
        run(one.state, message, this.#self),
      )
      const verdict = verdictOf(one.state, pending instanceof Promise ? await pending : pending)
      if (verdict.tag === 'keep') after.push(moved(one, verdict.state))
      else after.push(...(await this.follow([...after, ...handlers.slice(at)], one, verdict)))
    }
    return after
  }

  /** Runs the handler of `op`, if there is one. */
  call(one: Installed, op: string, arg: unknown): Promise<Ran> | undefined {
    const run = one.handler.calls.find(op)
    return run === undefined ? undefined : this.#attempt(() => run(one.state, arg, this.#self))
  }

  /** `end` for whoever waits for what `terminate` returns: it must be data. */
  async remove(one: Installed, arg: unknown): Promise<Ran> {
    const ran = await this.end(one, { tag: 'delete', arg })
    if (ran.tag === 'failed') return ran
    try {
      return { tag: 'returned', value: prepare(ran.value, 'terminate') }
    } catch (error) {
      return { tag: 'failed', reason: reasonOfThrown(error) }
    }
  }

  /** Carries out what becomes of `one` of `handlers`; gives what has its place then. */
  async follow(handlers: Handlers, one: Installed, verdict: Verdict): Promise<Handlers> {
    if (verdict.tag === 'keep') return [moved(one, verdict.state)]
    const last = moved(one, verdict.state)
    if (verdict.tag === 'remove') {
      await this.end(last, verdict.why)
      return []
    }
    const { to, arg } = verdict
    const refused = this.refusal(handlers, to, one.id)
    if (refused !== undefined) {
      await this.end(last, { tag: 'error', reason: refused })
      return []
    }
    const started = await this.swap(last, arg, to, null)
    if (started.tag === 'ok') return [started.installed]
    this.#report(to, started.reason)
    return []
  }

  /** Puts `to` in the place of `one`; `owner` is its new owner, or the former one's. */
  async swap(
    one: Installed,
    arg: unknown,
    to: HandlerSpec,
    owner: OwnerRequest | null,
  ): Promise<Started> {
    const left = await this.end(one, { tag: 'swap', arg }, to, owner)
    const previous: Previous =
      left.tag === 'failed'
        ? { tag: 'error', reason: left.reason }
        : { tag: 'ok', value: left.value }
    const heir = owner ?? one.owner
    const started = await this.begin(to, heir, previous)
    if (started.tag === 'error' && owner === null && one.owner !== null) {
      this.#self.demonitor(one.owner.watch, { flush: true })
      this.#tell(one.owner, to, started.reason)
    }
    return started
  }

  /** Runs `terminate`, reports what failed, tells the owner. Gives what `terminate` returned. */
  async end(
    one: Installed,
    why: Removal,
    successor?: HandlerId,
    by: OwnerRequest | null = null,
  ): Promise<Ran> {
    if (why.tag === 'error') this.#report(one.id, why.reason)
    const { terminate } = one.handler
    const ran = await this.#attempt(() => terminate?.(why, one.state, this.#self))
    if (ran.tag === 'failed') this.#report(one.id, ran.reason)
    const { owner } = one
    if (owner !== null) {
      const inherits = why.tag === 'swap' && by === null
      if (!inherits) this.#self.demonitor(owner.watch, { flush: true })
      const to = successor === undefined ? null : idOf(successor)
      const reason = reasonTold(why, to, by === null ? null : by.pid)
      if (reason !== undefined) this.#tell(owner, one.id, reason)
    }
    return ran
  }

  async #attempt(work: () => unknown): Promise<Ran> {
    return attempt(this.#self, this.#repertoire.limitMs, work)
  }

  #watch({ pid, ref }: OwnerRequest): Owner {
    return { pid, ref, watch: this.#self.monitor(pid) }
  }

  #tell({ pid, ref }: Owner, handler: HandlerId, reason: Reason): void {
    const message: HandlerExitMessage = {
      tag: 'handlerExit',
      ref,
      handler: idOf(handler),
      reason: withoutStack(reason),
    }
    this.#self.send(pid, message)
  }

  /** Handlers that fail are removed, and nobody else may hear of it. */
  #report({ module, id }: HandlerId, reason: Reason): void {
    const { system, pid, module: manager } = processOfSelf(this.#self)
    const fields = { pid, module: manager, handler: module, id, reason }
    system.trace.log('error', 'event handler failed', fields)
  }
}

function moved(one: Installed, state: unknown): Installed {
  return Object.is(state, one.state) ? one : { ...one, state }
}

function idOf({ module, id }: HandlerId): HandlerId {
  return { module, id }
}

/**
 * The capability a process has over itself: an explicit, revocable object given to its code, one
 * per process, with no closures. After the process has ended the first use of it throws `Exited`;
 * a body that catches that and goes on to wait is parked for ever, so it cannot spin. No ambient
 * "current process" exists.
 */
import { type AliasMode, closeAlias, ownAlias } from './aliases.ts'
import { Receiving } from './body.ts'
import { checkName, checkOptions, checkPid, checkReference, checkTimeout, show } from './check.ts'
import type { Destination } from './destination.ts'
import { BadArgument, Exited, isReason, type Reason } from './exit.ts'
import { held } from './holds.ts'
import type { Pid, Reference } from './identifier.ts'
import { type MonitorOptions, monitor } from './monitoring.ts'
import { demonitor, isFiringOf, Monitor } from './monitors.ts'
import { POISONED, type Process, SUSPENDED, TRAPPING } from './process.ts'
import { type Awaitable, type ReceiveOptions, receive } from './receive.ts'
import { sendFrom } from './send.ts'
import { link, sendExit, unlink } from './signals.ts'
import { prepare } from './term.ts'
import { Timer } from './timers.ts'

let readProcess: (self: Self) => Process

type DemonitorOptions = { readonly flush?: boolean }

const noOptions: DemonitorOptions = Object.freeze({})

export class Self {
  readonly #process: Process

  constructor(process: Process) {
    this.#process = process
  }

  static {
    readProcess = (self) => self.#process
  }

  get pid(): Pid {
    return this.#process.pid
  }

  /** Name of the node the process runs on. */
  get node(): string {
    return this.#process.node
  }

  /** Sends a message; returns it. Fails only for an unregistered `local` name (rule P7). */
  send<T>(to: Destination | Reference, message: T): T {
    sendFrom(live(this.#process), to, message)
    return message
  }

  /**
   * Waits for a message (rules R1 to R6). Without a predicate: the oldest. See `ReceiveOptions`
   * for timeouts. Must be awaited at once.
   */
  receive(): Awaitable<unknown>
  receive<T, O = never>(
    matches: (message: unknown) => message is T,
    options?: ReceiveOptions<O>,
  ): Awaitable<T | O>
  receive<O = never>(
    matches: ((message: unknown) => boolean) | null,
    options?: ReceiveOptions<O>,
  ): Awaitable<unknown | O>
  receive(
    matches: ((message: unknown) => boolean) | null = null,
    options?: ReceiveOptions<unknown>,
  ): Awaitable<unknown> {
    const process = this.#process
    const result = gone(process) ?? receive(live(process), matches, options)
    return (process.flags & SUSPENDED) === 0 ? result : held(process, result)
  }

  /** `receive` for generator bodies: `const message = yield* self.take(matches)`. */
  take<T, O = never>(
    matches: (message: unknown) => message is T,
    options?: ReceiveOptions<O>,
  ): Generator<Receiving, T | NoInfer<O>, T | NoInfer<O>>
  take(
    matches?: ((message: unknown) => boolean) | null,
    options?: ReceiveOptions<unknown>,
  ): Generator<Receiving, unknown, unknown>
  *take(
    matches: ((message: unknown) => boolean) | null = null,
    options?: ReceiveOptions<unknown>,
  ): Generator<Receiving, unknown, unknown> {
    return yield new Receiving(matches, options)
  }

  /** Links with a process (rules L1 to L3). Throws `Exit('noproc')` for the local dead. */
  link(to: Pid): void {
    checkPid('link', to)
    link(live(this.#process), to)
  }

  unlink(to: Pid): void {
    checkPid('unlink', to)
    unlink(live(this.#process), to)
  }

  /**
   * Monitors a process or a name; its end arrives as one DOWN (rules M1 to M8), under a `tag` of
   * its own if one is given (M10). With `alias` the reference takes messages too (A4).
   */
  monitor(target: Destination, options?: MonitorOptions): Reference {
    return monitor(live(this.#process), target, options)
  }

  /**
   * A reference that takes messages for this process, from anywhere, until `unalias`, or with
   * `reply` until the first one; afterwards they are dropped without trace (rules A1 to A3).
   */
  alias(mode: AliasMode = 'explicitUnalias'): Reference {
    return ownAlias(live(this.#process), mode)
  }

  /** Ends an alias of this process; true when it was active. */
  unalias(ref: Reference): boolean {
    checkReference('unalias', ref)
    return closeAlias(live(this.#process), ref)
  }

  /**
   * Stops a monitor. `flush` also removes a DOWN that is already queued, so that none arrives
   * afterwards. True when it was still active (OTP `demonitor(Ref, [flush, info])`). Throws
   * `BadArgument` for what is no reference, and for a bad option.
   */
  demonitor(ref: Reference, options: DemonitorOptions = noOptions): boolean {
    checkReference('demonitor', ref)
    const flush = flushOf(options)
    const process = live(this.#process)
    const active = demonitor(process, ref)
    if (!active && flush && ref instanceof Monitor) {
      process.take(isFiringOf(ref), false)
      // A receive that waits meanwhile has not seen what this look has.
      process.rewind()
    }
    return active
  }

  /** Sends an exit signal (OTP `exit/2`). To itself, it does not return (rules X9 to X11). */
  exit(to: Pid, reason: Reason): void {
    checkPid('exit', to)
    const process = live(this.#process)
    const sent = process.system.checked ? prepare(reason, 'reason') : reason
    if (!isReason(sent)) {
      throw new BadArgument(`reason: expected a string or a tagged object, got ${show(reason)}`)
    }
    sendExit(process, process.pid, to, sent)
    if (!process.alive) throw exitedOf(process)
  }

  /** Turns exit signals into messages, or back. Returns the former setting. */
  trapExit(on: boolean): boolean {
    const process = live(this.#process)
    const before = process.trapping
    process.flags = on ? process.flags | TRAPPING : process.flags & ~TRAPPING
    return before
  }

  /** Gives this process a local name. Throws `BadArgument` (rule N1). */
  register(name: string): void {
    const process = live(this.#process)
    process.system.register(name, process)
  }

  unregister(name: string): void {
    live(this.#process).system.unregister(name)
  }

  /**
   * Sends `message` to `to` after `ms` milliseconds, never earlier. The timer belongs to the
   * target: it survives the death of this process (rules T1 to T8).
   */
  sendAfter(ms: number, to: Destination, message: unknown): Reference {
    return sendAfter(live(this.#process), ms, to, message)
  }

  /**
   * Remaining milliseconds, or false when it has fired, was cancelled or is unknown (T3). Throws
   * `BadArgument` for what is no reference.
   */
  cancelTimer(ref: Reference): number | false {
    checkReference('cancelTimer', ref)
    const { system } = live(this.#process)
    const known = ref instanceof Timer && ref.creation === system.creation
    return known ? system.timers.cancel(ref) : false
  }

  /** Runs `hook` with the exit reason when the process ends, whatever ends it. */
  onExit(hook: (reason: Reason) => void): void {
    const process = live(this.#process)
    process.exitHooks ??= []
    process.exitHooks.push(hook)
  }

  /** Aborted with the exit reason when the process ends: for fetch, timers and streams. */
  get signal(): AbortSignal {
    const process = live(this.#process)
    const known = process.exitHooks?.find((hook) => hook instanceof AbortController)
    if (known !== undefined) return known.signal
    const abort = new AbortController()
    process.exitHooks ??= []
    process.exitHooks.push(abort)
    return abort.signal
  }

  /**
   * Awaits work of the outside world. If the process is killed meanwhile the code after it never
   * runs; a bare `await` cannot give that (rule P10).
   */
  wait<T>(outside: Promise<T>): Promise<T> {
    const process = this.#process
    return gone(process) ?? held(process, guard(live(process), outside))
  }

  /**
   * Waits until messages to `node` leave it again: resolves in this turn unless more than
   * `distSenderQueueMaxBytes` of this process wait for it, or more than `distQueueMaxBytes` in all;
   * else when half of that is left or the node is lost. Whoever sends much to another node awaits
   * it between two messages. Throws `BadArgument` for a bad name.
   */
  sendReady(node: string): Promise<void> {
    const process = this.#process
    const parked = gone(process)
    if (parked !== undefined) return parked
    checkName('node', node)
    const { route, scheduler } = live(process).system
    route.holdWhileBusy(node, process)
    return held(process, scheduler.charge() ? undefined : later(process))
  }

  /** Lets others run: resolves in a later turn of the event loop. */
  yield(): Promise<void> {
    const process = this.#process
    return gone(process) ?? held(process, later(live(process)))
  }
}

/** The `self` of a process, made on first use. */
export function selfOf(process: Process): Self {
  process.self ??= new Self(process)
  return process.self
}

/** The record behind a `self`. Internal: not exported by the package. */
export function processOf(self: Self): Process {
  return live(readProcess(self))
}

/** For functions that are awaited: what they must return when the process has ended. */
export function parkedCaller(caller: unknown): Promise<never> | undefined {
  return caller instanceof Self ? gone(readProcess(caller)) : undefined
}

/** The process, if it lives; the first use after its end throws `Exited`. */
function live(process: Process): Process {
  if (process.alive) return process
  process.flags |= POISONED
  throw exitedOf(process)
}

/** Code that nobody may await gets it thrown: it is this process's affair, not the host's. */
function exitedOf(process: Process): Exited {
  const exited = new Exited()
  process.system.attribute(exited, process)
  return exited
}

/** A promise that never settles, for code that goes on waiting after `Exited` was thrown at it. */
function gone(process: Process): Promise<never> | undefined {
  return (process.flags & POISONED) === 0 ? undefined : new Promise(() => undefined)
}

function guard<T>(process: Process, outside: Promise<T>): Promise<T> {
  const waits = process.system.outsideWaits
  waits.set(process, (waits.get(process) ?? 0) + 1)
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      const left = (waits.get(process) ?? 0) - 1
      if (left > 0) waits.set(process, left)
      else waits.delete(process)
      if (process.alive) then()
    }
    outside.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}

function later(process: Process): Promise<void> {
  return new Promise((resolve) => {
    process.system.platform.turn.later(() => {
      if (process.alive) resolve()
    })
  })
}

function flushOf(options: DemonitorOptions): boolean {
  if (options === noOptions) return false
  checkOptions('demonitor', options, ['flush'])
  const { flush = false } = options
  if (typeof flush === 'boolean') return flush
  throw new BadArgument(`demonitor: flush: expected a boolean, got ${show(flush)}`)
}

function sendAfter(process: Process, ms: number, to: Destination, message: unknown): Reference {
  checkTimeout('sendAfter', ms)
  if (ms === Number.POSITIVE_INFINITY) throw new BadArgument('sendAfter: Infinity never comes')
  const { system } = process
  const target = system.localTarget(to)
  const sent = system.checked ? prepare(message, 'message') : message
  const timer = system.timers.set(ms, () => target(sent))
  if (timer === undefined) throw new BadArgument('sendAfter: too many timers are set')
  return timer
}

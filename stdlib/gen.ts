/**
 * What all behaviours share (OTP `gen`): start with acknowledgement, call, cast, reply, stop. The
 * behaviours hold their loops only.
 */
import {
  type AnyModule,
  BadArgument,
  type Caller,
  Exit,
  isDown,
  isPid,
  isReference,
  type MailboxOptions,
  type Module,
  type Reason,
  type Ref,
  type Reference,
  type Self,
  type StartResult,
  type ViaName,
} from '../runtime/index.ts'
import {
  answer,
  callerProcess,
  checkMailbox,
  checkTimeout,
  create,
  deadLetter,
  deliver,
  drainInline,
  INLINE_CASTS,
  isReason,
  monitorLocal,
  type Process,
  parkedCaller,
  post,
  prepare,
  processOfSelf,
  runtimeLimits,
  type SpawnArgs,
  type System,
  show,
  startCall,
  systemOf,
  terminate,
  unlink,
} from '../runtime/kernel.ts'
import { type CallLimits, callLimits, startAbortable } from './call-limits.ts'
import { checkKeys } from './given.ts'
import { type OwnName, ownName } from './name.ts'
import type { ArgsOf, Calls, Casts, From, OpOf, ReplyOf, ServerRef } from './protocol.ts'

export type StartOptions<P = never> = {
  /** Local or via name, registered before `init` runs (rule G1). */
  readonly name?: OwnName<P>
  /** Milliseconds `init` may take before the child is killed. Default: no bound (rule G3). */
  readonly timeoutMs?: number
  /** A bound for its mailbox, and what happens above it. Default: none. */
  readonly mailbox?: MailboxOptions
}

/**
 * Starts a behaviour and resolves when its `init` has finished: `{ tag: 'ok', pid }`,
 * `{ tag: 'ignore' }`, or `{ tag: 'error', reason }` where the reason is `init`'s own, `'timeout'`,
 * `{ tag: 'alreadyStarted', pid }`, or why its registry refuses it, `{ tag: 'noRegistry' }` where
 * none runs (rules G1 to G4).
 */
export function start<P, Arg>(
  caller: Caller,
  module: Module<P, Arg>,
  ...[arg, options]: SpawnArgs<Arg, StartOptions<NoInfer<P>>>
): Promise<StartResult<P>> {
  return parkedCaller(caller) ?? startWith(caller, module, arg, options ?? {}, false)
}

/** `start`, linked with the calling process from the first moment. */
export function startLink<P, Arg>(
  self: Self,
  module: Module<P, Arg>,
  ...[arg, options]: SpawnArgs<Arg, StartOptions<NoInfer<P>>>
): Promise<StartResult<P>> {
  return parkedCaller(self) ?? startWith(self, module, arg, options ?? {}, true)
}

export type MonitoredStart<P> =
  | { readonly tag: 'ok'; readonly pid: Ref<P>; readonly ref: Reference }
  | Exclude<StartResult<P>, { readonly tag: 'ok' }>

/**
 * `start`, monitored from the first moment: `{ tag: 'ok', pid, ref }`. After a start that failed
 * no DOWN is left behind (rule G2).
 */
export async function startMonitor<P, Arg>(
  self: Self,
  module: Module<P, Arg>,
  ...[arg, options]: SpawnArgs<Arg, StartOptions<NoInfer<P>>>
): Promise<MonitoredStart<P>> {
  await parkedCaller(self)
  const owner = processOfSelf(self)
  let ref: Reference | null = null
  const monitorIt = (process: Process): void => {
    ref = monitorLocal(owner, process, process.pid)
  }
  const result = await startWith<P>(self, module, arg, options ?? {}, false, monitorIt)
  if (ref === null) return result.tag === 'ok' ? { tag: 'error', reason: 'noproc' } : result
  if (result.tag === 'ok') return { ...result, ref }
  self.demonitor(ref, { flush: true })
  return result
}

const startOptions: readonly string[] = ['name', 'timeoutMs', 'mailbox']

/** The untyped form, for supervisors, which know their children as data. */
export function startWith<P>(
  caller: Caller,
  module: AnyModule<P>,
  arg: unknown,
  options: StartOptions<unknown>,
  link: boolean,
  created?: (process: Process) => void,
): Promise<StartResult<P>> {
  const system = systemOf(caller)
  const parent = callerProcess(caller)
  checkKeys('options', options, startOptions, 'option')
  const { timeoutMs = Number.POSITIVE_INFINITY } = options
  checkTimeout('timeoutMs', timeoutMs)
  const { mailbox } = options
  if (mailbox !== undefined) checkMailbox(mailbox)
  const name = options.name === undefined ? undefined : ownName(options.name)
  const refusal = name === undefined ? undefined : refusalOf(system, name)
  if (refusal !== undefined) return Promise.resolve({ tag: 'error', reason: refusal })
  return new Promise((resolve) => {
    let settled = false
    const settle = (result: StartResult): void => {
      if (settled) return
      settled = true
      timeout?.cancel()
      const tell = (): void => {
        if (parent === null || parent.alive) resolve(result as StartResult<P>)
      }
      // A parent that the failure is about to end, through the link, must not go on first.
      if (result.tag === 'error') system.platform.turn.soon(tell)
      else tell()
    }
    const process = create(system, module, arg, {
      ...(name === undefined ? {} : { name }),
      ...(mailbox === undefined ? {} : { mailbox }),
      parent,
      link,
      started: settle,
    })
    created?.(process)
    const timeout =
      timeoutMs === Number.POSITIVE_INFINITY
        ? null
        : system.timeouts.add(timeoutMs, () => {
            if (parent !== null) unlink(parent, process.pid)
            settle({ tag: 'error', reason: 'timeout' })
            terminate(process, 'killed')
          })
  })
}

/** Why nobody can start under `name` just now. */
function refusalOf(system: System, name: string | ViaName): Reason | undefined {
  if (typeof name !== 'string') return system.registries.refusal(name)
  const holder = system.names.get(name)
  return holder === undefined ? undefined : { tag: 'alreadyStarted', pid: holder.pid }
}

/**
 * Calls a server and resolves with its reply; 5 s, as in OTP. Rejects with `Exit` whose reason is
 * `noproc`, `timeout`, `callingSelf`, `{ tag: 'nodedown', node }`, `{ tag: 'undef', op }`, or the
 * reason the server ended with. Rejects with `BadArgument` when the argument cannot be sent.
 */
export function call<P, Op extends OpOf<Calls<P>>>(
  caller: Caller,
  server: ServerRef<P>,
  op: Op,
  ...[arg]: ArgsOf<Calls<P>[Op]>
): Promise<ReplyOf<Calls<P>[Op]>> {
  return request(caller, runtimeLimits.callTimeoutMs, server, op, arg)
}

/**
 * `call` with limits of its own: milliseconds, Infinity for ever, or `{ timeoutMs, signal }` with
 * the usual 5 s. An aborted call rejects with `aborted`; if it has been sent the server may
 * carry it out nevertheless, and its answer is dropped.
 */
export function callWithin<P, Op extends OpOf<Calls<P>>>(
  caller: Caller,
  limits: number | CallLimits,
  server: ServerRef<P>,
  op: Op,
  ...[arg]: ArgsOf<Calls<P>[Op]>
): Promise<ReplyOf<Calls<P>[Op]>> {
  const { timeoutMs, signal } = callLimits(limits)
  return request(caller, timeoutMs, server, op, arg, signal)
}

/** The untyped form of `call`. */
export function request<R>(
  caller: Caller,
  timeoutMs: number,
  server: ServerRef<unknown>,
  op: string,
  arg: unknown,
  signal?: AbortSignal,
): Promise<R> {
  const parked = parkedCaller(caller)
  if (parked !== undefined) return parked
  const process = callerProcess(caller)
  const system = process === null ? systemOf(caller) : process.system
  let sent = arg
  if (system.checked) {
    try {
      sent = prepare(arg, 'arg')
    } catch (error) {
      // A call fails by rejecting, whatever makes it fail; unobserved, it ends its caller.
      if (process !== null && error instanceof Error) system.attribute(error, process)
      return Promise.reject(error)
    }
  }
  const answered =
    signal === undefined
      ? startCall(system, process, server, op, sent, timeoutMs)
      : startAbortable(system, process, server, op, sent, timeoutMs, signal)
  return answered as Promise<R>
}

/** A cast as it lies in the mailbox (OTP `{'$gen_cast', Msg}`). */
export type CastMessage = { readonly tag: '$cast'; readonly op: string; readonly arg: unknown }

export function isCast(message: unknown): message is CastMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === '$cast' &&
    'op' in message &&
    typeof message.op === 'string'
  )
}

/** Sends an operation without waiting. Never fails for an absent server (rule G15). */
export function cast<P, Op extends OpOf<Casts<P>>>(
  caller: Caller,
  server: ServerRef<P>,
  op: Op,
  ...[arg]: ArgsOf<Casts<P>[Op]>
): void {
  const process = callerProcess(caller)
  const system = process === null ? systemOf(caller) : process.system
  const sent = system.checked ? prepare(arg, 'arg') : arg
  const message: CastMessage = { tag: '$cast', op, arg: sent }
  const resident = isPid(server) ? system.resident(server) : null
  if (resident !== null) {
    castHere(resident, message, process)
    return
  }
  const target = system.callTarget(server)
  if (target.tag === 'local') castHere(target.process, message, process)
  else if (target.tag === 'remote') {
    const signal = { tag: 'send', to: target.to, message } as const
    system.route.deliver(target.node, process, signal)
  } else deadLetter(system, system.node, server, message)
}

function castHere(server: Process, message: CastMessage, sender: Process | null): void {
  post(server, message, sender)
  if ((server.flags & INLINE_CASTS) !== 0) drainInline(server)
}

/** Answers a call from anywhere; a late or second answer is dropped (rules G8, A5). */
export function replyTo<R>(caller: Caller, from: From<R>, value: R): void {
  if (!isReference(from)) {
    throw new BadArgument(`replyTo: expected the \`from\` of a call, got ${show(from)}`)
  }
  const system = systemOf(caller)
  answer(system, callerProcess(caller), from, system.checked ? prepare(value, 'value') : value)
}

/**
 * Stops a server in order and waits for its end (OTP `gen_server:stop/3`). Rejects with `Exit`:
 * `noproc`, `callingSelf`, `timeout` (the server still stops later), `{ tag: 'nodedown', node }`,
 * or the reason it really ended with when that is another (rule G18).
 */
export async function stopServer(
  self: Self,
  server: ServerRef<unknown>,
  reason: Reason = 'normal',
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const system = systemOf(self)
  const target = system.callTarget(server)
  if (target.tag === 'local' && target.process === callerProcess(self)) {
    throw new Exit('callingSelf', 'stop')
  }
  checkTimeout('timeoutMs', timeoutMs)
  const sent = prepare(reason, 'reason')
  if (!isReason(sent)) {
    throw new BadArgument(`reason: expected a string or a tagged object, got ${show(reason)}`)
  }
  const message = { tag: '$stop', reason: sent }
  const ref = self.monitor(server)
  if (target.tag === 'local') deliver(target.process, message)
  else if (target.tag === 'remote') {
    const signal = { tag: 'send', to: target.to, message } as const
    system.route.deliver(target.node, callerProcess(self), signal)
  }
  const down = await self.receive(isDown(ref), { timeoutMs, otherwise: null })
  if (down === null) {
    self.demonitor(ref, { flush: true })
    throw new Exit('timeout', 'stop')
  }
  if (down.reason === 'noconnection' && target.tag === 'remote') {
    throw new Exit({ tag: 'nodedown', node: target.node }, 'stop')
  }
  if (!same(down.reason, reason)) throw new Exit(down.reason, 'stop')
}

export type StopMessage = { readonly tag: '$stop'; readonly reason: Reason }

export function isStop(message: unknown): message is StopMessage {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === '$stop'
  )
}

/** Equal by value where both are plain objects or arrays, the same otherwise. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)))
  )
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

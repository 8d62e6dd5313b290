/**
 * Work and messages at a later time (OTP's `timer` module). One-shot timers belong to nobody and
 * fire unless cancelled. Intervals belong to a process, `sendInterval`'s to the receiver and
 * `applyInterval`'s to the caller, and end with it. All are as exact as `self.sendAfter`: never
 * early, on the monotonic clock.
 *
 * Differences from OTP: there is no timer server to keep up with, every interval being a small
 * process of its own whose pid is its handle; what is applied is a module, started as a process.
 */
import {
  type AnyModule,
  BadArgument,
  type Caller,
  type Destination,
  isPid,
  isReference,
  type Module as ModuleOf,
  type Pid,
  type Reference,
  whereisName,
} from '../../runtime/index.ts'
import {
  callerProcess,
  checkTimeout,
  create,
  Module,
  Process,
  prepare,
  recordOfPid,
  runtimeLimits,
  type SpawnArgs,
  type System,
  selfOf,
  show,
  systemOf,
  Timer,
} from '../../runtime/kernel.ts'
import { Ticker } from './ticker.ts'

/**
 * Starts `module` as a process of this node after `ms` milliseconds. It is linked with nobody.
 * Throws `BadArgument` for what `self.sendAfter` refuses and what is no module.
 */
export function applyAfter<P, Arg>(
  caller: Caller,
  ms: number,
  module: ModuleOf<P, Arg>,
  ...[arg]: SpawnArgs<Arg, undefined>
): Reference {
  checkTimeout('applyAfter', ms)
  if (ms === Number.POSITIVE_INFINITY) throw new BadArgument('applyAfter: Infinity never comes')
  const system = systemOf(caller)
  const start = starting(system, module, arg)
  const timer = system.timers.set(ms, () => start(null))
  if (timer === undefined) throw new BadArgument('applyAfter: too many timers are set')
  return timer
}

/**
 * Sends `message` to `to` every `everyMs` milliseconds, the first time after one period, until
 * `to` ends or the interval is cancelled. A name is resolved now: the interval belongs to the
 * process that has it. Gives the pid of the interval. Throws `BadArgument` for a period that is not
 * 1 to 2^32-1 ms, for a name nobody has, and for what cannot be sent.
 */
export function sendInterval(
  caller: Caller,
  everyMs: number,
  to: Destination,
  message: unknown,
): Pid {
  const system = systemOf(caller)
  const target = resolved(caller, to)
  const sent = system.checked ? prepare(message, 'message') : message
  return startInterval(caller, 'sendInterval', everyMs, target, (process) => {
    selfOf(process).send(target, sent)
  })
}

/**
 * Starts `module` as a process of this node every `everyMs` milliseconds, whether or not the one
 * before it has ended, until the calling process ends or the interval is cancelled; one set by host
 * code ends with the node. Gives the pid of the interval. Throws as `sendInterval`.
 */
export function applyInterval<P, Arg>(
  caller: Caller,
  everyMs: number,
  module: ModuleOf<P, Arg>,
  ...[arg]: SpawnArgs<Arg, undefined>
): Pid {
  const start = starting(systemOf(caller), module, arg)
  const owner = callerProcess(caller)
  return startInterval(caller, 'applyInterval', everyMs, owner?.pid ?? null, start)
}

/**
 * Stops what the functions above and `self.sendAfter` have set, by anyone on this node. Gives the
 * milliseconds that were left, or false when there was nothing to stop: fired, cancelled, ended,
 * of another node. Throws `BadArgument` for what is neither a reference nor a pid.
 */
export function cancelTimer(caller: Caller, timer: Reference | Pid): number | false {
  const system = systemOf(caller)
  if (isReference(timer)) {
    const known = timer instanceof Timer && timer.creation === system.creation
    return known ? system.timers.cancel(timer) : false
  }
  if (!isPid(timer)) {
    throw new BadArgument(`cancelTimer: expected a reference or a pid, got ${show(timer)}`)
  }
  const record = recordOfPid(timer)
  const known = record instanceof Process && record.system === system
  return known && record.receiver instanceof Ticker ? record.receiver.cancel() : false
}

function startInterval(
  caller: Caller,
  field: string,
  everyMs: number,
  target: Destination | null,
  act: (process: Process) => void,
): Pid {
  if (!(everyMs >= 1 && everyMs <= runtimeLimits.timeoutMaxMs)) {
    const expected = `1 to ${runtimeLimits.timeoutMaxMs} milliseconds`
    throw new BadArgument(`${field}: expected ${expected}, got ${show(everyMs)}`)
  }
  const interval = new Module('skein.interval', () => undefined)
  const process = create(systemOf(caller), interval, undefined, { parent: callerProcess(caller) })
  new Ticker(process, everyMs, target, act)
  if (!process.alive) throw new BadArgument(`${field}: too many timers are set`)
  return process.pid
}

/** What starts the module; a node that can take no more processes reports it and goes on. */
function starting(
  system: System,
  module: AnyModule,
  arg: unknown,
): (parent: Process | null) => void {
  if (!(module instanceof Module)) {
    throw new BadArgument(`module: expected a module or behaviour, got ${show(module)}`)
  }
  const given = prepare(arg, 'arg')
  return (parent) => {
    try {
      create(system, module, given, { parent })
    } catch (error) {
      const fields = { module: module.name, error: String(error) }
      system.trace.log('warning', 'a timer could not start its process', fields)
    }
  }
}

/** A name of this node as the process that has it now. */
function resolved(caller: Caller, to: Destination): Destination {
  if (isPid(to)) return to
  if (typeof to !== 'object' || to === null || !('name' in to)) {
    throw new BadArgument(`sendInterval: expected a pid or a name, got ${show(to)}`)
  }
  if (to.tag === 'at' && to.node !== systemOf(caller).node) return to
  const pid = whereisName(caller, to)
  if (pid === undefined) throw new BadArgument(`sendInterval: nobody has the name ${show(to.name)}`)
  return pid
}

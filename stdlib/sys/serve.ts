/**
 * How a behaviour's loop answers system requests (OTP `sys:handle_system_msg/6`). The loop gives a
 * host, an object that reads and replaces its state and stops it; everything else is here, the same
 * for all behaviours.
 *
 * A suspended process is one that waits in a selective receive for what concerns the system:
 * requests, a stop, and its parent's exit. All other mail stays in the mailbox, in order (rule Y2).
 */
import { isExit, type Pid, type Reason } from '../../runtime/index.ts'
import {
  isReason,
  type Process,
  Request,
  reasonOfThrown,
  selfOf,
  show,
  waitFor,
} from '../../runtime/kernel.ts'
import { isStop } from '../gen.ts'
import { type Command, decodeCommand, type ReplaceState, sysOp } from './command.ts'
import { Debug } from './debug.ts'
import { formatted } from './formatted.ts'
import { snapshot } from './snapshot.ts'
import { replacedState, shownState } from './special.ts'

/** What a loop offers. */
export interface SysHost {
  readonly process: Process
  /** Whose exit ends the process. */
  readonly parent: Pid | null
  /** Kept by the loop, which tells it every event; null while nothing is installed. */
  debug: Debug | null
  /** Assigning may throw what the caller of `replaceState` is to hear. */
  state: unknown
  /** The state as the behaviour wants it shown. May throw. */
  format(): unknown
  /** Ends the process in order, through `terminate`. */
  stop(reason: Reason): void
  /** The process goes on with its mail. */
  goOn(): void
}

export function isSystem(message: unknown): message is Request {
  return message instanceof Request && message.op === sysOp
}

type After = { readonly tag: 'goOn' } | { readonly tag: 'suspend' } | Stopping
type Stopping = { readonly tag: 'stop'; readonly reason: Reason }
type Mode = 'running' | 'suspended'

/** Answers one system request; the loop must return to its caller at once. */
export function serveSystem(host: SysHost, request: Request): void {
  const after = perform(host, request, 'running')
  if (after.tag === 'goOn') host.goOn()
  else if (after.tag === 'stop') host.stop(after.reason)
  else {
    waitFor(host.process, untilResumed(host), {
      proceed: (reason) => {
        if (!isReason(reason)) host.goOn()
        else if (host.process.alive) host.stop(reason)
      },
      fail: (error) => {
        throw error
      },
    })
  }
}

/** Null when it is to go on, the reason when it is to stop. */
async function untilResumed(host: SysHost): Promise<Reason | null> {
  const self = selfOf(host.process)
  const { parent } = host
  const concerns = (message: unknown): boolean =>
    isSystem(message) || isStop(message) || (parent !== null && isExit(parent)(message))
  for (;;) {
    const message = await self.receive(concerns)
    if (isSystem(message)) {
      const after = perform(host, message, 'suspended')
      if (after.tag === 'goOn') return null
      if (after.tag === 'stop') return after.reason
    } else if (isStop(message) || (parent !== null && isExit(parent)(message))) {
      return message.reason
    }
  }
}

function perform(host: SysHost, request: Request, mode: Mode): After {
  const stay: After = mode === 'running' ? { tag: 'goOn' } : { tag: 'suspend' }
  const command = decodeCommand(request.arg)
  if (command === undefined) {
    request.fail({ tag: 'badCommand', got: show(request.arg) }, host.process)
    return stay
  }
  try {
    const [after, value] = carryOut(host, command, mode, stay)
    if (value instanceof Failure) request.fail(value.reason, host.process)
    else request.reply(value, host.process)
    return after
  } catch (error) {
    request.fail({ tag: 'unsendable', message: String(error) }, host.process)
    return stay
  }
}

class Failure {
  readonly reason: Reason

  constructor(reason: Reason) {
    this.reason = reason
  }
}

function carryOut(
  host: SysHost,
  command: Command,
  mode: Mode,
  stay: After,
): readonly [After, unknown] {
  switch (command.tag) {
    case 'getState':
      return [stay, snapshot(shownState(host.state))]
    case 'replaceState':
      return [stay, replace(host, command)]
    case 'getStatus':
      return [stay, status(host, mode)]
    case 'suspend':
      return [{ tag: 'suspend' }, null]
    case 'resume':
      return [{ tag: 'goOn' }, null]
    case 'terminate':
      return [{ tag: 'stop', reason: command.reason }, null]
    case 'getLog':
      return [stay, host.debug?.readLog() ?? []]
    case 'getStatistics':
      return [stay, host.debug?.readCounts() ?? null]
    default:
      return [stay, adjust(host, command)]
  }
}

type Adjustment = Extract<
  Command,
  { readonly tag: 'install' | 'remove' | 'trace' | 'statistics' | 'log' | 'noDebug' }
>

/** Changes what watches the server; a server that nothing watches any more has no `debug`. */
function adjust(host: SysHost, command: Adjustment): unknown {
  if (command.tag === 'noDebug') {
    host.debug = null
    return null
  }
  const debug = host.debug ?? new Debug(host.process)
  let result: unknown = null
  if (command.tag === 'install') result = debug.install(command)
  else if (command.tag === 'remove') result = debug.remove(command.name)
  else if (command.tag === 'trace') debug.trace(command.on)
  else if (command.tag === 'statistics') debug.count(command.on)
  else debug.keepLog(command.size)
  host.debug = debug.idle ? null : debug
  return result
}

/** The new state, copied; a function that fails changes nothing (rule Y1). */
function replace(host: SysHost, { replace: change }: ReplaceState): unknown {
  try {
    host.state = replacedState(host.state, (shown) => {
      const state = change(shown)
      if (!(state instanceof Promise)) return state
      state.catch(() => undefined)
      throw new TypeError('replaceState: the function must not be async')
    })
    return snapshot(shownState(host.state))
  } catch (error) {
    return new Failure({ tag: 'callbackFailed', reason: reasonOfThrown(error) })
  }
}

function status(host: SysHost, mode: Mode): unknown {
  const { pid, module, name, messageCount } = host.process
  const { parent, debug } = host
  const hooks = debug?.hooks ?? []
  return {
    pid,
    module,
    name,
    status: mode,
    parent,
    hooks,
    queued: messageCount,
    state: formatted(() => shownState(host.format())),
  }
}

/**
 * Processes that say when they are ready, without being servers (OTP `proc_lib`). `start`,
 * `startLink`, `startMonitor` and supervisors wait until such a process acknowledges, as they wait
 * for the `init` of a behaviour; one that ends before it has done so is a failed start (rule B1).
 *
 * A failure is told when the process has ended: its name is free and its links are gone by then
 * (rule B3). Crash reports with ancestors come from the runtime, for every process.
 *
 * Differences from OTP: an acknowledgement carries no value but the pid; a trapping parent whose
 * linked child ends before it acknowledges gets its EXIT, as for every behaviour; a process cannot
 * become a server later (`enter_loop`, rule G19).
 */
import {
  BadArgument,
  type Caller,
  type ExitOutcome,
  exit,
  type Pid,
  type Reason,
  type Self,
  type StartResult,
} from '../runtime/index.ts'
import {
  ancestorsOf,
  checkPid,
  isReason,
  Module,
  type Process,
  runBody,
  selfOf,
  show,
  systemOf,
} from '../runtime/kernel.ts'

/** How a process tells its starter how its beginning went. Only the first telling counts. */
export class Init {
  readonly #process: Process
  readonly #started: (result: StartResult) => void

  /** Internal: made for the body of a `startable`. */
  constructor(process: Process, started: (result: StartResult) => void) {
    this.#process = process
    this.#started = started
  }

  /** Ready: the starter goes on with the pid. */
  ack(): void {
    if (this.#process.alive) this.#started({ tag: 'ok', pid: this.#process.pid })
  }

  /** `return init.fail(reason)`: the process ends with `reason`, and then its start has failed. */
  fail(reason: Reason): ExitOutcome {
    if (isReason(reason)) return exit(reason)
    throw new BadArgument(`reason: expected a string or a tagged object, got ${show(reason)}`)
  }

  /** `return init.ignore()`: nothing to do; the process ends `normal`, and nothing has failed. */
  ignore(): ExitOutcome {
    if (this.#process.alive) this.#started({ tag: 'ignore' })
    return exit('normal')
  }
}

/**
 * A plain process that acknowledges its start: `startable('reader', async (self, path, init) => {
 * ...; init.ack(); ... })`. The body may be a generator function. Spawned instead of started, it
 * acknowledges to nobody.
 */
export function startable<Arg = void>(
  name: string,
  body: (self: Self, arg: Arg, init: Init) => unknown,
): Module<unknown, Arg> {
  if (typeof body !== 'function') {
    throw new BadArgument(`body: expected a function, got ${show(body)}`)
  }
  return new Module<unknown, Arg>(name, (process, arg, started) => {
    runBody(process, body(selfOf(process), arg, new Init(process, started)))
  })
}

/**
 * Who spawned a process of this node, who spawned that one, and so on: names where they have one,
 * pids otherwise. Undefined for the dead; throws `BadArgument` for a pid of another node.
 */
export function ancestors(caller: Caller, pid: Pid): readonly (Pid | string)[] | undefined {
  checkPid('ancestors', pid)
  const found = systemOf(caller).lookup(pid)
  if (found.tag === 'remote') {
    throw new BadArgument(`ancestors: ${String(pid)} is of another node`)
  }
  return found.tag === 'dead' ? undefined : ancestorsOf(found.process)
}

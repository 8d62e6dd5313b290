/**
 * The end of a process: one event (rule P5). It is marked dead, loses its name and stops every
 * effect of code still running first; then its links, monitors and calls are told, through the
 * fan-out so that chains of any length use no stack and huge fan-outs do not hold the loop.
 *
 * A parked body is dropped, never resumed: no `finally` of it runs, as OTP runs no `after` block
 * on an exit signal. A body that is running finds every operation of its `self` throwing.
 */
import { BoundedProcess } from './bounded-process.ts'
import { show } from './check.ts'
import { isReason, type Reason } from './exit.ts'
import type { Job } from './fan-out.ts'
import { type Pid, recordOfPid } from './identifier.ts'
import type { Links } from './links.ts'
import type { LocalCall } from './local-call.ts'
import { demonitor } from './monitors.ts'
import { DEAD, Process } from './process.ts'
import { Request } from './request.ts'
import { signalExit } from './signals.ts'
import type { System } from './system.ts'
import { prepare } from './term.ts'

export function terminate(process: Process, given: Reason): void {
  if ((process.flags & DEAD) !== 0) return
  const { system } = process
  process.flags |= DEAD
  const reason = typeof given === 'string' ? given : sendable(given, system.checked)
  process.reason = reason
  if (process.name !== null) system.names.delete(process.name)
  system.processes.remove(process)
  if (process.waiter !== null) process.waiter.leave()
  process.waiter = null
  process.receiver = null
  if (system.outsideWaits.size > 0) system.outsideWaits.delete(process)
  if (system.aliases.size > 0) system.aliases.ended(process)
  if (system.holds.size > 0) {
    system.holds.ended(process)
    if (process instanceof BoundedProcess) process.relieve()
  }
  runHooks(process, reason)
  forgetForebears(process)
  if (system.trace.active) {
    system.trace.emit({ tag: 'exit', pid: process.pid, module: process.module, reason })
  }
  tellOthers(process, reason)
}

/** The reason as data, as every message is: the end is told even if its reason cannot be sent. */
function sendable(reason: Reason, checked: boolean): Reason {
  try {
    const prepared = checked ? prepare(reason, 'reason') : reason
    if (isReason(prepared)) return prepared
    const message = `expected a string or a tagged object, got ${show(reason)}`
    return { tag: 'unsendable', message }
  } catch (error) {
    return { tag: 'unsendable', message: String(error) }
  }
}

/**
 * A process that spawns its successor and ends, again and again, must not keep all its forebears:
 * the dead ones are passed over. The line to the living stays whole, for an application's
 * processes are told by it.
 */
function forgetForebears(process: Process): void {
  while (process.parent !== null) {
    const record = recordOfPid(process.parent)
    if (!(record instanceof Process) || record.alive) return
    process.parent = record.parent
  }
}

/** Nearly all processes have nobody to tell, or one who waits for them. */
function tellOthers(process: Process, reason: Reason): void {
  const { links, monitors, pause, system, watchers } = process
  const { callers, fanOut } = system
  const asked = callers.size > 0 ? callers.take(process) : null
  if (links === null && monitors === null && pause === null && !process.hasMail && !asked) {
    if (watchers === null) return
    if (watchers.after === null && fanOut.idle) {
      watchers.fire(reason)
      return
    }
  }
  fanOut.runJob(new Losses(process, reason, asked))
}

/** What the process itself wanted done comes first, then whoever listens to its signal. */
function runHooks(process: Process, reason: Reason): void {
  const hooks = process.exitHooks
  if (hooks === null) return
  process.exitHooks = null
  for (const hook of hooks) if (typeof hook === 'function') runHook(process, hook, reason)
  for (const hook of hooks) if (typeof hook !== 'function') hook.abort(reason)
}

function runHook(process: Process, hook: (reason: Reason) => void, reason: Reason): void {
  try {
    hook(reason)
  } catch (error) {
    process.system.trace.emit({ tag: 'hookFailed', pid: process.pid, error })
  }
}

/** Whoever had to do with a process, one per step: nearly all processes have one or two. */
class Losses implements Job {
  readonly #process: Process
  readonly #reason: Reason
  readonly #links: Links | null
  /** Calls in the mailbox, newest first. */
  readonly #calls: Request[] | null
  /** Its own calls to other nodes. */
  readonly #asked: Iterator<LocalCall> | null
  #serving: Request | null

  constructor(process: Process, reason: Reason, asked: Iterator<LocalCall> | null) {
    this.#process = process
    this.#reason = reason
    this.#asked = asked
    this.#links = process.links
    process.links = null
    this.#serving = process.pause?.serving ?? null
    process.pause = null
    this.#calls = process.hasMail ? process.drain().filter(isRequest).reverse() : null
  }

  step(): boolean {
    const process = this.#process
    if (process.monitors !== null) demonitor(process, process.monitors)
    else if (this.#takeBack() || this.#breakLink()) return true
    else if (this.#serving !== null) this.#failServing(this.#serving)
    else if (this.#calls?.length) this.#calls.pop()?.fail(this.#reason, process)
    else if (process.watchers !== null) process.watchers.fire(this.#reason)
    else return false
    return true
  }

  #failServing(request: Request): void {
    this.#serving = null
    request.fail(this.#reason, this.#process)
  }

  /** False when it waits for no answer from elsewhere. */
  #takeBack(): boolean {
    const asked = this.#asked?.next()
    if (asked === undefined || asked.done) return false
    asked.value.abandon()
    return true
  }

  #breakLink(): boolean {
    const pid = this.#links === null ? null : this.#links.take()
    if (pid === null) return false
    breakLink(this.#process.system, this.#process, pid, this.#reason)
    return true
  }
}

function isRequest(message: unknown): message is Request {
  return message instanceof Request
}

function breakLink(system: System, process: Process, pid: Pid, reason: Reason): void {
  const found = system.lookup(pid)
  if (found.tag === 'local') {
    if (found.process.links?.delete(process.pid)) {
      signalExit(found.process, process.pid, reason, 'link')
    }
  } else if (found.tag === 'remote') {
    // Else its node is lost, and the link with it.
    if (!system.peers.get(found.node)?.removeLink(process, pid)) return
    system.route.deliver(found.node, process, {
      tag: 'linkExit',
      from: process.pid,
      to: pid,
      reason,
    })
  }
}

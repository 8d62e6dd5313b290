/**
 * The end of a process: one event (rule P5). It is marked dead, loses its name and stops every
 * effect of code still running first; then its links, monitors and calls are told, through the
 * fan-out so that chains of any length use no stack and huge fan-outs do not hold the loop.
 *
 * A parked body is dropped, never resumed: no `finally` of it runs, as OTP runs no `after` block
 * on an exit signal. A body that is running finds every operation of its `self` throwing.
 */
import type { Reason } from './exit.ts'
import type { Pid } from './identifier.ts'
import { demonitor } from './monitors.ts'
import { DEAD, type Process } from './process.ts'
import { Request } from './request.ts'
import { signalExit } from './signals.ts'
import type { System } from './system.ts'
import { disarm } from './timeouts.ts'

export function terminate(process: Process, reason: Reason): void {
  if ((process.flags & DEAD) !== 0) return
  const { system } = process
  process.flags |= DEAD
  process.reason = reason
  if (process.name !== null) system.names.delete(process.name)
  system.processes.remove(process)
  if (process.waiter !== null) disarm(process.waiter)
  process.waiter = null
  process.receiver = null
  process.begin = null
  if (system.outsideWaits.size > 0) system.outsideWaits.delete(process)
  runHooks(process, reason)
  if (system.trace.active) {
    system.trace.emit({ tag: 'exit', pid: process.pid, module: process.module, reason })
  }
  const mail = process.drain()
  system.fanOut.run(lossesOf(process, reason, mail), () => undefined)
}

function runHooks(process: Process, reason: Reason): void {
  const hooks = process.exitHooks
  process.exitHooks = null
  for (const hook of hooks ?? []) {
    try {
      hook(reason)
    } catch (error) {
      process.system.trace.emit({ tag: 'hookFailed', pid: process.pid, error })
    }
  }
  process.abort?.abort(reason)
  process.abort = null
}

function* lossesOf(process: Process, reason: Reason, mail: unknown[]): Generator<() => void> {
  const { system } = process
  for (let monitor = process.monitors; monitor !== null; monitor = process.monitors) {
    const held = monitor
    yield () => demonitor(process, held)
  }
  const links = process.links
  process.links = null
  for (const pid of links ?? []) yield () => breakLink(system, process, pid, reason)
  for (let request = process.requests; request !== null; request = process.requests) {
    const owed = request
    yield () => owed.fail(reason)
  }
  for (const message of mail) {
    if (message instanceof Request) yield () => message.fail(reason)
  }
  for (let watch = process.watchers; watch !== null; watch = process.watchers) {
    const watcher = watch
    yield () => watcher.fire(reason)
  }
}

function breakLink(system: System, process: Process, pid: Pid, reason: Reason): void {
  const found = system.lookup(pid)
  if (found.tag === 'local') {
    if (found.process.links?.delete(process.pid)) {
      signalExit(found.process, process.pid, reason, 'link')
    }
  } else if (found.tag === 'remote') {
    system.peer(found.node).removeLink(process, pid)
    system.route.deliver(found.node, process, {
      tag: 'linkExit',
      from: process.pid,
      to: pid,
      reason,
    })
  }
}

/**
 * Exit signals and links between a local process and anyone. The decision is `exitRule`; here it
 * is carried out.
 */
import { deliver } from './deliver.ts'
import { Exit, type Reason } from './exit.ts'
import { type ExitSource, exitRule } from './exit-rule.ts'
import type { Pid } from './identifier.ts'
import { Links } from './links.ts'
import { unlinkKey } from './peers.ts'
import type { Process } from './process.ts'
import { terminate } from './terminate.ts'

/** An exit signal from `from` arrives at a local process. */
export function signalExit(process: Process, from: Pid, reason: Reason, source: ExitSource): void {
  if (!process.alive) return
  const effect = exitRule(source, reason, process.trapping)
  if (effect.tag === 'message') deliver(process, { tag: 'EXIT', from, reason: effect.reason })
  else if (effect.tag === 'die') terminate(process, effect.reason)
}

/** `exit(to, reason)` (OTP `exit/2`); `sender` is null for host code. Never fails (X18). */
export function sendExit(
  process: Process | null,
  from: Pid,
  to: Pid,
  reason: Reason,
  system = process?.system,
): void {
  if (system === undefined) return
  const found = system.lookup(to)
  if (found.tag === 'local') {
    const source = found.process === process ? 'self' : 'exit'
    signalExit(found.process, from, reason, source)
  } else if (found.tag === 'remote') {
    system.route.deliver(found.node, process, { tag: 'exit', from, to: found.pid, reason })
  }
}

/**
 * Links `process` with `to` (rules L1 to L3). The dead: a trapping caller gets an EXIT `noproc`,
 * another one an `Exit('noproc')` at once; a dead remote process answers with an exit signal.
 */
export function link(process: Process, to: Pid): void {
  const { system } = process
  const found = system.lookup(to)
  if (found.tag === 'dead') {
    // Linked still: the exit signal of that link is on its way through the fan-out.
    if (process.links?.has(to)) return
    if (!process.trapping) throw new Exit('noproc', `link to ${String(to)}`)
    deliver(process, { tag: 'EXIT', from: to, reason: 'noproc' })
    return
  }
  if (found.tag === 'local') {
    if (found.process !== process) linkLocal(process, found.process)
    return
  }
  if (process.links?.has(found.pid)) return
  linkTo(process, found.pid)
  system.peer(found.node).addLink(process, found.pid)
  system.route.deliver(found.node, process, { tag: 'link', from: process.pid, to: found.pid })
}

export function linkLocal(a: Process, b: Process): void {
  linkTo(a, b.pid)
  linkTo(b, a.pid)
}

export function linkTo(process: Process, pid: Pid): void {
  process.links ??= new Links()
  process.links.add(pid)
}

/** Removes a link; after it returns no EXIT of that link arrives any more (L4). */
export function unlink(process: Process, to: Pid): void {
  const { system } = process
  const found = system.lookup(to)
  const pid = found.tag === 'remote' ? found.pid : to
  if (!process.links?.delete(pid)) return
  if (found.tag === 'local') found.process.links?.delete(process.pid)
  if (found.tag !== 'remote') return
  // Else its node is lost, and the link with it.
  const peer = system.peers.get(found.node)
  if (!peer?.removeLink(process, pid)) return
  const id = system.nextId()
  peer.unlinking.set(unlinkKey(process, pid), id)
  system.route.deliver(found.node, process, { tag: 'unlink', from: process.pid, to: pid, id })
}

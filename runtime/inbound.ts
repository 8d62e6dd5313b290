/**
 * Signals that came from another node, applied here. The channel's authenticated node is the only
 * sender: a signal that names somebody else's process as its source, or a reference that is not
 * the peer's own where it must be, is refused with a reason and changes nothing.
 */
import { deadLetter } from './dead-letter.ts'
import type { Reason } from './exit.ts'
import {
  type Pid,
  type PidParts,
  type Reference,
  RemoteReference,
  recordOfPid,
} from './identifier.ts'
import { InboundCall } from './inbound-call.ts'
import { RemoteMonitor } from './monitors.ts'
import { type Peer, unlinkKey } from './peers.ts'
import { post } from './post.ts'
import { LINKED_START, type Process, SHIELDED } from './process.ts'
import { holdRequest, isPlain } from './request.ts'
import type { Address, Signal } from './route.ts'
import { answerHere } from './send.ts'
import { linkTo, signalExit } from './signals.ts'
import { create } from './spawn.ts'
import type { System } from './system.ts'
import { unwatch, watch } from './watch.ts'

export type Applied =
  | { readonly tag: 'ok' }
  | { readonly tag: 'error'; readonly reason: 'forgedSender' | 'tooManyRelations' }

const ok: Applied = { tag: 'ok' }
const forged: Applied = { tag: 'error', reason: 'forgedSender' }
const tooMany: Applied = { tag: 'error', reason: 'tooManyRelations' }

/** Applies a signal of node `from`, whose creation is `creation`. */
export function applySignal(
  system: System,
  from: string,
  creation: number,
  signal: Signal,
): Applied {
  const owns = (pid: Pid | null): boolean => {
    if (pid === null) return true
    const record = recordOfPid(pid)
    return record.node === from && record.creation === creation
  }
  const asks = (ref: Reference): boolean => ref.node === from && ref.creation === creation
  switch (signal.tag) {
    case 'send': {
      const process = reachable(system, signal.to)
      if (process !== undefined) post(process, signal.message, null)
      else deadLetter(system, from, signal.to, signal.message)
      return ok
    }
    case 'unlinkAck':
    case 'linkExit':
      if (!owns(signal.from) && !isAwaited(system, from, signal)) return forged
      return applyLink(system, from, signal)
    case 'link':
    case 'unlink':
    case 'exit':
      return owns(signal.from) ? applyLink(system, from, signal) : forged
    case 'monitor':
    case 'call':
    case 'spawn':
      if (!owns(signal.from) || !asks(signal.ref)) return forged
      return applyRequest(system, from, signal)
    case 'demonitor':
    case 'cancelCall':
      return asks(signal.ref) ? applyCancel(system, from, signal) : forged
    case 'spawned':
      return owns(signal.pid) ? applyAnswer(system, from, signal) : forged
    default:
      return applyAnswer(system, from, signal)
  }
}

/**
 * True when a former incarnation of the peer, whose pids are all dead, is answered for: one of our
 * processes linked with such a pid, or unlinked from it (rules P6, L3).
 */
function isAwaited(system: System, from: string, { from: pid, to }: LinkSignal): boolean {
  if (recordOfPid(pid).node !== from) return false
  const process = reachable(system, to)
  if (process === undefined || process.links?.has(pid)) return true
  return system.peer(from).unlinking.has(unlinkKey(process, pid))
}

type LinkSignal = Extract<Signal, { readonly from: Pid; readonly to: Pid }>

function applyLink(system: System, from: string, signal: LinkSignal): Applied {
  const process = reachable(system, signal.to)
  const peer = system.peer(from)
  if (process === undefined) {
    answerForDead(system, peer, signal)
    return ok
  }
  switch (signal.tag) {
    case 'link':
      // A link that crossed our unlink belongs to the time before it.
      if (peer.unlinking.has(unlinkKey(process, signal.from))) return ok
      if (peer.full) return tooMany
      linkTo(process, signal.from)
      peer.addLink(process, signal.from)
      return ok
    case 'unlink':
      process.links?.delete(signal.from)
      peer.removeLink(process, signal.from)
      system.route.deliver(from, process, {
        tag: 'unlinkAck',
        from: process.pid,
        to: signal.from,
        id: signal.id,
      })
      return ok
    case 'unlinkAck':
      acknowledged(peer, process, signal)
      return ok
    case 'linkExit':
      // So does an exit: after unlink none of the old link arrives, also after a new link (L4).
      if (peer.unlinking.has(unlinkKey(process, signal.from))) return ok
      if (!process.links?.delete(signal.from)) return ok
      peer.removeLink(process, signal.from)
      signalExit(process, signal.from, signal.reason, 'link')
      return ok
    case 'exit':
      signalExit(process, signal.from, signal.reason, 'exit')
      return ok
  }
}

function answerForDead(system: System, peer: Peer, signal: LinkSignal): void {
  const { from: to, to: from } = signal
  const dead = absentee(from)
  if (signal.tag === 'link') {
    system.route.deliver(peer.name, dead, { tag: 'linkExit', from, to, reason: 'noproc' })
  } else if (signal.tag === 'unlink') {
    system.route.deliver(peer.name, dead, { tag: 'unlinkAck', from, to, id: signal.id })
  } else if (signal.tag === 'unlinkAck') acknowledged(peer, recordOfPid(from), signal)
}

function acknowledged(
  peer: Peer,
  process: PidParts,
  { from, id }: Extract<Signal, { readonly tag: 'unlinkAck' }>,
): void {
  const key = unlinkKey(process, from)
  if (peer.unlinking.get(key) === id) peer.unlinking.delete(key)
}

type RequestSignal = Extract<Signal, { readonly tag: 'monitor' | 'call' | 'spawn' }>

function applyRequest(system: System, from: string, signal: RequestSignal): Applied {
  const peer = system.peer(from)
  if (peer.full) return tooMany
  if (signal.tag === 'monitor') applyMonitor(system, peer, signal)
  else if (signal.tag === 'call') applyCall(system, peer, signal)
  else applySpawn(system, peer, signal)
  return ok
}

function applyMonitor(
  system: System,
  peer: Peer,
  signal: Extract<Signal, { readonly tag: 'monitor' }>,
): void {
  const target = reachable(system, signal.to)
  if (target === undefined) {
    const { ref, to } = signal
    system.route.deliver(peer.name, absentee(to), { tag: 'down', ref, reason: 'noproc' })
    return
  }
  if (peer.watches.has(signal.ref.id)) return
  const entry = new RemoteMonitor(new RemoteReference(signal.ref), signal.from, target, peer)
  peer.watches.set(signal.ref.id, entry)
  watch(target, entry)
}

function applyCall(
  system: System,
  peer: Peer,
  signal: Extract<Signal, { readonly tag: 'call' }>,
): void {
  const { ref, op, arg } = signal
  const server = reachable(system, signal.to)
  if (server === undefined) {
    system.route.deliver(peer.name, absentee(signal.to), {
      tag: 'callFailed',
      ref,
      reason: 'noproc',
    })
    return
  }
  if (peer.inboundCalls.has(ref.id)) return
  const call = new InboundCall(system, peer, ref, op, arg)
  peer.inboundCalls.set(ref.id, call)
  if (isPlain(server)) holdRequest(server, call)
  post(server, call, null)
}

function applySpawn(
  system: System,
  peer: Peer,
  signal: Extract<Signal, { readonly tag: 'spawn' }>,
): void {
  const { ref, from } = signal
  const refuse = (reason: Reason): void => {
    system.route.deliver(peer.name, null, { tag: 'spawnFailed', ref, reason })
  }
  const module = system.modules.findSpawnable(signal.module)
  if (module === undefined) {
    refuse({ tag: 'unknownModule', module: signal.module })
    return
  }
  if (signal.name !== null && system.names.has(signal.name)) {
    refuse({ tag: 'taken', name: signal.name })
    return
  }
  try {
    let told = false
    const process = create(system, module, signal.arg, {
      ...(signal.name === null ? {} : { name: signal.name }),
      parent: null,
      parentElsewhere: from,
      started: (result) => {
        if (told) return
        told = true
        if (peer.lost) return
        if (result.tag === 'ok') {
          system.route.deliver(peer.name, process, { tag: 'spawned', ref, pid: process.pid })
        } else {
          const reason = result.tag === 'ignore' ? 'ignore' : result.reason
          dropWatch(peer, ref)
          system.route.deliver(peer.name, process, { tag: 'spawnFailed', ref, reason })
        }
      },
    })
    if (signal.link && from !== null) {
      process.flags |= LINKED_START
      linkTo(process, from)
      peer.addLink(process, from)
    }
    if (signal.monitor && from !== null) {
      const entry = new RemoteMonitor(new RemoteReference(ref), from, process, peer)
      peer.watches.set(ref.id, entry)
      watch(process, entry)
    }
  } catch (error) {
    refuse({ tag: 'systemLimit', message: String(error) })
  }
}

function dropWatch(peer: Peer, ref: Reference): void {
  const entry = peer.watches.get(ref.id)
  if (entry === undefined) return
  peer.watches.delete(ref.id)
  unwatch(entry)
}

function applyCancel(
  system: System,
  from: string,
  signal: Extract<Signal, { readonly tag: 'demonitor' | 'cancelCall' }>,
): Applied {
  const peer = system.peer(from)
  if (signal.tag === 'demonitor') dropWatch(peer, signal.ref)
  else peer.inboundCalls.get(signal.ref.id)?.finish()
  return ok
}

type AnswerSignal = Extract<
  Signal,
  { readonly tag: 'reply' | 'callFailed' | 'down' | 'spawned' | 'spawnFailed' }
>

/** Answers to what this node asked; those nobody waits for any more are dropped (rule A5). */
function applyAnswer(system: System, from: string, signal: AnswerSignal): Applied {
  const { ref } = signal
  if (ref.node !== system.node || ref.creation !== system.creation) return ok
  const peer = system.peer(from)
  switch (signal.tag) {
    case 'reply':
      answerHere(system, ref, signal.value, null)
      return ok
    case 'callFailed':
      peer.calls.get(ref.id)?.fail(signal.reason)
      return ok
    case 'down':
      peer.monitors.get(ref.id)?.fire(signal.reason)
      return ok
    case 'spawned':
      peer.spawns.get(ref.id)?.succeed(signal.pid)
      return ok
    case 'spawnFailed':
      peer.spawns.get(ref.id)?.fail(signal.reason)
      return ok
  }
}

/**
 * In whose name the answer goes that nobody is there: what the dead one sent itself must not be
 * overtaken by it (rules O1, M8).
 */
function absentee(to: Address): PidParts | null {
  return typeof to === 'string' ? null : recordOfPid(to)
}

/** The process an address from another node stands for; the node's own are out of its reach. */
function reachable(system: System, to: Address): Process | undefined {
  const process = system.addressed(to)
  return process !== undefined && (process.flags & SHIELDED) === 0 ? process : undefined
}

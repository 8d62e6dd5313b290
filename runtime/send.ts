/**
 * Sending. One path for here and elsewhere: `to` decides, the sender decides the order. Messages
 * are immutable once sent; checked mode enforces it (`term.ts`).
 */
import { checkDestination, show } from './check.ts'
import { deadLetter } from './dead-letter.ts'
import type { Destination } from './destination.ts'
import { BadArgument } from './exit.ts'
import { isPid, isReference, type Pid, type Reference, recordOfPid } from './identifier.ts'
import { LocalCall } from './local-call.ts'
import { showVia } from './name-registry.ts'
import { post } from './post.ts'
import { Process } from './process.ts'
import { RemoteProcess } from './remote-pids.ts'
import { Request } from './request.ts'
import type { System } from './system.ts'
import { prepare } from './term.ts'

/** Sends from a process. */
export function sendFrom(sender: Process, to: Destination | Reference, message: unknown): void {
  sendMessage(sender.system, sender, to, message)
}

/**
 * Sends a message from host code; nothing but the pid is needed. The sender is the pid's own node:
 * such messages keep their order among themselves. A dead receiver is not an error. False when the
 * message was dropped because far too much waits for the pid's node: nobody can hold host code.
 * Throws `BadArgument` for a value that is not a pid or cannot be sent.
 */
export function send(to: Pid, message: unknown): boolean {
  const record = isPid(to) ? recordOfPid(to) : undefined
  if (!(record instanceof Process) && !(record instanceof RemoteProcess)) {
    throw new BadArgument(`send: expected a pid, got ${show(to)}`)
  }
  return sendMessage(record.system, null, to, message)
}

function sendMessage(
  system: System,
  sender: Process | null,
  to: Destination | Reference,
  message: unknown,
): boolean {
  const sent = system.checked ? prepare(message, 'message') : message
  if (isPid(to)) return sendToPid(system, sender, to, sent)
  if (isReference(to)) answer(system, sender, to, sent)
  else sendToName(system, sender, to, sent)
  return true
}

/** False when too much waits for the pid's node. */
function sendToPid(system: System, sender: Process | null, to: Pid, message: unknown): boolean {
  const record = recordOfPid(to)
  if (record instanceof Process && record.system === system) {
    post(record, message, sender)
    return true
  }
  const found = system.lookup(to)
  if (found.tag === 'remote') {
    return system.route.deliver(found.node, sender, { tag: 'send', to: found.pid, message })
  }
  if (found.tag === 'local') post(found.process, message, sender)
  else deadLetter(system, system.node, to, message)
  return true
}

function sendToName(
  system: System,
  sender: Process | null,
  to: Exclude<Destination, Pid>,
  message: unknown,
): void {
  checkDestination('send', to)
  if (to.tag === 'at' && to.node !== system.node) {
    system.route.deliver(to.node, sender, { tag: 'send', to: to.name, message })
    return
  }
  if (to.tag === 'via') {
    const pid = system.registries.whereis(to)
    if (pid === undefined) {
      throw new BadArgument(`send: nobody has the name ${showVia(to)}, for ${show(message)}`)
    }
    sendToPid(system, sender, pid, message)
    return
  }
  const process = system.names.get(to.name)
  if (process !== undefined) post(process, message, sender)
  else if (to.tag === 'local') throw new BadArgument(`send: nobody has the name '${to.name}'`)
  else deadLetter(system, system.node, to, message)
}

/**
 * Answers a call by its reference, or sends to an alias, wherever the process behind it is. What
 * comes late or a second time vanishes.
 */
export function answer(
  system: System,
  sender: Process | null,
  ref: Reference,
  value: unknown,
): void {
  if (ref instanceof Request && belongsTo(ref, system)) {
    ref.reply(value, sender)
    return
  }
  if (ref.node !== system.node) {
    system.route.deliver(ref.node, sender, { tag: 'reply', ref, value })
    return
  }
  if (ref.creation === system.creation) answerHere(system, ref, value, sender)
}

/** A reference of this node that has been elsewhere, or is no call. */
export function answerHere(
  system: System,
  ref: Reference,
  value: unknown,
  sender: Process | null,
): void {
  const call = system.findCall(ref.id)
  if (call !== undefined) call.reply(value, sender)
  else system.aliases.deliver(ref.id, value, sender)
}

function belongsTo(request: Request, system: System): boolean {
  return request instanceof LocalCall ? request.system === system : true
}

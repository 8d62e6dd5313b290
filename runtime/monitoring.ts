/**
 * Setting a monitor, whatever its target: a pid or a name, here or elsewhere (rules M1 to M4). A
 * name is resolved once, now, or on its own node when the signal arrives.
 */
import { show } from './check.ts'
import { deliver } from './deliver.ts'
import type { Destination, RemoteName, ViaName } from './destination.ts'
import { BadArgument } from './exit.ts'
import { isPid, type Pid, type Reference } from './identifier.ts'
import type { Subject } from './messages.ts'
import { addMonitor, Monitor } from './monitors.ts'
import type { Process } from './process.ts'

export function monitor(owner: Process, target: Destination): Reference {
  const { system } = owner
  if (isPid(target)) return monitorPid(owner, target, null)
  if (typeof target !== 'object' || target === null || !('name' in target)) {
    throw new BadArgument(`monitor: expected a pid or a name, got ${show(target)}`)
  }
  if (target.tag === 'via') {
    const { registry, name } = target
    const subject: ViaName = { tag: 'via', registry, name }
    const pid = system.registries.whereis(target)
    return pid === undefined ? monitorDead(owner, subject) : monitorPid(owner, pid, subject)
  }
  const node = target.tag === 'at' ? target.node : system.node
  const subject: RemoteName = { tag: 'at', node, name: target.name }
  if (node !== system.node) return monitorRemote(owner, node, subject, target.name)
  const process = system.names.get(target.name)
  return process ? monitorLocal(owner, process, subject) : monitorDead(owner, subject)
}

/** `name` is what the DOWN shows instead of the pid. */
function monitorPid(owner: Process, pid: Pid, name: ViaName | null): Reference {
  const found = owner.system.lookup(pid)
  if (found.tag === 'local') return monitorLocal(owner, found.process, name ?? pid)
  if (found.tag === 'dead') return monitorDead(owner, name ?? pid)
  return monitorRemote(owner, found.node, name ?? found.pid, found.pid)
}

export function monitorLocal(owner: Process, target: Process, subject: Subject): Reference {
  const held = new Monitor(owner, subject, target)
  addMonitor(held)
  return held
}

function monitorRemote(
  owner: Process,
  node: string,
  subject: Subject,
  to: Pid | string,
): Reference {
  const held = new Monitor(owner, subject, null, owner.system.peer(node))
  addMonitor(held)
  owner.system.route.deliver(node, owner, { tag: 'monitor', ref: held, from: owner.pid, to })
  return held
}

function monitorDead(owner: Process, subject: Subject): Reference {
  const held = new Monitor(owner, subject, null)
  held.active = false
  deliver(owner, { tag: 'DOWN', ref: held, target: subject, reason: 'noproc' })
  return held
}

/**
 * Setting a monitor, whatever its target: a pid or a name, here or elsewhere (rules M1 to M4). A
 * name is resolved once, now, or on its own node when the signal arrives.
 */
import { show } from './check.ts'
import { deliver } from './deliver.ts'
import type { Destination, RemoteName } from './destination.ts'
import { BadArgument } from './exit.ts'
import { isPid, type Pid, type Reference } from './identifier.ts'
import { addMonitor, Monitor } from './monitors.ts'
import type { Process } from './process.ts'

export function monitor(owner: Process, target: Destination): Reference {
  const { system } = owner
  if (isPid(target)) {
    const found = system.lookup(target)
    if (found.tag === 'local') return monitorLocal(owner, found.process, target)
    if (found.tag === 'remote') return monitorRemote(owner, found.node, found.pid, found.pid)
    return monitorDead(owner, target)
  }
  if (typeof target !== 'object' || target === null || !('name' in target)) {
    throw new BadArgument(`monitor: expected a pid or a name, got ${show(target)}`)
  }
  const node = target.tag === 'at' ? target.node : system.node
  const subject: RemoteName = { tag: 'at', node, name: target.name }
  if (node !== system.node) return monitorRemote(owner, node, subject, target.name)
  const process = system.names.get(target.name)
  return process ? monitorLocal(owner, process, subject) : monitorDead(owner, subject)
}

export function monitorLocal(
  owner: Process,
  target: Process,
  subject: Pid | RemoteName,
): Reference {
  const held = new Monitor(owner, subject, target)
  addMonitor(held)
  return held
}

function monitorRemote(
  owner: Process,
  node: string,
  subject: Pid | RemoteName,
  to: Pid | string,
): Reference {
  const held = new Monitor(owner, subject, null, owner.system.peer(node))
  addMonitor(held)
  owner.system.route.deliver(node, owner, { tag: 'monitor', ref: held, from: owner.pid, to })
  return held
}

function monitorDead(owner: Process, subject: Pid | RemoteName): Reference {
  const held = new Monitor(owner, subject, null)
  held.active = false
  deliver(owner, { tag: 'DOWN', ref: held, target: subject, reason: 'noproc' })
  return held
}

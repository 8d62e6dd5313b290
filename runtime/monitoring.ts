/**
 * Setting a monitor, whatever its target: a pid or a name, here or elsewhere (rules M1 to M4). A
 * name is resolved once, now, or on its own node when the signal arrives.
 */
import { type MonitorAliasMode, openAlias } from './aliases.ts'
import { checkDestination, checkName, checkOptions, show } from './check.ts'
import { deliver } from './deliver.ts'
import type { Destination, RemoteName, ViaName } from './destination.ts'
import { BadArgument } from './exit.ts'
import { isPid, type Pid, type Reference } from './identifier.ts'
import type { Subject } from './messages.ts'
import { addMonitor, Monitor, type MonitorTerms, plainTerms } from './monitors.ts'
import type { Process } from './process.ts'

export type MonitorOptions = {
  /** `tag` of the message instead of `DOWN`: 1 to 255 characters. */
  readonly tag?: string
  /** Makes the reference an alias of the caller too, which ends as the mode says (rule A4). */
  readonly alias?: MonitorAliasMode
}

/** Throws `BadArgument` for a bad target or option. */
export function monitor(
  owner: Process,
  target: Destination,
  options: MonitorOptions | undefined,
): Reference {
  const terms = options === undefined ? plainTerms : termsOf(options)
  const { system } = owner
  if (isPid(target)) return monitorPid(owner, target, null, terms)
  checkDestination('monitor', target)
  if (target.tag === 'via') {
    const { registry, name } = target
    const subject: ViaName = { tag: 'via', registry, name }
    const pid = system.registries.whereis(target)
    return pid === undefined
      ? monitorDead(owner, subject, terms)
      : monitorPid(owner, pid, subject, terms)
  }
  const node = target.tag === 'at' ? target.node : system.node
  const subject: RemoteName = { tag: 'at', node, name: target.name }
  if (node !== system.node) return monitorRemote(owner, node, subject, target.name, terms)
  const process = system.names.get(target.name)
  return process ? monitorLocal(owner, process, subject, terms) : monitorDead(owner, subject, terms)
}

const aliasModes: readonly unknown[] = ['explicitUnalias', 'demonitor', 'replyDemonitor']

function termsOf(options: MonitorOptions): MonitorTerms {
  checkOptions('monitor', options, ['tag', 'alias'])
  const { tag = 'DOWN', alias } = options
  checkName('monitor: tag', tag)
  if (alias !== undefined && !aliasModes.includes(alias)) {
    throw new BadArgument(`monitor: alias: expected ${aliasModes.join(', ')}, got ${show(alias)}`)
  }
  return { tag, alias: alias ?? null }
}

/** `name` is what the DOWN shows instead of the pid. */
function monitorPid(
  owner: Process,
  pid: Pid,
  name: ViaName | null,
  terms: MonitorTerms,
): Reference {
  const found = owner.system.lookup(pid)
  if (found.tag === 'local') return monitorLocal(owner, found.process, name ?? pid, terms)
  if (found.tag === 'dead') return monitorDead(owner, name ?? pid, terms)
  return monitorRemote(owner, found.node, name ?? found.pid, found.pid, terms)
}

export function monitorLocal(
  owner: Process,
  target: Process,
  subject: Subject,
  terms = plainTerms,
): Reference {
  const held = new Monitor(owner, subject, target, null, 0, terms)
  if (terms.alias !== null) openAlias(owner, held, terms.alias)
  addMonitor(held)
  return held
}

function monitorRemote(
  owner: Process,
  node: string,
  subject: Subject,
  to: Pid | string,
  terms: MonitorTerms,
): Reference {
  const held = new Monitor(owner, subject, null, owner.system.peer(node), 0, terms)
  if (terms.alias !== null) openAlias(owner, held, terms.alias)
  addMonitor(held)
  owner.system.route.deliver(node, owner, { tag: 'monitor', ref: held, from: owner.pid, to })
  return held
}

/** It fires at once; only an alias that does not depend on it stays (rules A4, A7). */
function monitorDead(owner: Process, subject: Subject, terms: MonitorTerms): Reference {
  const held = new Monitor(owner, subject, null, null, 0, terms)
  if (terms.alias === 'explicitUnalias') openAlias(owner, held, terms.alias)
  held.active = false
  deliver(owner, { tag: terms.tag, ref: held, target: subject, reason: 'noproc' })
  return held
}

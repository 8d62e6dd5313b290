/** Questions about this node's processes that need no signal. */
import { checkDestination, checkPid } from './check.ts'
import type { Name, Ref } from './destination.ts'
import { BadArgument } from './exit.ts'
import type { Pid } from './identifier.ts'
import { type Caller, systemOf } from './local-node.ts'

/** The pid that has a local name, or undefined (OTP `whereis/1`); for other names `whereisName`. */
export function whereis(caller: Caller, name: string): Pid | undefined {
  return systemOf(caller).names.get(name)?.pid
}

/**
 * Who has a local or a via name, on this node's word; undefined when nobody has. Throws
 * `BadArgument` for a name of another node: only that node knows.
 */
export function whereisName<P>(caller: Caller, name: Name<P>): Ref<P> | undefined {
  const system = systemOf(caller)
  checkDestination('whereisName', name)
  if (name.tag === 'via') return system.registries.whereis(name)
  if (name.tag === 'at' && name.node !== system.node) {
    throw new BadArgument(`whereisName: '${name.name}' is a name of node ${name.node}`)
  }
  return system.names.get(name.name)?.pid
}

/** True while a process of this node lives. Throws `BadArgument` for a pid of another node. */
export function isAlive(caller: Caller, pid: Pid): boolean {
  checkPid('isAlive', pid)
  const { tag } = systemOf(caller).lookup(pid)
  if (tag === 'remote') throw new BadArgument(`isAlive: ${String(pid)} is of another node`)
  return tag === 'local'
}

/** The pids of all live processes of this node, in no promised order. */
export function processes(caller: Caller): Pid[] {
  return [...systemOf(caller).processes].map((process) => process.pid)
}

/**
 * How many messages wait in the mailbox of a process of this node; undefined if it is dead. Throws
 * `BadArgument` for a pid of another node.
 */
export function messageQueueLength(caller: Caller, pid: Pid): number | undefined {
  checkPid('messageQueueLength', pid)
  const found = systemOf(caller).lookup(pid)
  if (found.tag === 'remote') {
    throw new BadArgument(`messageQueueLength: ${String(pid)} is of another node`)
  }
  return found.tag === 'local' ? found.process.messageCount : undefined
}

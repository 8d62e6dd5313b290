/**
 * Names that one process of the whole cluster has, in the manner of OTP's `global`: given by
 * `registerGlobalName`, or by starting under `global(Behaviour, name)`, which is also what finds
 * the process. A node that takes no part in a cluster has its own names only.
 */
import { BadArgument, type Caller, type NameKey, type Pid } from '../../../runtime/index.ts'
import {
  callerProcess,
  checkOptions,
  checkPid,
  type Process,
  show,
  systemOf,
} from '../../../runtime/kernel.ts'
import type { Registered } from '../../../stdlib/index.ts'
import { globalRegistry } from '../../../stdlib/name.ts'
import { type ConflictResolver, Global } from './global.ts'
import { checkGlobalName, keyOfName } from './name.ts'

export type GlobalRegistration = {
  /** A process of this node. Default: the calling one. */
  readonly pid?: Pid
  /** Default: the loser of a conflict is stopped. */
  readonly onConflict?: ConflictResolver
}

/**
 * Gives a process the name, if nobody is known to have it: `ok`, or `error` with reason
 * `{ tag: 'alreadyRegistered', pid }`, `noproc` for a dead process, `notLocal` for one of another
 * node, or `{ tag: 'systemLimit' }` when this node has 100,000 such names. Throws `BadArgument` for
 * a name that is no string of 1 to 255 characters and no finite number, and for bad options.
 */
export function registerGlobalName(
  caller: Caller,
  name: NameKey,
  options: GlobalRegistration = {},
): Registered {
  const part = globalOf(caller)
  checkGlobalName(name)
  checkOptions('options', options, ['pid', 'onConflict'])
  if (options.onConflict !== undefined) checkResolver(options.onConflict)
  const found = subjectOf(caller, options.pid)
  if (typeof found === 'string') return { tag: 'error', reason: found }
  const holder = part.whereis(name)
  const refusal = holder === undefined ? part.full() : { tag: 'alreadyRegistered', pid: holder }
  if (refusal !== undefined) return { tag: 'error', reason: refusal }
  part.claim(name, found, options.onConflict)
  return { tag: 'ok' }
}

/** Takes the name from a process of this node. Nothing happens to what others have. */
export function unregisterGlobalName(caller: Caller, name: NameKey): void {
  const part = globalOf(caller)
  checkGlobalName(name)
  part.unregister(name)
}

/** The names known here that somebody has, in no promised order. */
export function globalNames(caller: Caller): NameKey[] {
  return globalOf(caller).claims.names()
}

/**
 * Sets who decides when another node has the same name, for one that was taken by starting under
 * it. False when no process of this node has the name.
 */
export function resolveGlobalName(
  caller: Caller,
  name: NameKey,
  onConflict: ConflictResolver,
): boolean {
  const part = globalOf(caller)
  checkGlobalName(name)
  checkResolver(onConflict)
  const key = keyOfName(name)
  if (part.ownerOf(key) === undefined) return false
  part.resolveBy(key, onConflict)
  return true
}

function subjectOf(caller: Caller, pid: Pid | undefined): Process | 'noproc' | 'notLocal' {
  if (pid !== undefined) {
    checkPid('pid', pid)
    const found = systemOf(caller).lookup(pid)
    if (found.tag === 'local') return found.process
    return found.tag === 'dead' ? 'noproc' : 'notLocal'
  }
  const process = callerProcess(caller)
  if (process !== null) return process
  throw new BadArgument('pid: a node registers one of its processes, none is given')
}

function checkResolver(resolver: unknown): void {
  if (typeof resolver === 'function') return
  throw new BadArgument(`onConflict: expected a function, got ${show(resolver)}`)
}

function globalOf(caller: Caller): Global {
  const found = systemOf(caller).registries.find(globalRegistry)
  if (found instanceof Global) return found
  throw new BadArgument(`${systemOf(caller).node} has no global names: start it with startNode`)
}

/**
 * Looking into running servers (OTP `sys`). Requests queue behind the messages that came before
 * (rule Y3): a busy server answers late, and after `timeoutMs` (5000 unless told) a request fails
 * with `timeout`, as it does for a plain process, which never answers. Otherwise they fail as calls
 * do; one with a bad argument rejects with `BadArgument`. A request that carries a function works
 * on the server's own node only.
 *
 * States come as copies made to be looked at: nothing done to them reaches the server, and what
 * could not be sent is shown as text.
 *
 * Differences from OTP: the code of a running server cannot be changed (rule Y6).
 */
import { BadArgument, type Caller, type Pid, type Reason } from '../../runtime/index.ts'
import {
  callerProcess,
  checkName,
  checkTimeout,
  parkedCaller,
  runtimeLimits,
  show,
  startCall,
  systemOf,
} from '../../runtime/kernel.ts'
import { request } from '../gen.ts'
import type { ServerRef } from '../protocol.ts'
import { type DataCommand, Install, ReplaceState, type SysHook, sysOp } from './command.ts'
import type { SysStatistics } from './debug.ts'

export { done, type SysHook } from './command.ts'
export type { SysStatistics } from './debug.ts'
export type { SysEvent, SysMessage } from './event.ts'

type Server = ServerRef<unknown>

/** What `getStatus` tells (OTP `sys:get_status/1`). */
export type ServerStatus = {
  readonly pid: Pid
  readonly module: string
  readonly name: string | null
  readonly status: 'running' | 'suspended'
  /** Who started it linked with itself. */
  readonly parent: Pid | null
  /** Names of the hooks installed. */
  readonly hooks: readonly string[]
  /** Messages that wait. */
  readonly queued: number
  /** What `formatStatus` of the behaviour makes of the state; the state if it has none. */
  readonly state: unknown
}

/** A copy of the state. Not what `formatStatus` shows: all of it. */
export function getState(caller: Caller, server: Server, timeoutMs?: number): Promise<unknown> {
  return ask(caller, server, { tag: 'getState' }, timeoutMs)
}

/**
 * Replaces the state by what `replace` makes of it, in the server's process; resolves with a copy
 * of the new one. Nothing checks that it is a state the server can work with. If `replace` throws,
 * the state stays as it was and this rejects with `{ tag: 'callbackFailed', reason }`.
 */
export async function replaceState<const S>(
  caller: Caller,
  server: Server,
  replace: (state: S) => S,
  timeoutMs?: number,
): Promise<unknown> {
  if (typeof replace !== 'function') {
    throw new BadArgument(`replace: expected a function, got ${show(replace)}`)
  }
  return askHere(caller, server, new ReplaceState(replace), timeoutMs)
}

export function getStatus(
  caller: Caller,
  server: Server,
  timeoutMs?: number,
): Promise<ServerStatus> {
  return ask<ServerStatus>(caller, server, { tag: 'getStatus' }, timeoutMs)
}

/** From now on the server leaves all mail but system requests where it is. Not counted. */
export async function suspend(caller: Caller, server: Server, timeoutMs?: number): Promise<void> {
  await ask(caller, server, { tag: 'suspend' }, timeoutMs)
}

/** Lets it go on, whoever has suspended it, and however often. */
export async function resume(caller: Caller, server: Server, timeoutMs?: number): Promise<void> {
  await ask(caller, server, { tag: 'resume' }, timeoutMs)
}

/** Ends the server through its `terminate`, suspended or not. Resolves before it has ended. */
export async function terminate(
  caller: Caller,
  server: Server,
  reason: Reason = 'normal',
  timeoutMs?: number,
): Promise<void> {
  await ask(caller, server, { tag: 'terminate', reason }, timeoutMs)
}

/** Writes every event, without states, into the node's log at level `debug`; or no longer. */
export async function trace(
  caller: Caller,
  server: Server,
  on: boolean,
  timeoutMs?: number,
): Promise<void> {
  await ask(caller, server, { tag: 'trace', on: checkOn(on) }, timeoutMs)
}

/** Begins to count, from 0, or stops. */
export async function statistics(
  caller: Caller,
  server: Server,
  on: boolean,
  timeoutMs?: number,
): Promise<void> {
  await ask(caller, server, { tag: 'statistics', on: checkOn(on) }, timeoutMs)
}

/** The counts; null if nothing is counted. */
export function getStatistics(
  caller: Caller,
  server: Server,
  timeoutMs?: number,
): Promise<SysStatistics | null> {
  return ask<SysStatistics | null>(caller, server, { tag: 'getStatistics' }, timeoutMs)
}

/** Keeps the last `size` events from now on, states included; 0 keeps none. At most 10,000. */
export async function log(
  caller: Caller,
  server: Server,
  size: number,
  timeoutMs?: number,
): Promise<void> {
  if (!Number.isInteger(size) || size < 0 || size > runtimeLimits.sysLogMax) {
    throw new BadArgument(
      `size: expected 0 to ${runtimeLimits.sysLogMax} events, got ${show(size)}`,
    )
  }
  await ask(caller, server, { tag: 'log', size }, timeoutMs)
}

/** Copies of the events that `log` has kept, oldest first. */
export function getLog(
  caller: Caller,
  server: Server,
  timeoutMs?: number,
): Promise<readonly unknown[]> {
  return ask<readonly unknown[]>(caller, server, { tag: 'getLog' }, timeoutMs)
}

/**
 * Calls `hook` in the server's process for every event. False when a hook has the name already, or
 * there are 100. A hook that fails is removed with a warning, and the server goes on.
 */
export async function install<H>(
  caller: Caller,
  server: Server,
  name: string,
  hook: SysHook<NoInfer<H>>,
  initial: H,
  timeoutMs?: number,
): Promise<boolean> {
  checkName('name', name)
  if (typeof hook !== 'function') {
    throw new BadArgument(`hook: expected a function, got ${show(hook)}`)
  }
  return (await askHere(caller, server, new Install<H>(name, hook, initial), timeoutMs)) === true
}

/** Removes a hook; false when there is none of that name. */
export function remove(
  caller: Caller,
  server: Server,
  name: string,
  timeoutMs?: number,
): Promise<boolean> {
  return ask<boolean>(caller, server, { tag: 'remove', name }, timeoutMs)
}

/** Removes hooks, log, counts and trace. */
export async function noDebug(caller: Caller, server: Server, timeoutMs?: number): Promise<void> {
  await ask(caller, server, { tag: 'noDebug' }, timeoutMs)
}

function ask<R = unknown>(
  caller: Caller,
  server: Server,
  command: DataCommand,
  timeoutMs: number = runtimeLimits.callTimeoutMs,
): Promise<R> {
  checkTimeout('timeoutMs', timeoutMs)
  return request<R>(caller, timeoutMs, server, sysOp, command)
}

/** For what cannot be sent. The message is not prepared, as a function would be refused. */
function askHere<C extends { readonly tag: string }>(
  caller: Caller,
  server: Server,
  command: C,
  timeoutMs: number = runtimeLimits.callTimeoutMs,
): Promise<unknown> {
  checkTimeout('timeoutMs', timeoutMs)
  const parked = parkedCaller(caller)
  if (parked !== undefined) return parked
  const system = systemOf(caller)
  if (system.callTarget(server).tag === 'remote') {
    const message = `${command.tag}: a function cannot be sent: ask on the server's own node`
    return Promise.reject(new BadArgument(message))
  }
  return startCall(system, callerProcess(caller), server, sysOp, command, timeoutMs)
}

function checkOn(on: boolean): boolean {
  if (typeof on === 'boolean') return on
  throw new BadArgument(`on: expected true or false, got ${show(on)}`)
}

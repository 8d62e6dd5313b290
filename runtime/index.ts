/** The public surface of the runtime: the mini-BEAM alone, one node, no network. */

export type { AliasMode, MonitorAliasMode } from './aliases.ts'
export type { MailboxOptions } from './bounded-process.ts'
export type {
  Destination,
  LocalName,
  Name,
  NameKey,
  NameTerm,
  Ref,
  RemoteName,
  ViaName,
} from './destination.ts'
export {
  BadArgument,
  Exit,
  Exited,
  type ExitOutcome,
  exit,
  isOrderly,
  type Reason,
} from './exit.ts'
export {
  isPid,
  isReference,
  nodeOf,
  type Pid,
  pidKey,
  type Reference,
  refKey,
} from './identifier.ts'
export { isAlive, messageQueueLength, processes, whereis, whereisName } from './info.ts'
export { type Caller, type LocalNode, type RuntimeOptions, startRuntime } from './local-node.ts'
export {
  type DownMessage,
  type ExitMessage,
  isDown,
  isExit,
  isNodeDown,
  isNodeUp,
  type NodeDownMessage,
  type NodeUpMessage,
} from './messages.ts'
export { type AnyModule, type Body, type Module, process, type StartResult } from './module.ts'
export type { MonitorOptions } from './monitoring.ts'
export type { Platform } from './platform/platform.ts'
export { type ProcessInfo, type ProcessStatus, processInfo } from './process-info.ts'
export type { Awaitable, ReceiveOptions } from './receive.ts'
export { type SpawnAtOptions, spawnAt, spawnMonitorAt } from './remote-spawn.ts'
export type { Self } from './self.ts'
export { send } from './send.ts'
export { type SpawnOptions, spawn, spawnLink, spawnMonitor } from './spawn.ts'
export {
  abandonSpawn,
  isSpawnReply,
  type SpawnReply,
  type SpawnRequestOptions,
  spawnRequest,
} from './spawn-request.ts'
export type { TraceEvent } from './trace.ts'

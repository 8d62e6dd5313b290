/**
 * What stdlib/ and src/ may use of the runtime beyond its public surface: records behind pids and
 * selves, delivery, termination, the route port. Not reachable from outside the package.
 */

export { ancestorsOf } from './ancestors.ts'
export { runBody } from './body.ts'
export { checkMailbox, isMailboxOptions } from './bounded-process.ts'
export {
  checkName,
  checkOptions,
  checkPid,
  checkSignal,
  checkTimeout,
  isTerm,
  show,
} from './check.ts'
export { reportCrash } from './crash.ts'
export { deadLetter } from './dead-letter.ts'
export { deliver } from './deliver.ts'
export { formatReason, isReason, reasonOfThrown, withoutStack } from './exit.ts'
export type { Holder } from './holds.ts'
export {
  type PidParts,
  type RefParts,
  RemoteReference,
  recordOfPid,
} from './identifier.ts'
export { applySignal } from './inbound.ts'
export { drainInline } from './inline.ts'
export { limits as runtimeLimits } from './limits.ts'
export { LocalCall, placeCall, startCall } from './local-call.ts'
export { callerProcess, createSystem, LocalNode, systemOf } from './local-node.ts'
export { Module } from './module.ts'
export { monitorLocal } from './monitoring.ts'
export type { NameRegistry } from './name-registry.ts'
export { type Continuation, waitFor } from './pause.ts'
export { peerLost } from './peers.ts'
export { post } from './post.ts'
export {
  INLINE_CALLS,
  INLINE_CASTS,
  LINKED_START,
  Process,
  type Receiver,
  SHIELDED,
  UNHELD,
} from './process.ts'
export { LocalReference } from './refs.ts'
export { formatLog } from './report.ts'
export { holdRequest, Request } from './request.ts'
export type { Route, Signal } from './route.ts'
export { parkedCaller, processOf as processOfSelf, selfOf } from './self.ts'
export { answer } from './send.ts'
export { linkLocal, unlink } from './signals.ts'
export { type ArgOf as SpawnArgs, create } from './spawn.ts'
export type { System } from './system.ts'
export { prepare } from './term.ts'
export { terminate } from './terminate.ts'
export type { Timeout } from './timeouts.ts'
export { Timer } from './timers.ts'
export type { LogEvent } from './trace.ts'

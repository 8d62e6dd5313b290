/** The public surface of the behaviours. */
export {
  call,
  callWithin,
  cast,
  replyTo,
  type StartOptions,
  start,
  startLink,
  stopServer,
} from './gen.ts'
export { type Behaviour, genServer, isTimeout } from './gen-server.ts'
export { genStatem, monotonicMs } from './gen-statem.ts'
export { at, local } from './name.ts'
export { ignore, next, reply, stop, stopReply } from './outcome.ts'
export type { From, Protocol, Sendable, ServerRef } from './protocol.ts'
export type { TimeoutMessage } from './server-loop.ts'
export type { EventIn } from './statem/handlers.ts'
export type { Answer, TimeoutSetting } from './statem/options.ts'
export { answer, keep, postpone, repeat, stopAndReply, to } from './statem/outcome.ts'
export type { ChildCounts } from './supervisor/children.ts'
export {
  type DynamicChildInfo,
  type DynamicSupervisor,
  dynamicSupervisor,
} from './supervisor/dynamic.ts'
export {
  type ChildTemplate,
  type SpecFlags,
  type TemplateFlags,
  template,
} from './supervisor/dynamic-spec.ts'
export {
  type AutoShutdown,
  type ChildOptions,
  type ChildSpec,
  child,
  type Restart,
  type Shutdown,
  type Strategy,
  type SupervisorFlags,
} from './supervisor/spec.ts'
export {
  type ChildInfo,
  type StartedChild,
  type Supervisor,
  supervisor,
} from './supervisor/supervisor.ts'

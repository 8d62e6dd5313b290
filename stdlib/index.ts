/** The public surface of the behaviours. */
export { type Application, application } from './application/application.ts'
export {
  type ApplicationRef,
  type ApplicationStartOptions,
  applicationOf,
  configureApplications,
  type EnsuredApplications,
  ensureAllStarted,
  getEnv,
  loadApplication,
  loadedApplications,
  runningApplications,
  setEnv,
  startApplication,
  stopApplication,
  stopApplications,
  unloadApplication,
} from './application/client.ts'
export type { ApplicationInfo, RunningApplication } from './application/controller.ts'
export type {
  ApplicationCallbacks,
  ApplicationContext,
  ApplicationStart,
  ApplicationType,
  Environment,
  StartPhase,
} from './application/definition.ts'
export type { CallLimits } from './call-limits.ts'
export {
  type EventCallbacks,
  type EventHandler,
  type HandlerId,
  type HandlerOptions,
  type HandlerSpec,
  handler,
  type Previous,
  type Removal,
} from './event/handler.ts'
export type { EventManager, HandlerRemoved, HandlerResult } from './event/manager.ts'
export { remove, removeReply, swap, swapReply } from './event/outcome.ts'
export type { HandlerExitMessage } from './event/perform.ts'
export type { HandlerState } from './event/state.ts'
export {
  call,
  callWithin,
  cast,
  type MonitoredStart,
  replyTo,
  type StartOptions,
  start,
  startLink,
  startMonitor,
  stopServer,
} from './gen.ts'
export {
  addHandler,
  addSupervisedHandler,
  callHandler,
  deleteHandler,
  type EventManagerOptions,
  eventHandler,
  genEvent,
  isHandlerExit,
  notify,
  type SupervisedHandler,
  swapHandler,
  swapSupervisedHandler,
  syncNotify,
  whichHandlers,
} from './gen-event.ts'
export { type Behaviour, genServer, type InlineOptions, isTimeout } from './gen-server.ts'
export { genStatem, monotonicMs } from './gen-statem.ts'
export { addLogHandler, type LogHandler } from './logger/handler.ts'
export { jsonLine } from './logger/json.ts'
export {
  checkLoggerOptions,
  type LoggerOptions,
  log,
  redactLogs,
  startLogger,
} from './logger/logger.ts'
export type { LogFields, LogLevel, LogRecord } from './logger/record.ts'
export type { Redact } from './logger/redact.ts'
export { abcast, type MultiCallResult, multiCall } from './multi-call.ts'
export { at, global, local, type OwnName, via } from './name.ts'
export {
  type OffloadOptions,
  type OffloadPool,
  type OffloadPoolOptions,
  offload,
  offloadPool,
} from './offload/offload.ts'
export type { OffloadStatistics } from './offload/pool.ts'
export type { OffloadResult, TaskContext } from './offload/task.ts'
export { ignore, next, reply, stop, stopReply } from './outcome.ts'
export { ancestors, type Init, startable } from './proc-lib.ts'
export type { From, Protocol, Sendable, ServerRef } from './protocol.ts'
export {
  countEntries,
  dispatch,
  keysOf,
  lookup,
  type Registered,
  register,
  unregister,
  updateValue,
  type ValueUpdated,
} from './registry/entries.ts'
export { Registry, type RegistryOptions, type RegistryProtocol } from './registry/registry.ts'
export type { RegistryEntry } from './registry/table.ts'
export {
  abandonRequest,
  checkResponse,
  type RequestId,
  type RequestResult,
  receiveResponse,
  sendRequest,
  waitResponse,
} from './request.ts'
export { type Labelled, RequestCollection } from './request-collection.ts'
export type { TimeoutMessage } from './server-loop.ts'
export type { Current as CurrentState, EventIn } from './statem/handlers.ts'
export type { Answer, TimeoutSetting } from './statem/options.ts'
export { answer, keep, postpone, repeat, stay, stopAndReply, to } from './statem/outcome.ts'
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
export type { ChildState, DynamicSupervisorView, SupervisorView } from './supervisor/state.ts'
export {
  type ChildInfo,
  type StartedChild,
  type Supervisor,
  supervisor,
} from './supervisor/supervisor.ts'
export * as sys from './sys/client.ts'
export { type TaskModule, task } from './task/module.ts'
export { type RpcOptions, type RpcResult, rpc, rpcAll } from './task/rpc.ts'
export {
  asyncTask,
  asyncTaskAt,
  asyncTaskUnder,
  startTask,
  type TaskOptions,
  type TaskSupervisor,
  taskOf,
  taskSupervisor,
} from './task/start.ts'
export { asyncStream, type StreamOptions } from './task/stream.ts'
export { awaitTask, shutdownTask, type Task, type TaskResult, yieldTask } from './task/task.ts'
export { applyAfter, applyInterval, cancelTimer, sendInterval } from './timer/timer.ts'

/** skein: everything a program needs, without any native code. Carriers are imported apart. */
export * from '../runtime/index.ts'
export * from '../stdlib/index.ts'
export {
  type BroadcastMessageOut as BroadcastMessage,
  type BroadcastRequest,
  broadcast,
  type Published,
  statistics as broadcastStatistics,
  subscribeBroadcast,
  unsubscribeBroadcast,
} from './broadcast/index.ts'
export type { Address, Carrier } from './carrier/carrier.ts'
export {
  Confirmations,
  type Dot,
  type MapChange,
  type MapEntry,
  type MapPulled,
  MapStore,
  type MapStoreOptions,
  type MapStoreWritten,
  mapDelta,
  OrMap,
} from './crdt/index.ts'
export type {
  BackendEnv,
  DiscoveryBackend,
  DiscoveryEntry,
  LookupResult,
} from './discovery/index.ts'
export {
  type ChannelStatistics,
  channelStatistics,
  connectNode,
  disconnectNode,
  lookupPin,
  metrics,
  monitorNode,
  monitorNodes,
  type NodeKind,
  nodes,
  pinKey,
  pins,
  publicKey,
  setTrustMode,
  trustMode,
  unpinKey,
} from './dist/index.ts'
export {
  compareHlc,
  type Hlc,
  HlcClock,
  type HlcError,
  type HlcOptions,
  hlcFromBytes,
  hlcToBytes,
  packHlc,
  unpackHlc,
} from './hlc/index.ts'
export {
  fingerprint,
  type PinLookup,
  type PinResult,
  type TrustedNode,
  type TrustMode,
} from './identity/index.ts'
export {
  appendLog,
  closeLog,
  deleteLog,
  type FileLog,
  type LogAnswer,
  type LogFailure,
  type LogOptions,
  type MapRecovery,
  mapSnapshot,
  type OpenedLog,
  openLog,
  recoverMap,
  snapshotLog,
  syncLog,
} from './log/index.ts'
export {
  type Description,
  describeSelf,
  join,
  leave,
  type Member,
  type MemberNews,
  members,
  subscribeMembers,
  unsubscribeMembers,
} from './members/index.ts'
export {
  activePeers as activeView,
  isResync,
  type MembershipNews,
  membership,
  passivePeers as passiveView,
  type ResyncMessage,
  subscribeMembership,
  unsubscribeMembership,
} from './membership/index.ts'
export type { Metric, MetricLabels } from './metrics/index.ts'
export type { ClusterOptions } from './node/cluster-options.ts'
export { listNodes, lookupNode } from './node/discovery.ts'
export type { DiscoveryOptions } from './node/discovery-options.ts'
export type { Node } from './node/node.ts'
export type { NodeOptions } from './node/options.ts'
export { prepareKeys } from './node/prepare-keys.ts'
export { StartError, startNode } from './node/start.ts'
export type { WorkerOptions } from './node/worker-program.ts'
export { startWorkers, type WorkerNode, type WorkersOptions } from './node/workers.ts'
export {
  broadcastCustom,
  broadcastUpdate,
  type ReplicaArg,
  type ReplicaCallbacks,
  type ReplicaOptions,
  type ReplicaSource,
  replica,
} from './replica/index.ts'
export {
  type Claimant,
  type ConflictResolver,
  type ConflictVerdict,
  type GlobalConflict,
  type GlobalRegistered,
  type GlobalRegistration,
  globalNames,
  globalRegister,
  registerGlobalName,
  resolveGlobalName,
  unregisterGlobalName,
} from './services/global/index.ts'
export {
  demonitorGroups,
  type GroupEvent,
  type GroupJoined,
  type GroupLeft,
  GroupScope,
  type GroupView,
  groupMembers,
  groupScope,
  isGroupEvent,
  joinGroup,
  leaveGroup,
  localGroupMembers,
  monitorGroup,
  monitorGroups,
  whichGroups,
  whichLocalGroups,
} from './services/groups/index.ts'
export {
  getProxy,
  listProxies,
  type ProxyInfo,
  type StartedProxy,
  startProxy,
  stopProxy,
} from './services/proxy/index.ts'
export {
  type Instance,
  isServiceEvent,
  listServices,
  lookupLocal,
  lookupService,
  type Prefer,
  registerService,
  type ServiceEvent,
  type ServiceFilter,
  type ServiceFound,
  type ServiceMetadata,
  type ServiceOptions,
  subscribeServices,
  unregisterService,
  unsubscribeServices,
  updateMetadata,
  type WhereisOptions,
  whereisService,
} from './services/registry/index.ts'
export {
  findRoute,
  forgetRoutes,
  type Route,
  type RouterStatistics,
  routerStatistics,
  type Sought,
  searchService,
} from './services/router/index.ts'

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
  fingerprint,
  type PinLookup,
  type PinResult,
  type TrustedNode,
  type TrustMode,
} from './identity/index.ts'
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

/** Distribution: channels to other nodes, made on demand. */
export type { AddressBook } from './context.ts'
export {
  channelStatistics,
  connectNode,
  disconnectNode,
  monitorNode,
  monitorNodes,
  nodes,
  partOf,
} from './nodes.ts'
export type { PeerAuthOptions } from './peer-auth.ts'
export {
  lookupPin,
  metrics,
  pinKey,
  pins,
  publicKey,
  setTrustMode,
  trustMode,
  unpinKey,
} from './pins.ts'
export { closeCode } from './protocol.ts'
export type { ChannelStatistics, Router } from './router.ts'
export { isServiceMessage } from './services.ts'
export { type Dist, startDist } from './start.ts'
export type { NodeKind } from './subscribers.ts'

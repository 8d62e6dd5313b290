/** Distribution: channels to other nodes, made on demand. */
export type { ChannelStatistics } from './channel.ts'
export type { Resolver } from './context.ts'
export {
  channelStatistics,
  connectNode,
  disconnectNode,
  monitorNode,
  monitorNodes,
  nodes,
} from './nodes.ts'
export { closeCode } from './protocol.ts'
export { type Dist, startDist } from './start.ts'

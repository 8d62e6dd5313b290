/** skein: everything a program needs, without any native code. Carriers are imported apart. */
export * from '../runtime/index.ts'
export * from '../stdlib/index.ts'
export type { Address, Carrier } from './carrier/carrier.ts'
export {
  type ChannelStatistics,
  channelStatistics,
  connectNode,
  disconnectNode,
  monitorNode,
  monitorNodes,
  nodes,
} from './dist/index.ts'
export type { Node } from './node/node.ts'
export type { NodeOptions } from './node/options.ts'
export { StartError, startNode } from './node/start.ts'

/**
 * Broadcast: the pure rules, for the process that obeys them and for the light simulator, and the
 * process with its API.
 */
export {
  type BroadcastRequest,
  broadcast,
  broadcastStatistics as statistics,
  subscribeBroadcast,
  unsubscribeBroadcast,
} from './api.ts'
export { type BroadcastMessage, decodeBroadcast } from './message.ts'
export {
  type BroadcastOptions,
  broadcastOptions,
  defaultBroadcastOptions,
  paperBroadcastOptions,
} from './options.ts'
export { stepBroadcast } from './rule.ts'
export {
  type BroadcastMessageOut,
  broadcastName,
  encodePayload,
  type Published,
} from './server.ts'
export { Broadcasting } from './start.ts'
export {
  type BroadcastAction,
  type BroadcastEvent,
  type BroadcastState,
  type BroadcastTimer,
  broadcastTimerKey,
  newBroadcast,
} from './state.ts'
export { broadcastStatistics } from './statistics.ts'

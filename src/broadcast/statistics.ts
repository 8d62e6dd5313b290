/** What can be seen of a node's broadcasts from outside (cluster spec, 8.5). */
import type { BroadcastState } from './state.ts'

export type BroadcastStatistics = {
  /** Neighbours by name, sorted: those that are sent bodies, and those that are sent ids. */
  readonly eagerPeers: readonly string[]
  readonly lazyPeers: readonly string[]
  /** Ids remembered, and the bytes of the messages still held. */
  readonly cachedMessages: number
  readonly cachedBytes: number
  /** Messages announced and not here. */
  readonly pendingIhaves: number
  /** Origins, by their starts, whose messages are followed. */
  readonly streams: number
}

export function broadcastStatistics(state: BroadcastState): BroadcastStatistics {
  const peers = [...state.peers]
  const named = (wanted: boolean): string[] =>
    peers.flatMap(([node, { eager }]) => (eager === wanted ? [node] : [])).sort()
  return {
    eagerPeers: named(true),
    lazyPeers: named(false),
    cachedMessages: state.cache.order.size,
    cachedBytes: state.cache.bodiesBytes,
    pendingIhaves: state.missing.size,
    streams: state.streams.size,
  }
}

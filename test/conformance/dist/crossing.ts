/** What crossed the wire: the proof that a case of two nodes was one of two nodes. */
import { channelStatistics, type LocalNode } from '../../../src/index.ts'
import type { TopicCase } from '../topics/topic.ts'

export type Frames = { readonly sent: number; readonly received: number }

/** Signals so far on the channel of `node` to `peer`. */
export function framesOf(node: LocalNode, peer: string): Frames {
  const { framesSent = 0, framesReceived = 0 } = channelStatistics(node, peer) ?? {}
  return { sent: framesSent, received: framesReceived }
}

/** Cases in which nothing may reach the other node: who they ask for is absent, or refused here. */
const alone: readonly string[] = [
  'S1 a node that cannot be reached: noconnection',
  'S6 an argument that cannot travel is refused here',
  'D8 a call to a node that cannot be reached fails with nodedown',
]

export function needsNoFrame({ rule, name }: TopicCase): boolean {
  return alone.includes(`${rule} ${name}`)
}

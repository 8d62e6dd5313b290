/** A node, and a peer that does not read: the scene of the tests of busy channels. */
import { channelStatistics, nodes } from '../../../../src/index.ts'
import { limits } from '../../../../src/limits.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert } from '../../../support/harness.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { b, VirtualCluster } from './virtual-cluster.ts'

export const far = 'far@10.6.6.6'
export const sink = { tag: 'at', node: far, name: 'sink' } as const
export const max = limits.distQueueMaxBytes
export const senderMax = limits.distSenderQueueMaxBytes

export type Scene = {
  readonly cluster: VirtualCluster
  readonly node: Node
  readonly peer: ScriptedPeer
}

/** The peer reads nothing until it is told to listen. */
export async function scene(options: { tickMs?: number } = {}): Promise<Scene> {
  const cluster = new VirtualCluster()
  const node = await cluster.start(b, { tickMs: 3_600_000, ...options })
  const peer = await ScriptedPeer.dial(cluster, { name: far, target: b })
  const auth = await peer.authenticate()
  assert.is(auth.tag, 'ok')
  peer.deaf()
  assert.is((await peer.handshake()).tag, 'up')
  await cluster.until('it is up', () => nodes(node).includes(far))
  return { cluster, node, peer }
}

export function heldBy(node: Node): number {
  return channelStatistics(node, far)?.heldSenders ?? -1
}

/** The first bytes of the byte arrays the peer has got. */
export function marksOf(peer: ScriptedPeer): number[] {
  return peer.heard.flatMap((signal) =>
    signal.tag === 'send' && signal.message instanceof Uint8Array ? [signal.message[0] ?? -1] : [],
  )
}

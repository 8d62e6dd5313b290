/**
 * Connections with everything that makes them: QUIC's handshake, mutual authentication, the
 * handshake of distribution. Both nodes have met before, so that no key is pinned meanwhile. The
 * accepting process tells how many nodes have come up at its end.
 */
import { connectNode, disconnectNode, type Node } from '../../../src/index.ts'
import { quantile } from '../median.ts'
import type { Pair, Workload } from './workload.ts'

const dialers = 8

/** Milliseconds of the middle one of connections made one after the other. */
export const sequentialConnects: Workload = async ({ node, peer, target }, operations) => {
  const before = await target.ask()
  disconnectNode(node, peer)
  const timesMs: number[] = []
  for (let n = 0; n < operations; n++) timesMs.push(await connected(node, peer))
  const { nodeups } = await target.ask()
  return {
    value: quantile(timesMs, 0.5),
    arrived: nodeups - before.nodeups,
    detail: { p99: quantile(timesMs, 0.99) },
  }
}

/** Connections per second, of eight nodes that each make one after the other. */
export const concurrentConnects: Workload = async (pair, operations) => {
  const { target, peer } = pair
  const nodes = await started(pair)
  for (const node of nodes) await connected(node, peer)
  const before = await target.ask()
  const startMs = performance.now()
  await Promise.all(
    nodes.map(async (node) => {
      for (let n = 0; n < operations / dialers; n++) await connected(node, peer)
    }),
  )
  const elapsedMs = performance.now() - startMs
  const { nodeups } = await target.ask()
  for (const node of nodes) await node.stop()
  return { value: (operations * 1000) / elapsedMs, arrived: nodeups - before.nodeups }
}

async function started({ dialer }: Pair): Promise<Node[]> {
  const nodes: Node[] = []
  for (let n = 0; n < dialers; n++) nodes.push(await dialer(`dialer${n}`))
  return nodes
}

/** Milliseconds until connected; disconnected again afterwards. */
async function connected(node: Node, peer: string): Promise<number> {
  const startMs = performance.now()
  const up = await connectNode(node, peer)
  const elapsedMs = performance.now() - startMs
  if (!up) throw new Error(`${node.name} did not connect with ${peer}`)
  disconnectNode(node, peer)
  return elapsedMs
}

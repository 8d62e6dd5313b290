/** Channels that are up and carry nothing but ticks, each to a node of its own. */
import { connectNode, type Node } from '../../../src/index.ts'
import type { Pair, Workload } from './workload.ts'

/** Channels before the measured ones: the accepting process has its code and tables by then. */
const warmup = 100

/** Resident bytes that one more channel costs the accepting process. */
export const idleChannels: Workload = async (pair, operations) => {
  const nodes = await connectedNodes(pair, 0, warmup)
  const before = await pair.target.ask()
  nodes.push(...(await connectedNodes(pair, warmup, operations)))
  const after = await pair.target.ask()
  for (const node of nodes) await node.stop()
  return {
    value: (after.rssBytes - before.rssBytes) / operations,
    arrived: after.nodeups - before.nodeups,
  }
}

async function connectedNodes(
  { dialer, peer }: Pair,
  first: number,
  count: number,
): Promise<Node[]> {
  const nodes: Node[] = []
  for (let n = 0; n < count; n++) {
    const node = await dialer(`idle${first + n}`)
    if (!(await connectNode(node, peer))) throw new Error(`${node.name} did not connect`)
    nodes.push(node)
  }
  return nodes
}

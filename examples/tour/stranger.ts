/**
 * A node that claims a name that belongs to another, with a key of its own. Prints whether the
 * node it dialled let it in.
 */
import { connectNode, startNode } from 'skein'
import { quicCarrier } from 'skein/carrier/quic'
import type { ChildOptions } from './child.ts'

const options: ChildOptions = JSON.parse(process.argv[2] ?? '{}')
const { port, ...rest } = options
const node = await startNode({
  ...rest,
  carrier: quicCarrier({ host: '127.0.0.1', port }),
  quiet: true,
  drainOnSignals: true,
})
const [victim] = Object.keys(options.nodes)
console.log(JSON.stringify({ accepted: await connectNode(node, victim ?? '') }))
await node.stop()

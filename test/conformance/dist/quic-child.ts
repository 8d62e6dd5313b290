/**
 * The node at the far end of the QUIC suites, in an OS process of its own: lists the modules of the
 * topics, says where it listens, and obeys one word per line. It calls no exit: after `stop` the
 * process ends by itself, or something of the node was left behind.
 */
import { createInterface } from 'node:readline'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { call, connectNode, local, nodes, startNode } from '../../../src/index.ts'
import { topics } from '../topics/index.ts'
import { framesOf } from './crossing.ts'
import { tally } from './tally.ts'

/** Its name, the peer's, its data directory; then, if wanted, its own port and the peer's. */
const [name = '', peer = '', dataDir = '', port = '0', peerPort = ''] = process.argv.slice(2)
const host = '127.0.0.1'

const node = await startNode({
  name,
  dataDir,
  carrier: quicCarrier({ host, port: Number(port) }),
  modules: [tally, ...topics.flatMap((topic) => topic.modules)].filter(
    (one, at, all) => all.indexOf(one) === at,
  ),
  nodes: peerPort === '' ? {} : { [peer]: { host, port: Number(peerPort) } },
  cookie: 'the cookie',
  tickMs: 100,
})

let ups = 0
node.observe((event) => {
  if (event.tag === 'nodeup') ups++
})

const tell = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

tell({ port: node.address?.port })
const orders = createInterface({ input: process.stdin })
orders.on('line', async (order) => {
  if (order === 'frames') tell(framesOf(node, peer))
  else if (order === 'connect') tell(await connectNode(node, peer))
  else if (order === 'nodes') tell({ nodes: nodes(node), ups })
  else if (order.startsWith('tally ')) {
    tell(await call(node, local(tally, order.slice('tally '.length)), 'counts'))
  } else if (order === 'stop') {
    orders.close()
    process.stdin.destroy()
    await node.stop()
    tell('stopped')
  } else tell({ unknown: order })
})

/**
 * The node at the far end of the QUIC suite, in an OS process of its own: lists the topics' modules,
 * says where it listens, and obeys one word per line. It calls no exit: after `stop` the process
 * ends by itself, or something of the node was left behind.
 */
import { createInterface } from 'node:readline'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { startNode } from '../../../src/index.ts'
import { topics } from '../topics/index.ts'
import { framesOf } from './crossing.ts'

const [name = '', peer = '', dataDir = ''] = process.argv.slice(2)

const node = await startNode({
  name,
  dataDir,
  carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
  modules: topics
    .flatMap((topic) => topic.modules)
    .filter((one, at, all) => all.indexOf(one) === at),
  cookie: 'the cookie',
  tickMs: 500,
})

const tell = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

tell({ port: node.address?.port })
const orders = createInterface({ input: process.stdin })
orders.on('line', async (order) => {
  if (order === 'frames') tell(framesOf(node, peer))
  else if (order === 'stop') {
    orders.close()
    process.stdin.destroy()
    await node.stop()
    tell('stopped')
  } else tell({ unknown: order })
})

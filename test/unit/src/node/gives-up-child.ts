/**
 * A node whose program dies of every message, until its supervisors give up. Nobody stops the node
 * and no exit is called: it must stop by itself, and its program end with an exit code that is not
 * 0.
 */
import { quicCarrier } from '../../../../src/carrier/quic/index.ts'
import { child, exit, process as program, startNode, whereis } from '../../../../src/index.ts'

const [dataDir = ''] = process.argv.slice(2)
const frail = program('frail', async (self) => {
  await self.receive()
  return exit('broken')
})

const node = await startNode({
  name: 'frail@127.0.0.1',
  dataDir,
  cookie: 'the cookie',
  carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
  quiet: true,
  modules: [frail],
  root: child(frail, undefined, { name: 'frail' }),
})
const told = new Promise((resolve) => {
  node.observe((event) => {
    if (event.tag === 'log' && event.message === 'the node cannot go on and stops') resolve(event)
  })
})
const ended = node.run(async (self) => {
  for (;;) {
    const pid = whereis(self, 'frail')
    if (pid !== undefined) self.send(pid, 'a message')
    await self.yield()
  }
})
const reason = await ended.catch((error) => error.reason)
await told
process.stdout.write(`${JSON.stringify({ reason, message: 'told' })}\n`)

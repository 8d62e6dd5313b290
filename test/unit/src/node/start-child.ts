/**
 * Starts a node with the data directory and port it is given, and ends by itself when that fails:
 * it calls no exit, so whatever a failed start leaves open keeps it alive. `--root-fails` gives it
 * a program that does not start.
 */
import { quicCarrier } from '../../../../src/carrier/quic/index.ts'
import { child, genServer, StartError, startNode, stop } from '../../../../src/index.ts'

const [dataDir = '', port = '0', mode = ''] = process.argv.slice(2)

const failing = genServer('start.failing')({ init: () => stop('no disk left') })

try {
  const node = await startNode({
    name: 'started@127.0.0.1',
    dataDir,
    cookie: 'the cookie',
    carrier: quicCarrier({ host: '127.0.0.1', port: Number(port) }),
    modules: [failing],
    ...(mode === '--root-fails' ? { root: child(failing, undefined) } : {}),
  })
  process.stdout.write(`${JSON.stringify({ port: node.address?.port })}\n`)
  await node.stop()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  const { reason, message } = error
  process.stdout.write(`${JSON.stringify({ reason, message })}\n`)
  process.exitCode = 1
}

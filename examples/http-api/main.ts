/**
 * An HTTP server whose handlers call actors. The program asks itself a few things over loopback and
 * stops; with `--serve` it serves until it is told to end (SIGTERM, Ctrl-C). Either way it stops in
 * order: first the server, which answers what it took, then the counters.
 */
import { call, local, startNode, whereis } from 'skein'
import { Api, modules } from './api.ts'
import { Listener } from './server.ts'

const serve = process.argv.includes('--serve')
const node = await startNode({
  name: 'api@localhost',
  modules,
  applications: [Api],
  config: { api: { port: Number(process.env.PORT ?? 0) } },
  drainOnSignals: true,
  // The crash below is meant to be: its report would only alarm.
  quiet: !serve,
})
const url = await call(node, local(Listener, 'listener'), 'url')

if (serve) console.log('serving', url)
else await tryIt()

async function tryIt(): Promise<void> {
  await ask('GET', '/counters/visits')
  await ask('POST', '/counters/visits/add?by=2')
  await Promise.all(
    Array.from({ length: 50 }, () => fetch(`${url}/counters/orders/add`, { method: 'POST' })),
  )
  await ask('GET', '/counters/orders')
  await ask('POST', '/counters/visits/add?by=two')
  await ask('GET', '/counters/nobody')
  await ask('GET', '/elsewhere')
  await ask('POST', '/counters/visits/hang')

  const before = whereis(node, 'visits')
  await ask('POST', '/counters/visits/crash')
  await node.run(async (self) => {
    while (whereis(self, 'visits') === before || !whereis(self, 'visits')) await self.yield()
  })
  await ask('GET', '/counters/visits')
  await ask('GET', '/counters/orders')
  await node.stop()
}

async function ask(method: string, path: string): Promise<void> {
  const response = await fetch(`${url}${path}`, { method })
  console.log(method, path, '->', response.status, await response.text())
}

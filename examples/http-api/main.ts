/**
 * An HTTP server whose handlers call actors. The program asks itself a few things over loopback,
 * then stops in order: first the server, then the counters.
 */
import { child, startNode, whereis } from 'skein'
import { Counter, Counters } from './counters.ts'
import { openApi } from './server.ts'

const node = await startNode({
  name: 'api@localhost',
  modules: [Counter, Counters],
  root: child(Counters, ['visits', 'orders']),
  // The crash below is meant to be: its report would only alarm.
  quiet: true,
  drainOnSignals: true,
})
const api = await openApi(node)

async function ask(method: string, path: string): Promise<void> {
  const response = await fetch(`${api.url}${path}`, { method })
  console.log(method, path, '->', response.status, await response.text())
}

await ask('GET', '/counters/visits')
await ask('POST', '/counters/visits/add?by=2')
await Promise.all(
  Array.from({ length: 50 }, () => fetch(`${api.url}/counters/orders/add`, { method: 'POST' })),
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

await api.close()
await node.stop()
console.log('stopped')

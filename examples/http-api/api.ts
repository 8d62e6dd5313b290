/**
 * The application: counters, and the server in front of them. The server is started last and
 * stopped first, so that whoever is being answered still finds a counter.
 *
 *   api          restForOne
 *   ├─ counters
 *   └─ listener
 */
import { application, child, startLink, supervisor } from 'skein'
import { Counter, Counters } from './counters.ts'
import { Listener } from './server.ts'

type Setup = { readonly port: number; readonly counters: readonly string[] }

const Tree = supervisor('api.tree', ({ port, counters }: Setup) => ({
  strategy: 'restForOne',
  intensity: 3,
  children: [child(Counters, counters), child(Listener, port, { name: 'listener' })],
}))

const defaults: Setup = { port: 0, counters: ['visits', 'orders'] }

export const Api = application('api', {
  env: defaults,
  start: (self, { env }) => startLink(self, Tree, env),
  stop: () => console.log('the api has stopped'),
})

export const modules = [Counter, Counters, Listener, Tree]

/**
 * The smallest supervised program: a counter under a supervisor, killed, and served again. One
 * node, no network.
 */
import {
  call,
  cast,
  child,
  genServer,
  local,
  next,
  reply,
  startNode,
  supervisor,
  whereis,
} from 'skein'

type Counter = {
  calls: { incr: (by: number) => number; get: () => number }
  casts: { reset: () => void }
}

const Counter = genServer<Counter>('counter')({
  init: (start: number) => ({ total: start }),
  calls: {
    incr: (state, by) => reply(state.total + by, { total: state.total + by }),
    get: (state) => reply(state.total, state),
  },
  casts: { reset: () => next({ total: 0 }) },
})

const Program = supervisor('program', (start: number) => ({
  strategy: 'oneForOne',
  intensity: 3,
  periodMs: 5_000,
  children: [child(Counter, start, { name: 'counter' })],
}))

const node = await startNode({
  name: 'demo@localhost',
  modules: [Counter, Program],
  root: child(Program, 10),
  drainOnSignals: true,
})

await node.run(async (self) => {
  const counter = local(Counter, 'counter')
  console.log('incremented to', await call(self, counter, 'incr', 5))
  cast(self, counter, 'reset')
  console.log('after a reset', await call(self, counter, 'get'))

  const pid = whereis(self, 'counter')
  if (pid !== undefined) self.exit(pid, 'kill')
  while (whereis(self, 'counter') === undefined) await self.yield()
  console.log('killed, restarted, and back at', await call(self, counter, 'get'))
})
await node.stop()

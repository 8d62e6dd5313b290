/** What the three nodes of the tour can run. Every node lists the same modules. */
import {
  child,
  exit,
  genServer,
  next,
  type Pid,
  process,
  reply,
  type Self,
  supervisor,
  via,
} from 'skein'

export type Counter = {
  calls: {
    add: (by: number) => number
    /** Who serves: pid and node name. */
    whereAreYou: () => { pid: Pid; node: string }
  }
}

export const Counter = genServer<Counter>('tour.counter')({
  init: (start: number) => ({ total: start }),
  calls: {
    add: (state, by) => reply(state.total + by, { total: state.total + by }),
    whereAreYou: (state, _, self) => reply({ pid: self.pid, node: self.node }, state),
  },
})

export type Collector = {
  calls: {
    /** How many numbered messages came, and whether each was one more than the last. */
    summary: () => { received: number; inOrder: boolean }
  }
}

export const Collector = genServer<Collector>('tour.collector')({
  init: () => ({ received: 0, inOrder: true }),
  calls: { summary: (state) => reply(state, state) },
  info: (state, message) =>
    next({
      received: state.received + 1,
      inOrder: state.inOrder && message === state.received,
    }),
})

/** Sends to `target` as fast as its turns allow until it is stopped. */
export const Flooder = process('tour.flooder', async (self: Self, target: Pid) => {
  for (let n = 0; ; n++) {
    self.send(target, n)
    if (n % 100 === 99) await self.yield()
  }
})

/** Sends every message back to the pid it names. */
export const Echo = process('tour.echo', async (self: Self) => {
  for (;;) {
    const { from, text } = await self.receive(isEchoRequest)
    self.send(from, { text })
  }
})

export type EchoRequest = { from: Pid; text: string }

function isEchoRequest(message: unknown): message is EchoRequest {
  return typeof message === 'object' && message !== null && 'from' in message && 'text' in message
}

/** Ends with the first message it gets, as its reason. */
export const Mortal = process('tour.mortal', async (self: Self) => {
  const reason = await self.receive((message): message is string => typeof message === 'string')
  return exit(reason)
})

/** The counter that node `node` has registered for all the others. */
export const shared = (node: string) => via(Counter, 'cluster', { counterOf: node })

/** The program of every node: a counter of its own and a shared one, under a supervisor. */
export const Program = supervisor('tour.program', (node: string) => ({
  strategy: 'oneForOne',
  intensity: 3,
  periodMs: 5_000,
  children: [
    child(Counter, 0, { id: 'counter', name: 'counter' }),
    child(Counter, 0, { id: 'shared', name: shared(node) }),
  ],
}))

export const modules = [Counter, Collector, Flooder, Echo, Mortal, Program]

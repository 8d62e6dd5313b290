/** Two nodes of one virtual cluster, and the processes that the cases about nodes run on them. */
import {
  type AnyModule,
  genServer,
  type Pid,
  process,
  reply,
  type Self,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { a, b, VirtualCluster } from '../../unit/src/dist/virtual-cluster.ts'

/** Answers `{ from, body }` with the body. */
export const parrot = process('nodes.parrot', async (self: Self) => {
  for (;;) {
    const message = await self.receive(isAsk)
    self.send(message.from, message.body)
  }
})

type Ask = { readonly from: Pid; readonly body: unknown }

function isAsk(message: unknown): message is Ask {
  return typeof message === 'object' && message !== null && 'from' in message && 'body' in message
}

export const idle = process('nodes.idle', async (self: Self) => {
  for (;;) await self.receive()
})

/** Links with the pid it is given and waits. */
export const linker = process('nodes.linker', async (self: Self, to: Pid) => {
  self.link(to)
  for (;;) await self.receive()
})

type Server = { calls: { x: () => null; take: (value: unknown) => null } }

/** Only named in calls to where it does not run. */
export const server = genServer<Server>('nodes.server')({
  init: () => null,
  calls: { x: (state) => reply(null, state), take: (state) => reply(null, state) },
})

export const modules: readonly AnyModule[] = [parrot, idle, linker]

export async function pair(cluster = new VirtualCluster()): Promise<{
  cluster: VirtualCluster
  near: Node
  far: Node
}> {
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  return { cluster, near, far }
}

export async function echoOf(self: Self, to: Pid, body: unknown): Promise<unknown> {
  self.send(to, { from: self.pid, body })
  return self.receive((message) => message === body)
}

/** A process that keeps what it gets. */
export function hear(received: unknown[]) {
  return process('nodes.hear', async (self: Self) => {
    for (;;) received.push(await self.receive())
  })
}

/** Many processes at once that do nothing: what they cost to start, and to keep. */
import {
  isDown,
  type LocalNode,
  type Pid,
  process,
  processes,
  type Self,
  spawn,
  spawnMonitor,
} from '../../../runtime/index.ts'
import { call, genServer, reply, type ServerRef, start } from '../../../stdlib/index.ts'
import { collect, heapBytes } from '../heap.ts'
import type { Sample } from '../row.ts'
import { timed, type Workload } from './workload.ts'

const parked = process('bench.parked', async (self) => {
  await self.receive()
})

const probe = process('bench.probe', async () => undefined)

type Idle = { calls: { ping: () => string } }
const Idle = genServer<Idle>('bench.idle')({
  init: () => null,
  calls: { ping: (state) => reply('pong', state) },
})

/** Over when a probe spawned last has run: all before it are parked by then. */
export const spawnParked: Workload = (node, operations) =>
  node.run(async (self) => {
    const before = processes(self).length
    const measured = await timed(operations, async () => {
      for (let n = 0; n < operations; n++) {
        spawn(self, parked)
        if (n % 1000 === 999) await self.yield()
      }
      await allBegun(self)
      return processes(self).length - before
    })
    endAll(self)
    return measured
  })

/** Each has answered one call, as a server that is used now and then has. */
export const idleServers: Workload = (node, operations) =>
  bytesOf(node, operations, async (self) => {
    const server = await start(self, Idle)
    if (server.tag !== 'ok') throw new Error(`a server did not start: ${server.tag}`)
    const pid: ServerRef<Idle> = server.pid
    return (await call(self, pid, 'ping')) === 'pong' ? server.pid : undefined
  })

export const idleProcesses: Workload = (node, operations) =>
  bytesOf(node, operations, async (self) => spawn(self, parked))

/** Growth of the heap by each process, after full collections; all of them are kept alive. */
function bytesOf(
  node: LocalNode,
  operations: number,
  make: (self: Self) => Promise<Pid | undefined>,
): Promise<Sample> {
  return node.run(async (self) => {
    collect()
    const before = heapBytes()
    let made = 0
    for (let n = 0; n < operations; n++) {
      if ((await make(self)) !== undefined) made++
    }
    await allBegun(self)
    collect()
    const grown = heapBytes() - before
    endAll(self)
    return { value: grown / operations, arrived: made }
  })
}

/** The run queue is first in, first out: when a probe has run, so have those spawned before it. */
async function allBegun(self: Self): Promise<void> {
  const { ref } = spawnMonitor(self, probe)
  await self.receive(isDown(ref))
}

export function endAll(self: Self): void {
  for (const pid of processes(self)) if (pid !== self.pid) self.exit(pid, 'kill')
}

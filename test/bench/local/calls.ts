/** Calls and casts of a server that adds numbers: its total tells how many have arrived. */
import { type LocalNode, process, type Ref, spawn } from '../../../runtime/index.ts'
import { type Behaviour, call, cast, genServer, next, reply, start } from '../../../stdlib/index.ts'
import { timed, type Workload } from './workload.ts'

type Adder = {
  calls: {
    add: (by: number) => number
    addLater: (by: number) => number
    total: () => number
  }
  casts: { plus: (by: number) => void }
}

type Inline = { readonly calls?: boolean; readonly casts?: boolean }

function adderNamed(name: string, inline: Inline = {}): Behaviour<Adder, void> {
  return genServer<Adder>(name)({
    inline,
    init: () => 0,
    calls: {
      add: (total, by) => reply(total + by, total + by),
      addLater: async (total, by) => reply(total + by, total + by),
      total: (total) => reply(total, total),
    },
    casts: { plus: (total, by) => next(total + by) },
  })
}

const Queued = adderNamed('bench.adder')
const Direct = adderNamed('bench.adder-direct', { calls: true })
const Draining = adderNamed('bench.adder-draining', { casts: true })

const castsPerBatch = 1000
const callers = 1000

async function startAdder(node: LocalNode, behaviour = Queued): Promise<Ref<Adder>> {
  const started = await start(node, behaviour)
  if (started.tag !== 'ok') throw new Error(`the server did not start: ${started.tag}`)
  return started.pid
}

function calling(behaviour: typeof Queued): Workload {
  return async (node, operations) => {
    const adder = await startAdder(node, behaviour)
    return node.run((self) =>
      timed(operations, async () => {
        for (let i = 0; i < operations; i++) await call(self, adder, 'add', 1)
        return call(self, adder, 'total')
      }),
    )
  }
}

export const callQueued = calling(Queued)
export const callDirect = calling(Direct)

export const callAsyncHandler: Workload = async (node, operations) => {
  const adder = await startAdder(node)
  return node.run((self) =>
    timed(operations, async () => {
      for (let i = 0; i < operations; i++) await call(self, adder, 'addLater', 1)
      return call(self, adder, 'total')
    }),
  )
}

export const callManyCallers: Workload = async (node, operations) => {
  const adder = await startAdder(node)
  const caller = process<null>('bench.caller', async (self) => {
    const done = await self.receive()
    if (!(done instanceof Object) || !('to' in done)) return
    for (let i = 0; i < operations / callers; i++) await call(self, adder, 'add', 1)
    self.send(done.to as Ref, 'done')
  })
  return node.run((self) => {
    const pids = Array.from({ length: callers }, () => spawn(self, caller, null))
    return timed(operations, async () => {
      for (const pid of pids) self.send(pid, { to: self.pid })
      for (let i = 0; i < callers; i++) await self.receive()
      return call(self, adder, 'total')
    })
  })
}

export const castBatches: Workload = async (node, operations) => {
  const adder = await startAdder(node)
  return node.run((self) =>
    timed(operations, async () => {
      for (let batch = 0; batch < operations / castsPerBatch; batch++) {
        for (let i = 0; i < castsPerBatch; i++) cast(self, adder, 'plus', 1)
        await call(self, adder, 'total')
      }
      return call(self, adder, 'total')
    }),
  )
}

function bursting(behaviour: typeof Queued): Workload {
  return async (node, operations) => {
    const adder = await startAdder(node, behaviour)
    return node.run((self) =>
      timed(operations, async () => {
        for (let i = 0; i < operations; i++) cast(self, adder, 'plus', 1)
        return call(self, adder, 'total')
      }),
    )
  }
}

export const castBurst = bursting(Queued)
export const castBurstDrain = bursting(Draining)

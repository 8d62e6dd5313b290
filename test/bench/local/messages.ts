/** Plain messages between async processes. */
import { type Pid, process, type Self, spawn } from '../../../runtime/index.ts'
import { timed, type Workload } from './workload.ts'

const ringSize = 1000
const backlog = 100_000

type Round = { readonly from: Pid; readonly operations: number }

function isNumber(wanted: number): (message: unknown) => message is number {
  return (message): message is number => message === wanted
}

const pong = process('bench.pong', async (self, { from, operations }: Round) => {
  for (let i = 0; i < operations; i++) self.send(from, await self.receive(isNumber(i)))
})

export const pingPong: Workload = (node, operations) =>
  node.run((self) => {
    const other = spawn(self, pong, { from: self.pid, operations })
    return timed(operations, async () => {
      let trips = 0
      for (let i = 0; i < operations; i++) {
        self.send(other, i)
        if ((await self.receive(isNumber(i))) === i) trips++
      }
      return trips
    })
  })

const hop = process('bench.hop', async (self, next: Pid) => {
  for (;;) {
    const left = await self.receive()
    if (typeof left !== 'number') return
    self.send(next, left - 1)
  }
})

/** The bench process closes the ring and counts the hops that a lap has taken. */
export const ring: Workload = (node, operations) =>
  node.run((self) => {
    let first = self.pid
    for (let i = 1; i < ringSize; i++) first = spawn(self, hop, first)
    return timed(operations, async () => {
      let hops = 0
      for (let left = operations; left > 0; ) {
        self.send(first, left - 1)
        const back = await self.receive()
        if (typeof back !== 'number') break
        hops += left - back
        left = back
      }
      return hops
    })
  })

type Wanted = { readonly tag: 'wanted'; readonly number: number }

function isWanted(number: number): (message: unknown) => message is Wanted {
  return (message): message is Wanted =>
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    message.tag === 'wanted' &&
    'number' in message &&
    message.number === number
}

/** Every receive passes over the whole backlog, which must still be there at the end. */
export const selectiveBacklog: Workload = (node, operations) =>
  node.run(async (self) => {
    for (let i = 0; i < backlog; i++) self.send(self.pid, { tag: 'junk', number: i })
    const measured = await timed(operations, async () => {
      let found = 0
      for (let i = 0; i < operations; i++) {
        self.send(self.pid, { tag: 'wanted', number: i })
        const message = await self.receive(isWanted(i))
        if (message.number === i) found++
      }
      return found
    })
    return (await isIntact(self)) ? measured : { ...measured, arrived: -1 }
  })

async function isIntact(self: Self): Promise<boolean> {
  for (let i = 0; i < backlog; i++) {
    const message = await self.receive(null, { timeoutMs: 0, otherwise: null })
    if (!(message instanceof Object && 'number' in message && message.number === i)) return false
  }
  return true
}

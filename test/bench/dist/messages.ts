/** Messages to a process of the other node, as fast as they are taken, until all are counted. */
import { type Pid, type Self, spawnAt } from '../../../src/index.ts'
import type { Sample } from '../row.ts'
import { isCounted, Sink } from './modules.ts'
import type { Workload } from './workload.ts'

const smallBytes = 100
export const bulkBytes = 65_536
/** Messages between two looks at the queue. */
const smallBatch = 256

/** 100-byte messages per second. */
export const oneway: Workload = ({ node, peer }, operations) =>
  node.run(async (self) => {
    const sink = await spawnAt(self, peer, Sink, { hashed: false })
    return train(self, peer, sink, { messages: operations, each: smallBytes, batch: smallBatch })
  })

/** Megabytes per second in messages of 64 KiB. */
export const bulk: Workload = ({ node, peer }, operations) =>
  node.run(async (self) => {
    const sink = await spawnAt(self, peer, Sink, { hashed: false })
    const sample = await train(self, peer, sink, {
      messages: operations,
      each: bulkBytes,
      batch: 1,
    })
    return { ...sample, value: (sample.value * bulkBytes) / 1e6 }
  })

type Train = { readonly messages: number; readonly each: number; readonly batch: number }

/** Messages per second. */
async function train(self: Self, peer: string, sink: Pid, what: Train): Promise<Sample> {
  const message = new Uint8Array(what.each).fill(7)
  const startMs = performance.now()
  for (let sent = 0; sent < what.messages; ) {
    const end = Math.min(sent + what.batch, what.messages)
    for (; sent < end; sent++) self.send(sink, message)
    await self.sendReady(peer)
  }
  self.send(sink, { tag: 'report', to: self.pid })
  const counted = await self.receive(isCounted)
  const elapsedMs = performance.now() - startMs
  const whole = counted.bytes === counted.messages * what.each
  return { value: (what.messages * 1000) / elapsedMs, arrived: whole ? counted.messages : -1 }
}

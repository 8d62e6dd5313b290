/**
 * A train of 64 KiB messages over a path that delays and loses, calls of the same node beside it.
 * Both ends hash what went and what came, in order; the sample counts only if the hashes are equal.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Self, spawnAt } from '../../../src/index.ts'
import { callWithin } from '../../../stdlib/index.ts'
import { quantile } from '../median.ts'
import type { Sample } from '../row.ts'
import { callBytes } from './calls.ts'
import { bulkBytes } from './messages.ts'
import { Echo, isCounted, Sink } from './modules.ts'
import type { Workload } from './workload.ts'

/** A lost packet of a call is sent again after some round trips: slow, and no failure. */
const callDeadlineMs = 60_000

/** Megabytes per second. */
export const lossyTrain: Workload = async ({ node, peer }, operations) => {
  const flow = { over: false }
  const [sample, callsMs] = await Promise.all([
    node
      .run((self) => train(self, peer, operations))
      .finally(() => {
        flow.over = true
      }),
    node.run((self) => calls(self, peer, flow)),
  ])
  const detail = { callP50Ms: quantile(callsMs, 0.5), callMaxMs: quantile(callsMs, 1) }
  return { ...sample, detail }
}

async function train(self: Self, peer: string, operations: number): Promise<Sample> {
  const sink = await spawnAt(self, peer, Sink, { hashed: true })
  const hash = createHash('sha256')
  const startMs = performance.now()
  for (let sent = 0; sent < operations; sent++) {
    const message = new Uint8Array(randomBytes(bulkBytes))
    hash.update(message)
    self.send(sink, message)
    await self.sendReady(peer)
  }
  self.send(sink, { tag: 'report', to: self.pid })
  const counted = await self.receive(isCounted)
  const elapsedMs = performance.now() - startMs
  const same = counted.hash === hash.digest('hex')
  return {
    value: (operations * bulkBytes) / 1000 / elapsedMs,
    arrived: same ? counted.messages : -1,
  }
}

/** Milliseconds of calls one after the other, as long as the train flows. */
async function calls(self: Self, peer: string, flow: { over: boolean }): Promise<number[]> {
  const echo = await spawnAt(self, peer, Echo, undefined)
  const timesMs: number[] = []
  do {
    const startMs = performance.now()
    await callWithin(self, callDeadlineMs, echo, 'echo', new Uint8Array(callBytes))
    timesMs.push(performance.now() - startMs)
  } while (!flow.over)
  return timesMs
}

/**
 * Calls at a fixed rate while a message of 100 MB and a train of 64 KiB messages flow to the same
 * node, beside the same calls on an idle channel. A call is issued only while a large message is on
 * its way and the train runs. Its time counts from when it was due, not from when the loop came to
 * it: a loop that is held makes all calls late that it holds.
 */
import { type Pid, type Ref, type Self, send, spawnAt } from '../../../src/index.ts'
import { call } from '../../../stdlib/index.ts'
import { quantile } from '../median.ts'
import { callBytes } from './calls.ts'
import { beats, sharedNowMs } from './clock.ts'
import { bulkBytes } from './messages.ts'
import { type Counted, Echo, isCounted, Sink } from './modules.ts'
import type { Pair, Workload } from './workload.ts'

const largeBytes = 100_000_000
const intervalMs = 1
/** Share of the calls that are made before each measurement. */
const warmup = 0.2

type Load = { stop: boolean; trainRuns: boolean; largeFlows: boolean; lost: number }

/** The 99th percentile under load over the idle one. */
export const loadedCalls: Workload = async (pair, operations) => {
  const { node, peer } = pair
  const echo = await node.run((self) => spawnAt(self, peer, Echo, undefined))
  const always = (): boolean => true
  await paced(pair, echo, operations * warmup, always)
  const idle = await paced(pair, echo, operations, always)
  const load: Load = { stop: false, trainRuns: false, largeFlows: false, lost: 0 }
  const ended = Promise.all([
    node.run((self) => flow(self, peer, load)),
    node.run((self) => larges(self, peer, load)),
  ])
  const flows = (): boolean => load.trainRuns && load.largeFlows
  let loaded: Paced
  try {
    await paced(pair, echo, operations * warmup, flows)
    loaded = await paced(pair, echo, operations, flows)
  } finally {
    load.stop = true
  }
  await ended
  const p99Ms = quantile(loaded.timesMs, 0.99)
  const idleP99Ms = quantile(idle.timesMs, 0.99)
  return {
    value: p99Ms / idleP99Ms,
    arrived: load.lost === 0 ? loaded.timesMs.length : -1,
    detail: {
      idleP50Ms: quantile(idle.timesMs, 0.5),
      idleP99Ms,
      p50Ms: quantile(loaded.timesMs, 0.5),
      p99Ms,
      maxMs: quantile(loaded.timesMs, 1),
      heldP50Ms: quantile(loaded.heldMs, 0.5),
      heldP99Ms: quantile(loaded.heldMs, 0.99),
    },
  }
}

type Paced = {
  /** Milliseconds from when a call was due until its answer. */
  readonly timesMs: number[]
  /** The part of them before the caller came to make the call. */
  readonly heldMs: number[]
}

/** `count` calls, each issued at a beat at which `may` allows it. */
function paced({ node }: Pair, echo: Ref<Echo>, count: number, may: () => boolean): Promise<Paced> {
  return node.run(async (self) => {
    const paced: Paced = { timesMs: [], heldMs: [] }
    const clock = beats(intervalMs, (dueMs) => {
      if (may()) send(self.pid, dueMs)
    })
    const calls: Promise<void>[] = []
    while (calls.length < count) {
      const dueMs = Number(await self.receive((message) => typeof message === 'number'))
      paced.heldMs.push(sharedNowMs() - dueMs)
      calls.push(timed(self, echo, dueMs, paced.timesMs))
    }
    await clock.stop()
    await Promise.all(calls)
    return paced
  })
}

async function timed(self: Self, echo: Ref<Echo>, dueMs: number, timesMs: number[]): Promise<void> {
  const back = await call(self, echo, 'echo', new Uint8Array(callBytes))
  if (back.length === callBytes) timesMs.push(sharedNowMs() - dueMs)
}

/** A train of 64 KiB messages, until the load ends. */
async function flow(self: Self, peer: string, load: Load): Promise<void> {
  const sink = await spawnAt(self, peer, Sink, { hashed: false })
  const message = new Uint8Array(bulkBytes)
  let sent = 0
  for (; !load.stop; sent++) {
    self.send(sink, message)
    load.trainRuns = true
    await self.sendReady(peer)
  }
  const { messages } = await counted(self, sink)
  load.lost += sent - messages
}

/** Messages of 100 MB, the next one when the last has been counted, until the load ends. */
async function larges(self: Self, peer: string, load: Load): Promise<void> {
  const sink = await spawnAt(self, peer, Sink, { hashed: false })
  const message = new Uint8Array(largeBytes)
  let sent = 0
  while (!load.stop) {
    self.send(sink, message)
    sent += 1
    load.largeFlows = true
    await self.sendReady(peer)
    const { messages, bytes } = await counted(self, sink)
    load.largeFlows = false
    load.lost += sent - messages + (bytes === sent * largeBytes ? 0 : 1)
  }
}

async function counted(self: Self, sink: Pid): Promise<Counted> {
  self.send(sink, { tag: 'report', to: self.pid })
  return self.receive(isCounted)
}

/**
 * The steps of the tour, each of which looks at what really happened and answers true or false.
 * They run as a process on node a; b and c are other OS processes.
 */
import { readFile } from 'node:fs/promises'
import {
  at,
  call,
  callWithin,
  connectNode,
  Exit,
  isDown,
  isExit,
  isServiceEvent,
  lookupService,
  nodeOf,
  nodes,
  type Pid,
  type Ref,
  type Self,
  spawnAt,
  spawnMonitorAt,
  subscribeServices,
  unsubscribeServices,
  whereisService,
} from 'skein'
import { Collector, Counter, Echo, Flooder, Mortal, shared } from './modules.ts'

/** Names and places the steps need. */
export type Stage = {
  readonly b: string
  readonly c: string
  /** The data directory of a node of the tour. */
  readonly dataDir: (node: string) => string
}

const waitMs = 5_000
/** The verdict on a lost node asks others before it is given. */
const vanishMs = 12_000

/** Both peers are connected, and each side has pinned the very key the other one has on disk. */
export async function authenticated(self: Self, stage: Stage): Promise<boolean> {
  const { b, c, dataDir } = stage
  const connected = [await connectNode(self, b), await connectNode(self, c)]
  const pinned = async (holder: string, peer: string): Promise<boolean> => {
    const pin = await readFile(`${dataDir(holder)}/keys/trusted/${peer}.pub`)
    const key = await readFile(`${dataDir(peer)}/keys/node.pub`)
    return pin.length === 32 && pin.equals(key)
  }
  const pins = await self.wait(
    Promise.all([b, c].flatMap((peer) => [pinned(self.node, peer), pinned(peer, self.node)])),
  )
  return connected.every(Boolean) && pins.every(Boolean) && nodes(self).length === 2
}

export async function remoteCall(self: Self, { b }: Stage): Promise<boolean> {
  const counter = at(b, Counter, 'counter')
  const before = await call(self, counter, 'add', 0)
  return (await call(self, counter, 'add', 5)) === before + 5
}

export async function remoteSpawn(self: Self, { b }: Stage): Promise<boolean> {
  const counter = await spawnAt(self, b, Counter, 100)
  const { pid, node } = await call(self, counter, 'whereAreYou')
  const sum = await call(self, counter, 'add', 1)
  self.exit(counter, 'kill')
  return node === b && pid === counter && nodeOf(counter) === b && sum === 101
}

/** A server on b is called by a name that b has told the cluster. */
export async function viaCall(self: Self, { b }: Stage): Promise<boolean> {
  const { name } = shared(b)
  const found = await whereisService(self, name, { timeoutMs: waitMs })
  const { pid, node } = await call(self, shared(b), 'whereAreYou')
  return node === b && found.tag === 'ok' && found.pid === pid
}

/** The name of a server on c, which has been killed, is gone here too. */
export async function nameVanishes(self: Self, { c }: Stage): Promise<boolean> {
  const { name } = shared(c)
  subscribeServices(self, { name })
  while (lookupService(self, name).length > 0) {
    await self.receive(isServiceEvent, { timeoutMs: vanishMs })
  }
  unsubscribeServices(self)
  const found = await whereisService(self, name, { timeoutMs: 0 })
  return found.tag === 'error' && found.reason === 'notFound'
}

/** 10,000 numbered messages from a to b while b floods c. */
export async function order(self: Self, { b, c }: Stage): Promise<boolean> {
  const count = 10_000
  const sink = await spawnAt(self, c, Collector)
  const flooder = await spawnAt(self, b, Flooder, sink)
  while ((await call(self, sink, 'summary')).received === 0) await self.yield()
  const collector = await spawnAt(self, b, Collector)
  for (let n = 0; n < count; n++) {
    self.send(collector, n)
    if (n % 500 === 499) await self.yield()
  }
  // The call rides behind the messages of its sender, so all of them are there when it is served.
  const { received, inOrder } = await callWithin(self, waitMs, collector, 'summary')
  const flooded = await callWithin(self, waitMs, sink, 'summary')
  for (const pid of [flooder, sink, collector]) self.exit(pid, 'kill')
  return received === count && inOrder && flooded.received > 0 && flooded.inOrder
}

export async function monitorReason(self: Self, { b }: Stage): Promise<boolean> {
  const { pid, ref } = await spawnMonitorAt(self, b, Mortal)
  self.send(pid, 'out of tea')
  const down = await self.receive(isDown(ref), { timeoutMs: waitMs })
  return down.reason === 'out of tea' && down.target === pid
}

export async function linkExit(self: Self, { b }: Stage): Promise<boolean> {
  const trapped = self.trapExit(true)
  const pid = await spawnAt(self, b, Mortal, undefined, { link: true })
  self.send(pid, 'rope cut')
  const exit = await self.receive(isExit(pid), { timeoutMs: waitMs })
  self.trapExit(trapped)
  return exit.reason === 'rope cut'
}

/** A supervised server on b is killed from a; a call through its name works again. */
export async function supervisorRestart(self: Self, { b }: Stage): Promise<boolean> {
  const counter = at(b, Counter, 'counter')
  const { pid: first } = await call(self, counter, 'whereAreYou')
  const ref = self.monitor(first)
  self.exit(first, 'kill')
  const down = await self.receive(isDown(ref), { timeoutMs: waitMs })
  const second = await untilServed(self, counter)
  return down.reason === 'killed' && second !== first && nodeOf(second) === b
}

/** Asks again while nobody has the name. */
export async function untilServed(
  self: Self,
  counter: ReturnType<typeof at<Counter>>,
): Promise<Pid> {
  for (let left = 200; ; left--) {
    try {
      return (await call(self, counter, 'whereAreYou')).pid
    } catch (error) {
      if (!(error instanceof Exit) || left === 0) throw error
      await self.yield()
    }
  }
}

/** A marker goes to c and back through the eavesdropper, often enough to be seen. */
export async function sendMarker(self: Self, { c }: Stage, marker: string): Promise<boolean> {
  const echo = await spawnAt(self, c, Echo)
  let returned = 0
  for (let n = 0; n < 60; n++) {
    self.send(echo, { from: self.pid, text: marker })
    await self.receive(isMarker(marker), { timeoutMs: waitMs })
    returned++
  }
  self.exit(echo, 'kill')
  return returned === 60
}

function isMarker(marker: string): (message: unknown) => boolean {
  return (message) =>
    typeof message === 'object' && message !== null && 'text' in message && message.text === marker
}

/** The old pid is dead for good; the node's new counter answers. */
export async function reconnected(self: Self, { c }: Stage, old: Ref<Counter>): Promise<boolean> {
  const fresh = await untilServed(self, at(c, Counter, 'counter'))
  const ref = self.monitor(old)
  const down = await self.receive(isDown(ref), { timeoutMs: waitMs })
  return fresh !== old && down.reason === 'noproc'
}

/** Median of remote calls, one after the other, and calls per second with 100 at a time. */
export async function speed(
  self: Self,
  { b }: Stage,
): Promise<{ readonly rttUs: number; readonly callsPerSec: number }> {
  const counter = await spawnAt(self, b, Counter, 0)
  const timesUs: number[] = []
  for (let n = 0; n < 3_000; n++) {
    const from = performance.now()
    await call(self, counter, 'add', 1)
    timesUs.push((performance.now() - from) * 1_000)
  }
  const rounds = 100
  const from = performance.now()
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 100 }, () => call(self, counter, 'add', 1)))
  }
  const seconds = (performance.now() - from) / 1_000
  self.exit(counter, 'kill')
  timesUs.sort((x, y) => x - y)
  return {
    rttUs: Math.round(timesUs[timesUs.length >> 1] ?? 0),
    callsPerSec: Math.round((rounds * 100) / seconds),
  }
}

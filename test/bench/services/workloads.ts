/** What the rows of the suite measure, each from a node in this process. */
import {
  genServer,
  lookupService,
  type Node,
  type Pid,
  registerService,
  unregisterService,
  type ViaName,
  via,
  whereisName,
} from '../../../src/index.ts'
import { until } from '../../support/until.ts'
import { quantile } from '../median.ts'
import type { Measured } from '../sample.ts'
import { holderOf, registerMany, sharedNowMs, untilNames } from './node.ts'
import { Probe } from './probe.ts'
import type { Synced, Target } from './target.ts'

export type Scene = {
  readonly node: Node
  /** Two other processes; their nodes have joined. */
  readonly others: () => Promise<readonly [Target, Target]>
  /** One whose node joins when it is told to. */
  readonly fresh: () => Promise<Target>
}

export type Workload = (scene: Scene, operations: number) => Promise<Measured>

const Any = genServer<Record<never, never>>('bench.any')({ init: () => null })
const names = 10_000
const pauseMs = 20
/** Nothing is going on any more by then. */
const restMs = 500

/** Lookups per second by the public function, every result compared. */
export const lookupStrings: Workload = async ({ node, others }, operations) => {
  const [b] = await others()
  await registerMany(node, 'own', names / 2)
  await b.register('far', names / 2)
  await untilNames(node, names)
  const keys = ['own', 'far'].flatMap((prefix) =>
    Array.from({ length: names / 2 }, (_, n) => `${prefix}.${n}`),
  )
  return lookups(node, keys, operations)
}

export const lookupTerms: Workload = async ({ node }, operations) => {
  const toTerm = (name: string): object => ({ kind: 'room', name })
  await registerMany(node, 'term', names, toTerm)
  const keys = Array.from({ length: names }, (_, n) => toTerm(`term.${n}`))
  return lookups(node, keys, operations)
}

function lookups(node: Node, keys: readonly (string | object)[], operations: number): Measured {
  const targets: ViaName[] = keys.map((key) => via(Any, 'cluster', key))
  const pids = keys.map((key) => lookupService(node, key)[0]?.pid)
  if (pids.includes(undefined)) throw new Error('a name is not known')
  const passes = operations / keys.length
  look(node, targets, pids, Math.ceil(passes / 5))
  const startMs = performance.now()
  const arrived = look(node, targets, pids, passes)
  return { value: (operations * 1000) / (performance.now() - startMs), arrived }
}

/** How many lookups gave the pid they should. */
function look(
  node: Node,
  targets: readonly ViaName[],
  pids: readonly (Pid | undefined)[],
  passes: number,
): number {
  let right = 0
  for (let pass = 0; pass < passes; pass++) {
    for (let n = 0; n < targets.length; n++) {
      if (whereisName(node, targets[n]!) === pids[n]) right += 1
    }
  }
  return right
}

/** Names per second, from the first call until another node has all of them. */
export const registrations: Workload = async ({ node, others }, operations) => {
  const [b] = await others()
  await registerMany(node, 'warm', operations / 5)
  await b.until(operations / 5)
  const startMs = performance.now()
  const calledMs = registerMany(node, 'timed', operations).then(() => performance.now() - startMs)
  await b.until(operations / 5 + operations)
  const elapsedMs = performance.now() - startMs
  const detail = { callUs: ((await calledMs) * 1000) / operations }
  return { value: (operations * 1000) / elapsedMs, arrived: operations, detail }
}

export const unregistrations: Workload = async ({ node, others }, operations) => {
  const [b] = await others()
  await registerMany(node, 'timed', operations)
  await b.until(operations)
  const startMs = performance.now()
  for (let n = 0; n < operations; n++) {
    unregisterService(node, `timed.${n}`)
    if (n % 250 === 0) await new Promise(setImmediate)
  }
  const callUs = ((performance.now() - startMs) * 1000) / operations
  await b.until(0)
  const elapsedMs = performance.now() - startMs
  return { value: (operations * 1000) / elapsedMs, arrived: operations, detail: { callUs } }
}

/** p99, over two nodes, of the time from the call to the event, one name at a time. */
export const visibility: Workload = async ({ node, others }, operations) => {
  const targets = await others()
  const pid = holderOf(node)
  registerService(node, 'warm', { pid })
  for (const target of targets) await target.until(1)
  unregisterService(node, 'warm')
  for (const target of targets) await target.until(0)
  await paused(restMs)
  const came = new Map<string, number>()
  const gone = new Map<string, number>()
  for (let n = 0; n < operations; n++) {
    const name = `seen.${n}`
    came.set(name, sharedNowMs())
    registerService(node, name, { pid })
    await paused(pauseMs)
    gone.set(name, sharedNowMs())
    unregisterService(node, name)
    await paused(pauseMs)
  }
  for (const target of targets) await target.until(0)
  await paused(restMs)
  const heard = await Promise.all(targets.map((target) => target.heard()))
  const cameMs = heard.flatMap((times) => delays(came, times.came))
  const goneMs = heard.flatMap((times) => delays(gone, times.gone))
  return {
    value: quantile(cameMs, 0.99),
    arrived: Math.min(cameMs.length, goneMs.length) / targets.length,
    detail: { medianMs: quantile(cameMs, 0.5), goneP99Ms: quantile(goneMs, 0.99) },
  }
}

function paused(forMs: number): Promise<void> {
  const endMs = performance.now() + forMs
  return until('time passes', () => performance.now() >= endMs)
}

function delays(
  at: ReadonlyMap<string, number>,
  heard: Readonly<Record<string, number>>,
): readonly number[] {
  return [...at].flatMap(([name, ms]) => {
    const heardMs = heard[name]
    return heardMs === undefined ? [] : [heardMs - ms]
  })
}

export const syncTime: Workload = async (scene, operations) => {
  const { synced } = await syncOf(scene, operations)
  const { fromMs, toMs, bytes } = synced
  const detail = { bytes, bytesPerName: bytes / operations }
  return { value: toMs - fromMs, arrived: operations, detail }
}

export const syncLateness: Workload = async (scene, operations) => {
  const { synced, probe } = await syncOf(scene, operations)
  const ours = probe.between(synced.fromMs, synced.toMs)
  const theirs = synced.lateness
  const detail = {
    maxMs: Math.max(ours.maxMs, theirs.maxMs),
    senderP99Ms: ours.p99Ms,
    receiverP99Ms: theirs.p99Ms,
    samples: Math.min(ours.samples, theirs.samples),
  }
  return { value: Math.max(ours.p99Ms, theirs.p99Ms), arrived: operations, detail }
}

export const namesBytes: Workload = async (scene, operations) => {
  const { synced } = await syncOf(scene, operations)
  return { value: synced.heapBytes / operations, arrived: operations }
}

/** A fresh node gets all the names of this one. */
async function syncOf(
  { node, fresh }: Scene,
  count: number,
): Promise<{ readonly synced: Synced; readonly probe: Probe }> {
  const target = await fresh()
  await registerMany(node, 'synced', count)
  const { address } = node
  if (address === undefined) throw new Error('nobody can join')
  const probe = new Probe()
  const synced = await target.sync(address, count)
  probe.stop()
  return { synced, probe }
}

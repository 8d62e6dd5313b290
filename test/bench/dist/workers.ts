/**
 * Calls per second on one worker node and on two. Each worker node has a server and its callers,
 * which is how work is spread over threads: by process, with those that talk much in one place.
 * Two nodes get twice the calls of one. In the detail also calls of the leading node's own
 * processes to servers on the workers, where every call crosses threads twice.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workerCarrier } from '../../../src/carrier/worker/index.ts'
import { type Node, type Pid, spawnAt, startNode, startWorkers } from '../../../src/index.ts'
import { call } from '../../../stdlib/index.ts'
import { median } from '../median.ts'
import type { Sample } from '../row.ts'
import { callBytes } from './calls.ts'
import { Echo } from './modules.ts'
import { Crew, isCrewReport, modules } from './worker-program.ts'

const callers = 100
/** One node and two in turn, so that what else the machine does falls on both. */
const rounds = 5
/** Calls across threads for each that stays on one: they take that much longer. */
const crossShare = 0.05

type Run = { readonly arrived: number; readonly callsPerSecond: number }
type Runner = (node: Node, on: readonly string[], calls: number) => Promise<Run>

/**
 * Calls per second on two worker nodes over those on one, each the middle one of its rounds;
 * `operations` calls are made on one in all, and twice as many on two.
 */
export async function workerCalls(operations: number): Promise<Sample> {
  const { node, names, end } = await startTeam()
  try {
    const beside = await compared(crews, node, names, operations)
    const across = await compared(crossing, node, names, operations * crossShare)
    return {
      value: beside.double / beside.single,
      arrived: beside.arrived,
      detail: {
        callsPerSecondOn1: beside.single,
        callsPerSecondOn2: beside.double,
        crossingPerSecondTo1: across.single,
        crossingPerSecondTo2: across.double,
      },
    }
  } finally {
    await end()
  }
}

/** Calls per second on the first of `names`, and on all of them; a first round warms up. */
async function compared(
  run: Runner,
  node: Node,
  names: readonly string[],
  operations: number,
): Promise<{ readonly single: number; readonly double: number; readonly arrived: number }> {
  const calls = operations / rounds
  const first = names.slice(0, 1)
  await run(node, names, calls)
  const single: Run[] = []
  const double: Run[] = []
  for (let round = 0; round < rounds; round++) {
    single.push(await run(node, first, calls))
    double.push(await run(node, names, calls))
  }
  const made = [...single, ...double].reduce((sum, { arrived }) => sum + arrived, 0)
  const middle = (runs: readonly Run[]): number =>
    median(runs.map(({ callsPerSecond }) => callsPerSecond))
  return { single: middle(single), double: middle(double), arrived: made / (1 + names.length) }
}

async function startTeam(): Promise<{
  node: Node
  names: readonly string[]
  end: () => Promise<void>
}> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const node = await startNode({
    name: 'bench@localhost',
    carrier: workerCarrier(),
    dataDir: directory,
    cookie: 'bench',
    modules,
  })
  const end = async (): Promise<void> => {
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const workers = await startWorkers(node, { count: 2, program: programUrl() })
    return { node, names: workers.map(({ name }) => name), end }
  } catch (error) {
    await end()
    throw error
  }
}

/** As a source file or as it was built. */
function programUrl(): URL {
  const source = new URL('./worker-program.ts', import.meta.url)
  return import.meta.url.endsWith('.ts') ? source : new URL('./worker-program.js', import.meta.url)
}

/** `calls` calls on each of the nodes `on`, by callers of their own. */
function crews(node: Node, on: readonly string[], calls: number): Promise<Run> {
  const callsEach = Math.ceil(calls / callers)
  return node.run(async (self) => {
    const crew: Pid[] = []
    for (const name of on) {
      crew.push(await spawnAt(self, name, Crew, { to: self.pid, callers, callsEach }))
    }
    for (const _ of on) await self.receive(isCrewReport)
    const startMs = performance.now()
    for (const pid of crew) self.send(pid, 'go')
    let arrived = 0
    for (const _ of on) arrived += (await self.receive(isCrewReport)).arrived
    return { arrived, callsPerSecond: (arrived * 1000) / (performance.now() - startMs) }
  })
}

/** `calls` calls to a server on each of the nodes `on`, by callers of the leading node. */
function crossing(node: Node, on: readonly string[], calls: number): Promise<Run> {
  const callsEach = Math.ceil(calls / callers)
  return node.run(async (self) => {
    const servers = await Promise.all(on.map((name) => spawnAt(self, name, Echo, undefined)))
    const payload = new Uint8Array(callBytes).fill(7)
    const startMs = performance.now()
    const counts = await Promise.all(
      servers.flatMap((echo) =>
        Array.from({ length: callers }, () =>
          node.run(async (caller) => {
            let arrived = 0
            for (let n = 0; n < callsEach; n++) {
              const back = await call(caller, echo, 'echo', payload)
              if (back.length === callBytes) arrived += 1
            }
            return arrived
          }),
        ),
      ),
    )
    const arrived = counts.reduce((sum, count) => sum + count, 0)
    return { arrived, callsPerSecond: (arrived * 1000) / (performance.now() - startMs) }
  })
}

/**
 * Our side of one round: `program ROW OPERATIONS OPTIONS` runs the row's workload between a node of
 * this OS process and one of another, over QUIC on loopback, with the defaults a user gets but for
 * OPTIONS (JSON), and prints the sample. It starts the other processes: the accepting node as
 * `program target DIRECTORY OPTIONS`, and where OPTIONS ask for a path, `program relay PORT PATH`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quicCarrier } from '../../../src/carrier/quic/index.ts'
import { connectNode, type Node, startNode } from '../../../src/index.ts'
import type { Measured } from '../sample.ts'
import { callTimes } from './calls.ts'
import { idleChannels } from './channels.ts'
import { concurrentConnects, sequentialConnects } from './connects.ts'
import { loadedCalls } from './loaded.ts'
import { lossyTrain } from './lossy.ts'
import { bulk, oneway } from './messages.ts'
import { Echo, Sink } from './modules.ts'
import { type Path, serveRelay, startRelay } from './relay.ts'
import { cookie, peerName, serveTarget, startTarget } from './target.ts'
import { workerCalls } from './workers.ts'
import { type Workload, warmed } from './workload.ts'

const program = fileURLToPath(import.meta.url)

const workloads: readonly (readonly [prefix: string, Workload])[] = [
  ['dist-call', warmed(callTimes)],
  ['dist-oneway', warmed(oneway)],
  ['dist-bulk', warmed(bulk)],
  ['dist-loaded-p99', loadedCalls],
  ['dist-lossy', lossyTrain],
  ['connect-auth-ms', warmed(sequentialConnects)],
  ['connects-per-sec', warmed(concurrentConnects)],
  ['idle-channel-bytes', idleChannels],
]

/** Options of the node, and the path to the other one: loopback itself unless told. */
type RowOptions = Partial<Path> & Readonly<Record<string, unknown>>

async function drive(
  workload: Workload,
  operations: number,
  options: RowOptions,
): Promise<Measured> {
  const { roundTripMs, lossPercent = 0, ...nodeOptions } = options
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  const target = await startTarget(program, join(directory, 'b'), nodeOptions)
  const relay =
    roundTripMs === undefined
      ? undefined
      : await startRelay(program, target.port, { roundTripMs, lossPercent })
  const port = relay?.port ?? target.port
  const dialer = (name: string): Promise<Node> =>
    startNode({
      name: `${name}@127.0.0.1`,
      carrier: quicCarrier({ host: '127.0.0.1', port: 0 }),
      nodes: { [peerName]: { host: '127.0.0.1', port } },
      modules: [Echo, Sink],
      dataDir: join(directory, name),
      cookie,
      ...nodeOptions,
    })
  const node = await dialer('a')
  try {
    if (!(await connectNode(node, peerName))) throw new Error('the nodes did not connect')
    const sample = await workload({ node, peer: peerName, target, dialer }, operations)
    return { ...sample, checked: await isChecked(node) }
  } finally {
    await node.stop()
    await target.end()
    await relay?.end()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Checked mode freezes what is sent: seen, not assumed. */
function isChecked(node: Node): Promise<boolean> {
  return node.run((self) => Object.isFrozen(self.send(self.pid, { probe: true })))
}

/** Worker nodes are in this process: no other one, and no path. */
function measured(id: string, operations: number, options: RowOptions): Promise<Measured> {
  if (id === 'worker-calls') return workerCalls(operations)
  const workload = workloads.find(([prefix]) => id.startsWith(prefix))?.[1]
  if (workload === undefined) throw new Error(`no workload is named "${id}"`)
  return drive(workload, operations, options)
}

const [first = '', second = '', third = '{}'] = process.argv.slice(2)
if (first === 'target') await serveTarget(second, JSON.parse(third))
else if (first === 'relay') await serveRelay(Number(second), JSON.parse(third))
else {
  const sample = await measured(first, Number(second), JSON.parse(third))
  process.stdout.write(`${JSON.stringify(sample)}\n`)
}

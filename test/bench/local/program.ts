/**
 * Our side of one round: `program ROW OPERATIONS`. Runs the workload once to warm up, once for the
 * measurement, each on a node of its own with the defaults a user gets, and prints the sample.
 */
import { type LocalNode, startRuntime } from '../../../runtime/index.ts'
import { callAsyncHandler, callManyCallers, callQueued, castBatches, castBurst } from './calls.ts'
import { Fragile, restart, spawnLinkAbnormal, spawnMonitorExit, Tree } from './lives.ts'
import { pingPong, ring, selectiveBacklog } from './messages.ts'
import type { Workload } from './workload.ts'

const workloads: ReadonlyMap<string, Workload> = new Map([
  ['call-queued', callQueued],
  ['call-1000-callers', callManyCallers],
  ['call-async-handler', callAsyncHandler],
  ['cast-1000', castBatches],
  ['cast-burst-1m', castBurst],
  ['ping-pong', pingPong],
  ['ring-1000', ring],
  ['spawn-monitor-exit', spawnMonitorExit],
  ['spawn-link-abnormal', spawnLinkAbnormal],
  ['restart', restart],
  ['selective-backlog-100k', selectiveBacklog],
])

/** Shares of the measured run that warm-up takes. */
const warmUpShare = 0.2

async function main(): Promise<void> {
  const [id = '', operations = ''] = process.argv.slice(2)
  const workload = workloads.get(id)
  if (workload === undefined) throw new Error(`no workload is named "${id}"`)
  const count = Number(operations)
  await run(workload, Math.max(1000, Math.ceil(count * warmUpShare)))
  const measured = await run(workload, count)
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}

async function run(workload: Workload, operations: number) {
  const node = startRuntime({ name: 'bench@localhost', modules: [Fragile, Tree] })
  try {
    return { ...(await workload(node, operations)), checked: await isChecked(node) }
  } finally {
    await node.stop()
  }
}

/** Checked mode freezes what is sent: seen, not assumed. */
function isChecked(node: LocalNode): Promise<boolean> {
  return node.run((self) => Object.isFrozen(self.send(self.pid, { probe: true })))
}

await main()

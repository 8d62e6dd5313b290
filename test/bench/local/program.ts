/**
 * Our side of one round: `program ROW OPERATIONS OPTIONS`. Runs the workload once to warm up and,
 * just as long, once for the measurement, on one node with the defaults a user gets but for OPTIONS
 * (JSON), and prints the sample. OPTIONS of a server rather than of the node are set by the
 * workload of the row.
 */
import { type LocalNode, startRuntime } from '../../../runtime/index.ts'
import {
  callAsyncHandler,
  callDirect,
  callManyCallers,
  callQueued,
  castBatches,
  castBurst,
  castBurstDrain,
} from './calls.ts'
import { idleProcesses, idleServers, spawnParked } from './crowds.ts'
import { echoUnderFlood, timerUnderFlood } from './flood.ts'
import {
  Fragile,
  Nursery,
  restart,
  restartBurst,
  spawnLinkAbnormal,
  spawnMonitorExit,
  Tree,
} from './lives.ts'
import { pingPong, ring, selectiveBacklog } from './messages.ts'
import type { Workload } from './workload.ts'

const workloads: ReadonlyMap<string, Workload> = new Map([
  ['call-queued', callQueued],
  ['call-direct', callDirect],
  ['call-1000-callers', callManyCallers],
  ['call-async-handler', callAsyncHandler],
  ['cast-1000', castBatches],
  ['cast-burst-1m', castBurst],
  ['cast-burst-1m-drain', castBurstDrain],
  ['ping-pong', pingPong],
  ['ring-1000', ring],
  ['spawn-monitor-exit', spawnMonitorExit],
  ['spawn-link-abnormal', spawnLinkAbnormal],
  ['restart', restart],
  ['restart-10k-children', restartBurst],
  ['spawn-1m-parked-async', spawnParked],
  ['idle-server-bytes', idleServers],
  ['idle-async-bytes', idleProcesses],
  ['selective-backlog-100k', selectiveBacklog],
  ['timer-p99-flood', timerUnderFlood],
  ['tcp-echo-p99-flood', echoUnderFlood],
  ['nact-tell', castBatches],
  ['nact-ask', callQueued],
  ['comedy-tell', castBatches],
  ['comedy-ask', callQueued],
  ['xstate-tell', castBatches],
  ['xstate-ask', callQueued],
])

async function main(): Promise<void> {
  const [id = '', operations = '', options = '{}'] = process.argv.slice(2)
  const workload = workloads.get(id)
  if (workload === undefined) throw new Error(`no workload is named "${id}"`)
  const count = Number(operations)
  const node = startRuntime({
    name: 'bench@localhost',
    modules: [Fragile, Tree, Nursery],
    ...JSON.parse(options),
  })
  await workload(node, count)
  const measured = { ...(await workload(node, count)), checked: await isChecked(node) }
  await node.stop()
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}

/** Checked mode freezes what is sent: seen, not assumed. */
function isChecked(node: LocalNode): Promise<boolean> {
  return node.run((self) => Object.isFrozen(self.send(self.pid, { probe: true })))
}

await main()

/**
 * The rows of the suite `local`: one core, one node. What each does is in the workload of the same
 * id; needed and aim are the project's goals.
 */
import type { RowSpec } from '../row.ts'

type Goal = readonly [needed: number | null, aim: number | null]
type Options = RowSpec['options']

/** Ratios to Erlang with one scheduler. */
function beside(
  id: string,
  name: string,
  unit: string,
  goal: Goal,
  operations: number,
  options: Options = {},
): RowSpec {
  const [needed, aim] = goal
  return { id, name, unit, better: 'lower', peerName: 'erlang', needed, aim, operations, options }
}

// Neither side prints its crash reports: Erlang's logger is off too.
const quiet = { quiet: true }
const burstOf10k = 'burst: 10,000 of one supervisor'

const besideErlang: readonly RowSpec[] = [
  beside('call-queued', 'call, one after the other', 'ns/call', [5, 8], 1_000_000),
  beside('call-direct', 'call of an inline server', 'ns/call', [10, 18], 1_000_000, {
    inlineCalls: true,
  }),
  beside('call-1000-callers', 'call from 1000 processes', 'ns/call', [5, 8], 1_000_000),
  beside('call-async-handler', 'call of an async handler', 'ns/call', [4, 7], 2_000_000),
  beside('cast-1000', '1000 casts, then a call', 'ns/cast', [2.5, 3.5], 4_000_000),
  beside('cast-burst-1m', 'a million casts in one go', 'ns/cast', [0.6, 1], 1_000_000),
  beside('cast-burst-1m-drain', 'the same to an inline server', 'ns/cast', [2, 3.5], 1_000_000, {
    inlineCasts: true,
  }),
  beside('ping-pong', 'ping-pong by selective receive', 'ns/trip', [2, 2.8], 1_000_000),
  beside('ring-1000', 'token through a ring of 1000', 'ns/hop', [2, 3], 2_000_000),
  beside('spawn-monitor-exit', 'spawn, monitor, normal exit', 'ns/life', [2.5, 4], 1_000_000),
  beside('spawn-link-abnormal', 'spawn, link, trapped exit', 'ns/life', [1, 2], 1_000_000),
  beside('restart', 'crash and supervised restart', 'ns/restart', [2, 6], 20_000, quiet),
  beside('restart-10k-children', burstOf10k, 'ns/restart', [10, 50], 10_000, quiet),
  beside('spawn-1m-parked-async', 'spawn a million that wait', 'ns/spawn', [0.6, 1], 1_000_000),
  beside('idle-server-bytes', 'memory of an idle server', 'bytes', [8, 11], 100_000),
  beside('idle-async-bytes', 'memory of a waiting process', 'bytes', [2.2, 2.6], 100_000),
  beside('selective-backlog-100k', 'receive past 100k messages', 'ns/receive', [0.4, 1], 200),
]

/** Milliseconds, of a thread that is kept busy by its actors: nobody to compare with. */
function alone(id: string, name: string, goal: Goal, operations: number): RowSpec {
  const [needed, aim] = goal
  const rest = { unit: 'ms', better: 'lower', peerName: null, options: {} } as const
  return { id, name, ...rest, needed, aim, operations }
}

const underFlood: readonly RowSpec[] = [
  alone('timer-p99-flood', 'lateness of a 1 ms timer, p99', [6, 2], 3_000),
  alone('tcp-echo-p99-flood', 'echo over TCP, p99', [6, 2], 3_000),
]

/** Ours and the library's beside each other: `tell` in batches of 1000, `ask` in sequence. */
function library(peerName: string, needed: number | null, operations: number): RowSpec[] {
  const rest = { better: 'lower', peerName, needed, aim: null, operations, options: {} } as const
  return [
    { id: `${peerName}-tell`, name: `tell, beside ${peerName}`, unit: 'ns/tell', ...rest },
    { id: `${peerName}-ask`, name: `ask, beside ${peerName}`, unit: 'ns/ask', ...rest },
  ]
}

export const localRows: readonly RowSpec[] = [
  ...besideErlang,
  ...underFlood,
  ...library('nact', 1, 300_000),
  ...library('comedy', 1, 300_000),
  // Its send is a reducer called on the sender's stack: no mailbox, no turn, nothing to wait for.
  ...library('xstate', null, 1_000_000),
]

/**
 * The rows of the suite `local`: one core, one node, against Erlang with one scheduler. What each
 * does is in the workload of the same id; needed and aim are the project's goals.
 */
import type { RowSpec } from '../row.ts'

type Goal = readonly [needed: number, aim: number]

function row(id: string, name: string, unit: string, goal: Goal, operations: number): RowSpec {
  const [needed, aim] = goal
  return { id, name, unit, better: 'lower', needed, aim, operations, options: {} }
}

export const localRows: readonly RowSpec[] = [
  row('call-queued', 'call, one after the other', 'ns/call', [5, 8], 1_000_000),
  row('call-1000-callers', 'call from 1000 processes', 'ns/call', [5, 8], 1_000_000),
  row('call-async-handler', 'call of an async handler', 'ns/call', [4, 7], 2_000_000),
  row('cast-1000', '1000 casts, then a call', 'ns/cast', [2.5, 3.5], 4_000_000),
  row('cast-burst-1m', 'a million casts in one go', 'ns/cast', [0.6, 1], 1_000_000),
  row('ping-pong', 'ping-pong by selective receive', 'ns/trip', [2, 2.8], 1_000_000),
  row('ring-1000', 'token through a ring of 1000', 'ns/hop', [2, 3], 2_000_000),
  row('spawn-monitor-exit', 'spawn, monitor, normal exit', 'ns/life', [2.5, 4], 1_000_000),
  row('spawn-link-abnormal', 'spawn, link, trapped exit', 'ns/life', [1, 2], 1_000_000),
  {
    ...row('restart', 'crash and supervised restart', 'ns/restart', [2, 6], 20_000),
    // Neither side prints its crash reports: Erlang's logger is off too.
    options: { quiet: true },
  },
  {
    ...row(
      'restart-10k-children',
      'burst: 10,000 of one supervisor',
      'ns/restart',
      [10, 50],
      10_000,
    ),
    options: { quiet: true },
  },
  row('spawn-1m-parked-async', 'spawn a million that wait', 'ns/spawn', [0.6, 1], 1_000_000),
  row('idle-server-bytes', 'memory of an idle server', 'bytes', [8, 11], 100_000),
  row('idle-async-bytes', 'memory of a waiting process', 'bytes', [2.2, 2.6], 100_000),
  row('selective-backlog-100k', 'receive past 100k messages', 'ns/receive', [0.4, 1], 200),
]

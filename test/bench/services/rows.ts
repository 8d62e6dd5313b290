/**
 * The rows of the suite `services`: names in a cluster of OS processes over QUIC on loopback. What
 * each measures is in the workload of the same id; needed is the project's goal, and a row without
 * one is reported.
 */
import type { RowSpec } from '../row.ts'

type Kind = Pick<RowSpec, 'id' | 'name' | 'unit' | 'better' | 'operations'>
type Bounds = NonNullable<RowSpec['detailMax']>

function row(kind: Kind, needed: number | null, detailMax?: Bounds): RowSpec {
  const bounds = detailMax === undefined ? {} : { detailMax }
  return { ...kind, peerName: null, needed, aim: null, options: {}, ...bounds }
}

const perSecond = { unit: 'names/s', better: 'higher' } as const
const ms = { unit: 'ms', better: 'lower' } as const
const syncedNames = 100_000

export const servicesRows: readonly RowSpec[] = [
  row(
    {
      ...perSecond,
      id: 'lookup-string',
      name: 'whereis of 10,000 names, half of them remote',
      unit: 'lookups/s',
      operations: 10_000_000,
    },
    5_000_000,
  ),
  row(
    {
      ...perSecond,
      id: 'lookup-term',
      name: 'the same of objects as names',
      unit: 'lookups/s',
      operations: 1_000_000,
    },
    null,
  ),
  row(
    {
      ...perSecond,
      id: 'register',
      name: 'registered, until the other node has all',
      operations: 50_000,
    },
    null,
  ),
  row(
    {
      ...perSecond,
      id: 'unregister',
      name: 'unregistered, until the other node has none',
      operations: 50_000,
    },
    null,
  ),
  row(
    {
      ...ms,
      id: 'visibility-p99-ms',
      name: 'p99 from registering to the event on two nodes',
      operations: 300,
    },
    250,
  ),
  row(
    {
      ...ms,
      id: 'sync-100k-ms',
      name: 'names to a fresh node, first to last',
      operations: syncedNames,
    },
    null,
  ),
  row(
    {
      ...ms,
      id: 'sync-loop-p99-ms',
      name: 'p99 lateness of a 1 ms probe meanwhile, the worse side',
      operations: syncedNames,
    },
    20,
    { maxMs: 100 },
  ),
  row(
    {
      id: 'names-bytes',
      name: 'heap of a name another node has, one field of metadata',
      unit: 'bytes',
      better: 'lower',
      operations: syncedNames,
    },
    null,
  ),
]

/**
 * The rows of the suite `dist`: two nodes in two OS processes. What each does is in the workload of
 * the same id; needed and aim are the project's goals.
 */
import type { RowSpec } from '../row.ts'

type Goal = readonly [needed: number | null, aim: number | null]
type Kind = Pick<RowSpec, 'id' | 'name' | 'unit' | 'better' | 'operations'>
type Alone = Kind & { readonly options?: RowSpec['options']; readonly detailMax?: Bounds }
type Bounds = NonNullable<RowSpec['detailMax']>

const call: Kind = {
  id: 'dist-call',
  name: '100-byte call, the middle one',
  unit: 'us',
  better: 'lower',
  operations: 20_000,
}
const oneway: Kind = {
  id: 'dist-oneway',
  name: '100-byte messages, delivered',
  unit: 'messages/s',
  better: 'higher',
  operations: 400_000,
}
const bulk: Kind = {
  id: 'dist-bulk',
  name: '64 KiB messages, delivered',
  unit: 'MB/s',
  better: 'higher',
  operations: 16_384,
}

function beside(kind: Kind, peerName: string, [needed, aim]: Goal, peerWorst?: number): RowSpec {
  const worst = peerWorst === undefined ? {} : { peerWorst }
  return {
    ...kind,
    id: `${kind.id}-vs-${peerName}`,
    peerName,
    needed,
    aim,
    options: {},
    ...worst,
  }
}

function alone({ options = {}, ...kind }: Alone, [needed, aim]: Goal): RowSpec {
  return { ...kind, peerName: null, needed, aim, options }
}

// What a well-driven binding was measured to reach here, 91 us and 829 MB/s, less 30 %.
const bareCallWorstUs = 118
const bareBulkWorst = 580

const reported: Goal = [null, null]

/** Full authentication with one of the two implementations of Ed25519. */
function connect(signer: 'noble' | 'platform', goal: Goal): RowSpec {
  const kind = {
    id: `connect-auth-ms-${signer}`,
    name: 'connect and authenticate, the middle one',
    unit: 'ms',
    better: 'lower',
    operations: 1500,
    options: { signer },
  } as const
  return alone(kind, goal)
}

/** A path with a round trip of 10 ms that loses datagrams both ways. */
function lossy(lossPercent: number): RowSpec {
  const name = `64 KiB messages, 10 ms, ${lossPercent} % loss`
  const options = { roundTripMs: 10, lossPercent }
  const kind = { ...bulk, id: `dist-lossy-${lossPercent}`, name, operations: 256, options }
  return alone(kind, reported)
}

export const distRows: readonly RowSpec[] = [
  beside(call, 'bare', [0.7, 0.9], bareCallWorstUs),
  beside(call, 'erlang-tls', [0.8, 1.1]),
  beside(call, 'erlang-tcp', reported),
  beside(oneway, 'erlang-tls', [1.5, 4]),
  beside(oneway, 'erlang-tcp', reported),
  beside(bulk, 'bare', [0.7, 0.9], bareBulkWorst),
  beside(bulk, 'erlang-tls', [1, 4]),
  beside(bulk, 'erlang-tcp', reported),
  alone(
    {
      id: 'dist-loaded-p99',
      name: 'p99 of calls under load over idle',
      unit: 'x',
      better: 'lower',
      operations: 5_000,
      detailMax: { maxMs: 50 },
    },
    [20, 8],
  ),
  connect('noble', [5, 4]),
  connect('platform', [3, 1.5]),
  alone(
    {
      id: 'connects-per-sec',
      name: 'the same, 8 at once',
      unit: 'connects/s',
      better: 'higher',
      operations: 1_600,
    },
    [400, 900],
  ),
  alone(
    {
      id: 'idle-channel-bytes',
      name: 'resident memory of an idle channel',
      unit: 'bytes',
      better: 'lower',
      operations: 500,
    },
    [120_000, 70_000],
  ),
  alone(
    {
      id: 'worker-calls',
      name: 'calls on two worker nodes over one',
      unit: 'x',
      better: 'higher',
      operations: 400_000,
    },
    [1.5, 1.9],
  ),
  ...[0, 1, 5].map(lossy),
]

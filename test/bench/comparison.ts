/**
 * A suite of rows that are measured in rounds: every round of a row is one process of ours and one
 * of its peer's, alternating, so that whatever else the machine does falls on both alike. A row
 * without a peer has rounds of ours alone.
 */
import { reportOf } from './report.ts'
import { isPeerTooSlow, judge, type Row, type RowSpec, type Sample } from './row.ts'
import type { Suite } from './suite.ts'

export type Side = {
  /** As shown; with its version where that is known. */
  readonly name: string
  /** Runs one round in an OS process of its own. Rejects, saying why, when it fails to end well. */
  run(row: RowSpec): Promise<Sample>
}

/** What the rows need, made ready: compiled programs in a directory of its own. */
export type Bench = {
  readonly ours: Side
  /** By the `peerName` of the rows; without those that are not installed here. */
  readonly peers: ReadonlyMap<string, Side>
  /** Whether our side's nodes check messages. */
  readonly checked: boolean
  close(): Promise<void>
}

const defaultRounds = 5

/** `open` is told which peers the rows to be measured name. */
export function comparison(
  name: string,
  rows: readonly RowSpec[],
  open: (peerNames: ReadonlySet<string>) => Promise<Bench>,
): Suite {
  return {
    name,
    run: async ({ rounds = defaultRounds, only, operations }, progress) => {
      if (operations !== undefined) throw new Error(`--operations means nothing to ${name}`)
      const specs = rows.filter(({ id }) => only === undefined || id === only)
      if (specs.length === 0) {
        const ids = rows.map(({ id }) => id).join(', ')
        throw new Error(`no row named "${only}" in ${name}; rows: ${ids}`)
      }
      const wanted = new Set(specs.flatMap(({ peerName }) => peerName ?? []))
      const bench = await open(wanted)
      const measured: Row[] = []
      try {
        for (const peerName of wanted) {
          if (bench.peers.has(peerName)) continue
          progress(`${peerName} is not installed: nothing to compare with`)
        }
        for (const spec of specs) measured.push(await measure(bench, spec, rounds, progress))
      } finally {
        await bench.close()
      }
      return reportOf(name, bench.checked, measured)
    },
  }
}

async function measure(
  bench: Bench,
  spec: RowSpec,
  rounds: number,
  progress: (line: string) => void,
): Promise<Row> {
  const peer = spec.peerName === null ? undefined : bench.peers.get(spec.peerName)
  const ours: Sample[] = []
  const theirs: Sample[] = []
  for (let round = 1; round <= rounds; round++) {
    const sample = await roundOf(bench.ours, spec, progress)
    ours.push(sample)
    const other = peer && (await roundOf(peer, spec, progress))
    if (other !== undefined) theirs.push(other)
    const versus = other === undefined ? '' : `, ${peer?.name} ${shown(other.value)}`
    progress(`${spec.id} ${round}/${rounds}: ${shown(sample.value)}${versus} ${spec.unit}`)
    if (sample.detail !== undefined) progress(`  ${detailLine(sample.detail)}`)
  }
  const named = peer === undefined ? spec : { ...spec, peerName: peer.name }
  const row = judge(named, ours, peer === undefined ? null : theirs)
  if (isPeerTooSlow(spec, row.peer)) {
    const { peerWorst, unit } = spec
    progress(
      `${spec.id}: ${peer?.name} itself must reach ${peerWorst} ${unit}, or it shows nothing`,
    )
  }
  return row
}

/** A process that did not end well has shown nothing: its row fails, and the others go on. */
async function roundOf(
  side: Side,
  spec: RowSpec,
  progress: (line: string) => void,
): Promise<Sample> {
  try {
    return await side.run(spec)
  } catch (error) {
    progress(`${spec.id}: ${side.name} failed: ${error instanceof Error ? error.message : error}`)
    return { value: 0, arrived: -1 }
  }
}

function detailLine(detail: Readonly<Record<string, number>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(', ')
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 3 : 1)
}

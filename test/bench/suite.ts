/**
 * A suite: rows, and the two sides that can run them. Every round of a row is one process of ours
 * and one of the peer's, alternating, so that whatever else the machine does falls on both alike.
 */
import { judge, type Row, type RowSpec, type Sample } from './row.ts'

export type Side = {
  readonly name: string
  /** Runs one round in an OS process of its own. Rejects when it fails to end well. */
  run(row: RowSpec): Promise<Sample>
}

/** What a suite needs, made ready: compiled programs in a directory of its own. */
export type Bench = {
  readonly ours: Side
  /** Null when the peer is not installed here. */
  readonly peer: Side | null
  readonly peerName: string
  /** Whether our side's nodes check messages. */
  readonly checked: boolean
  close(): Promise<void>
}

export type Suite = {
  readonly name: string
  readonly rows: readonly RowSpec[]
  open(): Promise<Bench>
}

/** Runs `rounds` rounds of a row, alternating; `progress` hears of each. */
export async function measure(
  bench: Bench,
  spec: RowSpec,
  rounds: number,
  progress: (line: string) => void,
): Promise<Row> {
  const ours: Sample[] = []
  const peer: Sample[] = []
  for (let round = 1; round <= rounds; round++) {
    const sample = await bench.ours.run(spec)
    ours.push(sample)
    const other = await bench.peer?.run(spec)
    if (other !== undefined) peer.push(other)
    const versus = other === undefined ? '' : `, ${bench.peerName} ${other.value.toFixed(1)}`
    const shown = `${sample.value.toFixed(1)}${versus} ${spec.unit}`
    progress(`${spec.id} ${round}/${rounds}: ${shown}`)
  }
  return judge(spec, bench.peerName, ours, bench.peer === null ? null : peer)
}

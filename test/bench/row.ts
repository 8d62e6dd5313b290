/**
 * One line of a benchmark: what is compared, what was required, and the verdict on what the rounds
 * gave. Pure. A round counts only if everything it started has arrived; a row with a wrong count
 * has failed, however fast it was.
 */
import { median, spread } from './median.ts'

export type RowSpec = {
  readonly id: string
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** Ratio, ours over the peer's, below which the row fails; above 1 ours is better. */
  readonly needed: number
  /** Ratio we would like to see. */
  readonly aim: number
  /** Operations of one measured round, the same on both sides. */
  readonly operations: number
  /** Options that differ from the defaults a user gets. */
  readonly options: Readonly<Record<string, string | number | boolean>>
}

/** What one side's process reports of one round. */
export type Sample = {
  /** In the row's unit. */
  readonly value: number
  /** Operations seen to be complete. */
  readonly arrived: number
}

export type Row = Omit<RowSpec, 'operations'> & {
  readonly ours: number
  readonly peer: number | null
  readonly peerName: string
  readonly ratio: number | null
  /** Null when the peer is absent: nothing was shown. */
  readonly ok: boolean | null
  readonly rounds: number
  /** Of our rounds: (max - min) / median. */
  readonly spread: number
}

/** Ours over the peer's, above 1 when ours is better. */
export function ratioOf(better: RowSpec['better'], ours: number, peer: number): number {
  return better === 'lower' ? peer / ours : ours / peer
}

/** The verdict on a row; `peer` is null when there is none on this machine. */
export function judge(
  spec: RowSpec,
  peerName: string,
  ours: readonly Sample[],
  peer: readonly Sample[] | null,
): Row {
  const { operations, ...shown } = spec
  const values = ours.map((sample) => sample.value)
  const ourValue = median(values)
  const peerValue = peer === null ? null : median(peer.map((sample) => sample.value))
  const ratio = peerValue === null ? null : ratioOf(spec.better, ourValue, peerValue)
  const complete = [...ours, ...(peer ?? [])].every((sample) => sample.arrived === operations)
  return {
    ...shown,
    ours: round(ourValue),
    peer: peerValue === null ? null : round(peerValue),
    peerName,
    ratio: ratio === null ? null : round(ratio),
    ok: complete ? (ratio === null ? null : ratio >= spec.needed) : false,
    rounds: ours.length,
    spread: round(spread(values)),
  }
}

/** Three significant digits and no more decimals than that: what a measurement is good for. */
function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

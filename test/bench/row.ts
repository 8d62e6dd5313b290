/**
 * One line of a benchmark: what is measured, what was required, and the verdict on what the rounds
 * gave. Pure. A row with a peer is judged by the ratio of the two, a row that stands alone by its
 * own value. A round counts only if everything it started has arrived; a row with a wrong count has
 * failed, however fast it was.
 */
import { median, spread } from './median.ts'

export type RowSpec = {
  readonly id: string
  readonly name: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** Whom it is compared with; null when it stands alone. */
  readonly peerName: string | null
  /**
   * The bound beyond which the row fails: with a peer the ratio, ours over the peer's, above 1 ours
   * is better; alone a value in `unit`. Null: the row is reported, and only its counts are judged.
   */
  readonly needed: number | null
  /** What we would like to see, on the same scale. */
  readonly aim: number | null
  /**
   * The worst the peer itself may be, in `unit`: beside one that is not at its best a ratio shows
   * nothing, and the row fails.
   */
  readonly peerWorst?: number
  /** Upper bounds on what our side sees besides, by name in `detail`: every round keeps them. */
  readonly detailMax?: Readonly<Record<string, number>>
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
  /** What else was seen, by name and unit: what the value has to be read beside. */
  readonly detail?: Readonly<Record<string, number>>
}

export type Row = Omit<RowSpec, 'operations'> & {
  readonly ours: number
  readonly peer: number | null
  readonly ratio: number | null
  /** Null when the peer is absent: nothing was shown. */
  readonly ok: boolean | null
  readonly rounds: number
  /** Of our rounds: (max - min) / median. */
  readonly spread: number
  /** Medians of what our rounds saw besides. */
  readonly detail?: Readonly<Record<string, number>>
}

/** Ours over the peer's, above 1 when ours is better. */
export function ratioOf(better: RowSpec['better'], ours: number, peer: number): number {
  return better === 'lower' ? peer / ours : ours / peer
}

/** The verdict on a row; `peer` is null when it has none, or none is on this machine. */
export function judge(spec: RowSpec, ours: readonly Sample[], peer: readonly Sample[] | null): Row {
  const { operations, ...shown } = spec
  const values = ours.map((sample) => sample.value)
  const ourValue = median(values)
  const peerValue = peer === null ? null : median(peer.map((sample) => sample.value))
  const ratio = peerValue === null ? null : ratioOf(spec.better, ourValue, peerValue)
  const complete = [...ours, ...(peer ?? [])].every((sample) => sample.arrived === operations)
  const detail = detailOf(ours)
  return {
    ...shown,
    ours: round(ourValue),
    peer: peerValue === null ? null : round(peerValue),
    ratio: ratio === null ? null : round(ratio),
    ok:
      complete && keepsDetail(spec, ours) && !isPeerTooSlow(spec, peerValue)
        ? isMet(spec, ourValue, ratio)
        : false,
    rounds: ours.length,
    spread: round(spread(values)),
    ...(detail === null ? {} : { detail }),
  }
}

/** Whether the peer, as measured, is worse than it can be. */
export function isPeerTooSlow({ better, peerWorst }: RowSpec, peer: number | null): boolean {
  if (peerWorst === undefined || peer === null) return false
  return better === 'lower' ? peer > peerWorst : peer < peerWorst
}

/** What was not seen keeps no bound. */
function keepsDetail({ detailMax = {} }: RowSpec, ours: readonly Sample[]): boolean {
  return Object.entries(detailMax).every(([name, most]) =>
    ours.every(({ detail }) => (detail?.[name] ?? Number.POSITIVE_INFINITY) <= most),
  )
}

function isMet(spec: RowSpec, ours: number, ratio: number | null): boolean | null {
  const { needed, better } = spec
  if (spec.peerName !== null && ratio === null) return null
  if (needed === null) return true
  if (ratio !== null) return ratio >= needed
  return better === 'lower' ? ours <= needed : ours >= needed
}

function detailOf(samples: readonly Sample[]): Record<string, number> | null {
  const names = new Set(samples.flatMap(({ detail = {} }) => Object.keys(detail)))
  if (names.size === 0) return null
  const entries = [...names].map((name): [string, number] => {
    const values = samples.flatMap(({ detail }) => detail?.[name] ?? [])
    return [name, round(median(values))]
  })
  return Object.fromEntries(entries)
}

/** Three significant digits and no more decimals than that: what a measurement is good for. */
function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

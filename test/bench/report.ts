/** How a suite's rows are shown: a table for people, one line of JSON for tools. Pure. */
import type { Row } from './row.ts'

export type Report = {
  readonly suite: string
  /** False when a row failed; null when none did but some had no peer to compare with. */
  readonly ok: boolean | null
  /** Whether our side ran in checked mode. */
  readonly checked: boolean
  readonly rows: readonly Row[]
}

export function reportOf(suite: string, checked: boolean, rows: readonly Row[]): Report {
  const verdicts = rows.map((row) => row.ok)
  const ok = verdicts.includes(false) ? false : verdicts.includes(null) ? null : rows.length > 0
  return { suite, ok, checked, rows }
}

const head = ['row', 'ours', 'versus', 'theirs', 'ratio', 'needed', 'aim', 'spread', '']

export function tableOf({ rows }: Report): string[] {
  const lines = rows.map((row) => [
    row.id,
    `${row.ours} ${row.unit}`,
    row.peerName ?? '-',
    row.peer === null ? '-' : `${row.peer} ${row.unit}`,
    row.ratio === null ? '-' : `${row.ratio}x`,
    boundOf(row, row.needed),
    boundOf(row, row.aim),
    `${Math.round(row.spread * 100)} %`,
    row.ok === null ? 'no peer' : row.ok ? 'ok' : 'FAILED',
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  return [head, ...lines].map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** A ratio beside a peer, a value in the row's unit without one. */
function boundOf(row: Row, bound: number | null): string {
  if (bound === null) return '-'
  return row.peerName === null ? `${bound} ${row.unit}` : `${bound}x`
}

/**
 * The rows in which every paper's table is answered, and how they are shown. Their shape is stable:
 * other tools read the last line.
 */
export type PaperRow = {
  readonly metric: string
  /** At which setting: failed percent, a strategy, a size; empty when there is only one. */
  readonly at: string
  /** The paper's value; null where it has none. */
  readonly published: number | null
  /** Read off a plotted figure, and so only about right. */
  readonly plotted: boolean
  /** Measured with the paper's own rules and settings; null where that was not measured. */
  readonly paperProfile: number | null
  /** Measured with skein's defaults. */
  readonly ours: number | null
  /** What `ok` asks for, in words. */
  readonly tolerance: string
  /** Null where nothing is asked. */
  readonly ok: boolean | null
}

export type PaperResult = {
  readonly ok: boolean
  readonly paper: string
  readonly nodes: number
  readonly seeds: number
  readonly rows: readonly PaperRow[]
}

/** A run is ok when every row of which something is asked is, and there is one. */
export function paperResult(
  paper: string,
  nodes: number,
  seeds: number,
  rows: readonly PaperRow[],
): PaperResult {
  const asked = rows.filter(({ ok }) => ok !== null)
  return { ok: asked.length > 0 && asked.every(({ ok }) => ok), paper, nodes, seeds, rows }
}

/** The rows as lines of equal columns. */
export function tableOf(rows: readonly PaperRow[]): string[] {
  const head = ['metric', 'at', 'published', 'paper profile', 'ours', 'asked', 'ok']
  const cells = rows.map((row) => [
    row.metric,
    row.at,
    `${numberText(row.published)}${row.plotted ? ' ~' : ''}`,
    numberText(row.paperProfile),
    numberText(row.ours),
    row.tolerance,
    row.ok === null ? '' : row.ok ? 'yes' : 'NO',
  ])
  const all = [head, ...cells]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  return all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

function numberText(value: number | null): string {
  if (value === null) return '-'
  return `${Number(value.toPrecision(6))}`
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

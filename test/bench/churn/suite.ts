/**
 * The suite `churn`: one OS process of ours that lives through ten million spawns, calls, monitors,
 * timers and crashes with a flat heap. Nobody to compare with: bounds are in the rows' units.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '../build.ts'
import { type Report, reportOf } from '../report.ts'
import { readLastLine, runProgram } from '../sample.ts'
import type { Suite, SuiteOptions } from '../suite.ts'
import { discrepancies } from './tally.ts'
import { type ChurnReport, rowsOf } from './verdict.ts'

const defaultOperations = 10_000_000
const deadlineMs = 900_000

export const churnSuite: Suite = { name: 'churn', run }

async function run(options: SuiteOptions, progress: (line: string) => void): Promise<Report> {
  const { rounds, only, operations = defaultOperations } = options
  if (rounds !== undefined) throw new Error('--rounds means nothing to churn, which is one run')
  if (only !== undefined) throw new Error('--only means nothing to churn, whose rows are one run')
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'))
  try {
    const program = await buildProgram(new URL('./program.ts', import.meta.url), directory)
    const output = await runProgram(program, [String(operations)], {
      deadlineMs,
      progress: (text) => progress(text.trimEnd()),
    })
    // Written by our own program, a moment ago.
    const report = readLastLine(output) as ChurnReport
    for (const line of discrepancies(report.tally)) progress(line)
    return reportOf('churn', report.checked, rowsOf(report, operations))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

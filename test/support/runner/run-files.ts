/**
 * Runs many test files, a few at a time, showing each as it ends; the results come back as one
 * tally. The output of a file is shown only when it failed: the reader wants the reason, not noise.
 */
import { bundle } from './bundle.ts'
import { needsLoader } from './files.ts'
import { type FileResult, runFile } from './run-file.ts'

export type Tally = {
  readonly passed: number
  readonly failed: number
  /** Reason -> how many tests were skipped for it. */
  readonly skips: ReadonlyMap<string, number>
  /** `file: failure`, some of several lines. */
  readonly failures: readonly string[]
}

export const emptyTally: Tally = { passed: 0, failed: 0, skips: new Map(), failures: [] }

export type RunFilesOptions = {
  readonly root: string
  /** Files run at the same time. */
  readonly jobs: number
  readonly fileDeadlineMs: number
  readonly print: (line: string) => void
}

export async function runFiles(files: readonly string[], options: RunFilesOptions): Promise<Tally> {
  const queue = [...files]
  const programs = await programsOf(files, options)
  const results: FileResult[] = []
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { root, fileDeadlineMs } = options
      const program = programs.get(file)
      const result = await runFile(file, { root, deadlineMs: fileDeadlineMs, program })
      results.push(result)
      const position = `${String(results.length).padStart(3)}/${files.length}`
      options.print(`${position} ${lineOf(result)}`)
      if (result.failures.length > 0) options.print(indent(result.output))
    }
  }
  // A signal ends a process without its 'exit' event, by which the running files are ended.
  const leave = (): void => process.exit(1)
  process.once('SIGINT', leave).once('SIGTERM', leave)
  await Promise.all(Array.from({ length: options.jobs }, worker))
  process.off('SIGINT', leave).off('SIGTERM', leave)
  return results.map(tallyOf).reduce(addTallies, emptyTally)
}

/** None when one of them is broken: running it then says what is wrong, and the others run. */
async function programsOf(
  files: readonly string[],
  { root, print }: RunFilesOptions,
): Promise<ReadonlyMap<string, string>> {
  const bundled = files.filter((file) => !needsLoader(file))
  if (bundled.length < 2) return new Map()
  try {
    return await bundle(root, bundled)
  } catch (error) {
    print(`not bundled: ${error instanceof Error ? error.message : String(error)}`)
    return new Map()
  }
}

export function addTallies(one: Tally, two: Tally): Tally {
  const skips = new Map(one.skips)
  for (const [reason, count] of two.skips) skips.set(reason, (skips.get(reason) ?? 0) + count)
  return {
    passed: one.passed + two.passed,
    failed: one.failed + two.failed,
    skips,
    failures: [...one.failures, ...two.failures],
  }
}

/** The closing lines; the last one is `N passed, N failed`, which other programs read. */
export function summaryOf(tally: Tally): string[] {
  const skipped = [...tally.skips.values()].reduce((sum, count) => sum + count, 0)
  const reasons = [...tally.skips].map(([reason, count]) => `${reason} (${count})`)
  return [
    ...tally.failures.map((failure) => `failed: ${brief(failure)}`),
    `${skipped} skipped: ${reasons.join('; ') || 'none'}`,
    `${tally.passed} passed, ${tally.failed} failed`,
  ]
}

function tallyOf(result: FileResult): Tally {
  const skips = new Map<string, number>()
  for (const { reason } of result.skips) skips.set(reason, (skips.get(reason) ?? 0) + 1)
  const failures = result.failures.map((failure) => `${result.file}: ${failure}`)
  return { passed: result.passed, failed: failures.length, skips, failures }
}

function lineOf(result: FileResult): string {
  const verdict = result.failures.length === 0 ? 'ok  ' : 'FAIL'
  const skipped = result.skips.length === 0 ? '' : `, ${result.skips.length} skipped`
  const failed = result.failures.length === 0 ? '' : `, ${result.failures.length} failed`
  const counts = `${result.passed} passed${failed}${skipped}`
  return `${verdict} ${result.file}: ${counts} (${Math.round(result.tookMs)} ms)`
}

/** The whole message stands where the file ended; here its beginning is enough to find it. */
function brief(failure: string): string {
  const [first = '', ...others] = failure.split('\n')
  return others.length === 0 ? first : `${first} (and ${others.length} more lines above)`
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '      | ')
}

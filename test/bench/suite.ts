/** A suite: something `npm run bench` can run by name, and what it can be told. */
import type { Report } from './report.ts'

/** As given on the command line; undefined where nothing was said. */
export type SuiteOptions = {
  /** Rounds per side of a comparison. */
  readonly rounds: number | undefined
  /** The id of the only row wanted. */
  readonly only: string | undefined
  /** Operations of a run that is one long run. */
  readonly operations: number | undefined
}

export type Suite = {
  readonly name: string
  /** Throws for an option that means nothing to it, naming it; `progress` hears of every step. */
  run(options: SuiteOptions, progress: (line: string) => void): Promise<Report>
}

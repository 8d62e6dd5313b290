/**
 * What a run of many seeds has done so far, one line of JSON per seed, so that the same command
 * goes on where it was interrupted. A run of other seeds or of other code is another run, and one
 * that has come to its end is forgotten: nothing is ever passed off as tried that was not.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SeedResult } from './run-seed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What decides the outcome of a seed. */
const sources = ['runtime', 'stdlib', 'src', 'test/simulation']

export class Progress {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** Results of the seeds that are done. A line that was being written is as good as none. */
  read(): readonly SeedResult[] {
    return this.#lines().flatMap((line) => {
      try {
        const result: unknown = JSON.parse(line)
        return isResult(result) ? [result] : []
      } catch {
        return []
      }
    })
  }

  add(result: SeedResult): void {
    mkdirSync(dirname(this.#file), { recursive: true })
    // Begins with a newline: the line before may be torn.
    appendFileSync(this.#file, `\n${JSON.stringify(result)}`)
  }

  forget(): void {
    rmSync(this.#file, { force: true })
  }

  #lines(): readonly string[] {
    try {
      return readFileSync(this.#file, 'utf8').split('\n')
    } catch {
      return []
    }
  }
}

/** The progress of the run that `what` describes, with the code as it is now. */
export function progressOf(what: unknown): Progress {
  const hash = createHash('sha256').update(JSON.stringify(what))
  for (const folder of sources) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((each) => each.endsWith('.ts')).sort()) {
      hash.update(`${folder}/${name}`).update(readFileSync(join(root, folder, name)))
    }
  }
  const name = hash.digest('hex').slice(0, 16)
  return new Progress(join(root, 'node_modules', '.cache', 'skein', `sim-${name}.jsonl`))
}

function isResult(value: unknown): value is SeedResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seed' in value &&
    Number.isSafeInteger(value.seed) &&
    'violations' in value &&
    Array.isArray(value.violations) &&
    'faults' in value &&
    typeof value.faults === 'object'
  )
}

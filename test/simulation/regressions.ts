/**
 * Seeds that once failed, with what was wrong. The command adds a seed when it fails; whoever mends
 * the cause says what it was. What a seed draws changes with the workload, so such a seed is a
 * reminder and a likely place to look, while the proof of a fix is a test of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'

export type Regression = { readonly seed: number; readonly was: string }

const wasMaxChars = 60
const file = new URL('./regressions.json', import.meta.url)

export function regressions(): readonly Regression[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!Array.isArray(parsed) || !parsed.every(isRegression)) {
    throw new Error('regressions.json must be a list of { seed, was }')
  }
  return parsed
}

/** Adds a seed, unless it is there. */
export function keepRegression(seed: number, was: string): void {
  const known = regressions()
  if (known.some((each) => each.seed === seed)) return
  // One line of the file, as the formatter would leave it.
  const all = [...known, { seed, was: was.slice(0, wasMaxChars) }].sort((a, b) => a.seed - b.seed)
  const lines = all.map((each) => `  { "seed": ${each.seed}, "was": ${JSON.stringify(each.was)} }`)
  writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`)
}

function isRegression(value: unknown): value is Regression {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seed' in value &&
    Number.isSafeInteger(value.seed) &&
    'was' in value &&
    typeof value.was === 'string'
  )
}

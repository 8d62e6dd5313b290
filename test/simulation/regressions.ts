/**
 * Seeds that once failed, with what was wrong. The command adds a seed when it fails; whoever mends
 * the cause says what it was. What a seed draws changes with the workload, so such a seed is a
 * reminder and a likely place to look, while the proof of a fix is a test of its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { SizeRange } from './scenario.ts'

export type Regression = {
  readonly seed: number
  readonly was: string
  /** When the run had fixed it. */
  readonly size?: SizeRange
}

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
export function keepRegression({ seed, was, size }: Regression): void {
  const known = regressions()
  if (known.some((each) => each.seed === seed && each.size?.min === size?.min)) return
  const added = { seed, was: was.slice(0, wasMaxChars), ...(size === undefined ? {} : { size }) }
  // One line of the file each, as the formatter would leave it.
  const all = [...known, added].sort((a, b) => a.seed - b.seed)
  writeFileSync(file, `[\n${all.map(lineOf).join(',\n')}\n]\n`)
}

function lineOf({ seed, was, size }: Regression): string {
  const fixed = size === undefined ? '' : `, "size": { "min": ${size.min}, "max": ${size.max} }`
  return `  { "seed": ${seed}, "was": ${JSON.stringify(was)}${fixed} }`
}

function isRegression(value: unknown): value is Regression {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seed' in value &&
    Number.isSafeInteger(value.seed) &&
    'was' in value &&
    typeof value.was === 'string' &&
    (!('size' in value) || isSize(value.size))
  )
}

function isSize(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'min' in value && 'max' in value
}
